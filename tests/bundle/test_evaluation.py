"""How good a bundle is on labelled texts, by label and by slots."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.bundle.evaluation import calls_right, evaluate
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span, exact_match, parse_marked
from edgelab.stats.intervals import accuracy_interval
from tests.small_bundles import GATHERED, INTENT, model


def test_evaluating_counts_by_label_and_tells_labels_never_learned(bundle, tiny):
    train = tiny.train
    known = bundle.predict(train.texts[0]).label
    split = Split((*train.texts, train.texts[0], train.texts[0]), (*train.labels, "new", "new"), (*train.spans, (), ()))
    result = evaluate(bundle, split)
    assert result.unknown_labels == {"new": 2} and result.per_label["new"] == (0, 2) and known != "new"
    assert {label: total for label, (_, total) in result.per_label.items()} == {
        "new": 2,
        **dict.fromkeys(tiny.labels, 12),
    }
    assert sum(right for right, _ in result.per_label.values()) == result.correct.sum() >= 30
    assert result.accuracy == accuracy_interval(result.correct) and len(result.correct) == 38
    assert result.confidence.tolist() == [bundle.predict(text).confidence for text in split.texts]


def test_slots_are_right_only_if_all_are_whatever_the_label(bundle, tiny):
    predictions = [bundle.predict(text) for text in tiny.train.texts]
    right = [exact_match(p.text, p.spans, gold) for p, gold in zip(predictions, tiny.train.spans, strict=True)]
    assert evaluate(bundle, tiny.train).slot_exact_match == accuracy_interval(np.array(right)) and np.mean(right) > 0.5
    wrong = replace(tiny.train, spans=((Span(0, 1, "time"),),) * 36)
    assert evaluate(bundle, wrong).slot_exact_match.value == 0
    assert evaluate(bundle, replace(tiny.train, spans=None)).slot_exact_match is None


def test_a_model_without_a_slot_head_is_not_judged_on_slots_and_makes_the_calls_that_need_none(damaged, tiny):
    static = Bundle.load(damaged(made=model(nodes=GATHERED[:2], outputs=(INTENT,))))
    assert static.predict("play queen").slots == {} and static.logits("play queen")[1] is None
    assert evaluate(static, tiny.test).slot_exact_match is None
    result = evaluate(
        static, split(("play [queen](artist)", "play_music"), ("play", "play_music"), ("why", "ask_cloud"))
    )
    assert result.correct.all() and result.calls.tolist() == [False, True, True]


def split(*rows: tuple[str, str]) -> Split:
    """Utterances in bracket notation, each with its label."""
    texts, spans = zip(*(parse_marked(marked) for marked, _ in rows), strict=True)
    return Split(texts, tuple(label for _, label in rows), spans)


CALLS = [  # what is asked, which label is due, and whether the bundle makes the call: it marks each `queen` and `seven`
    ("play [queen](artist)", "play_music", True),
    ("wake [seven](time)", "set_alarm", True),
    ("play queen", "play_music", False),  # a slot too many
    ("[play](artist) [queen](artist)", "play_music", False),  # one too few
    ("play [queen](time)", "play_music", False),  # of another name
    ("[play queen](artist)", "play_music", False),  # of another value
    ("play [queen](artist)", "set_alarm", False),  # another label, its slots right
    ("play [queen](artist)", "never learned", False),
    ("play [queen](artist) [queen](artist)", "play_music", True),  # the same value twice
    ("play [queen](artist) queen", "play_music", False),
    ("why", "ask_cloud", True),
    ("why queen", "ask_cloud", True),  # a label without slots: what looks like one does not count
    ("why [queen](artist)", "ask_cloud", False),
    ("why play seven", "play_music", False),
]


def test_a_call_is_right_if_its_label_and_every_slot_are(damaged):
    examples = split(*((marked, label) for marked, label, _ in CALLS))
    result = evaluate(Bundle.load(damaged()), examples)
    assert result.calls.tolist() == [right for *_, right in CALLS]
    assert result.call_exact_match == accuracy_interval(result.calls)
    assert not (result.calls & ~result.correct).any() and result.accuracy.value > result.call_exact_match.value


def test_without_slots_the_call_is_the_label(bundle, tiny):
    result = evaluate(bundle, replace(tiny.train, spans=None))
    assert result.call_exact_match is result.calls is None
    assert calls_right(result.correct, None) is result.correct


@pytest.mark.usefixtures("at_home")
def test_a_trained_model_and_its_bundle_make_the_same_calls(bundle, tiny, tiny_student):
    assert np.array_equal(evaluate(bundle, tiny.test).calls, tiny_student.calls_correct())
    unmarked = replace(tiny_student, dataset=replace(tiny, test=replace(tiny.test, spans=None)))
    assert np.array_equal(unmarked.calls_correct(), tiny_student.correct())
