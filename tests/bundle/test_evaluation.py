"""How good a bundle is on labelled texts, by label and by slots."""

from dataclasses import replace

import numpy as np

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span, exact_match
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


def test_a_model_without_a_slot_head_is_not_judged_on_slots(damaged, tiny):
    static = Bundle.load(damaged(made=model(nodes=GATHERED[:2], outputs=(INTENT,))))
    assert static.predict("play queen").slots == {} and static.logits("play queen")[1] is None
    assert evaluate(static, tiny.test).slot_exact_match is None
