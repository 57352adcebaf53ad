"""What a data set knows of itself."""

from dataclasses import replace

from edgelab.datasets.dataset import SPLITS, Dataset, Split, assemble, joined
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


def test_unlabelled_texts_are_part_of_the_fingerprint_and_can_be_set_aside(tiny):
    given = [
        replace(tiny, unlabelled=lines) for lines in (("play abba",), ("play abba", "stop"), ("stop", "play abba"))
    ]
    assert len({tiny.fingerprint, *(data.fingerprint for data in given)}) == 4
    assert all(data.labelled == tiny and data.labelled.fingerprint == tiny.fingerprint for data in given)
    assert tiny.unlabelled == () and tiny.labelled == tiny


def test_what_is_held_out_is_all_but_train(tiny):
    assert tiny.held_out == (tiny.validation, tiny.test, tiny.extra["hard"])


def test_data_without_any_slot_has_no_spans(tiny):
    splits = {name: replace(getattr(tiny, name), spans=((),) * len(getattr(tiny, name))) for name in SPLITS}
    assert {part.spans for part in assemble("x", splits).held_out} == {None}
    assert assemble("x", splits | {"train": tiny.train}).test.spans == ((),) * 9  # some split has slots


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
