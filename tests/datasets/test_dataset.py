"""What a data set knows of itself."""

from edgelab.datasets.dataset import Dataset, Split, joined
from edgelab.datasets.slots import Span


def test_the_fingerprint_follows_every_text_label_and_span_of_every_split(tiny):
    first = tiny.train
    changed = [
        Split(("other", *first.texts[1:]), first.labels, first.spans),
        Split(first.texts, (*first.labels[:-1], "set_alarm"), first.spans),
        Split(first.texts, first.labels, (*first.spans[:-1], (Span(0, 1, "time"),))),
        Split(first.texts, first.labels, None),
    ]
    prints = {tiny.fingerprint}
    for split in changed:
        for where in ("train", "validation", "test"):
            parts = {"train": tiny.train, "validation": tiny.validation, "test": tiny.test} | {where: split}
            prints.add(Dataset("tiny", **parts, labels=tiny.labels).fingerprint)
        prints.add(
            Dataset("tiny", tiny.train, tiny.validation, tiny.test, tiny.labels, extra={"hard": split}).fingerprint
        )
    assert len(prints) == 1 + 4 * 4


def test_where_keeps_what_is_chosen_in_step(tiny):
    kept = tiny.train.where(lambda i: tiny.train.labels[i] == "set_alarm")
    assert set(kept.labels) == {"set_alarm"} and len(kept) == len(kept.texts) == len(kept.spans) == 12
    assert [kept.texts[0][s.start : s.end] for s in kept.spans[0]] == ["seven"]
    assert Split(("a", "b"), ("x", "y")).where(lambda i: i == 1) == Split(("b",), ("y",))


def test_label_ids_count_in_the_order_of_the_labels(tiny):
    ids = tiny.label_ids(tiny.validation)
    assert tuple(tiny.labels[i] for i in ids) == tiny.validation.labels and set(ids) == {0, 1, 2}


def test_joined_splits_keep_every_example_in_order(tiny):
    whole = joined([tiny.train, tiny.test])
    assert whole.texts == tiny.train.texts + tiny.test.texts and whole.labels == tiny.train.labels + tiny.test.labels
    assert whole.spans == tiny.train.spans + tiny.test.spans
    assert joined([Split(("a",), ("x",)), Split(("b",), ("y",))]) == Split(("a", "b"), ("x", "y"))
