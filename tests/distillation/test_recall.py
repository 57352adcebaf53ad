"""Recall, and what each label is taken for."""

import numpy as np
import pytest
from sklearn.metrics import recall_score

from edgelab.distillation.recall import recall_by_label, taken_for


def test_recall_by_label_by_hand():
    gold = np.array(["a", "a", "a", "b", "c", "c"])
    predicted = np.array(["a", "a", "b", "b", "a", "a"])
    assert recall_by_label(predicted, gold) == {"a": pytest.approx(2 / 3), "b": 1.0, "c": 0.0}


def test_recall_is_sklearns():
    generator = np.random.default_rng(0)
    gold, predicted = generator.choice(list("abcd"), 200), generator.choice(list("abcde"), 200)
    expected = recall_score(gold, predicted, labels=list("abcd"), average=None)
    assert recall_by_label(predicted, gold) == pytest.approx(dict(zip("abcd", expected, strict=True)))


def test_what_a_label_is_taken_for_by_hand():
    gold = np.array(["a", "a", "a", "b", "b", "c"])
    predicted = np.array(["b", "a", "b", "c", "b", "z"])
    assert taken_for(predicted, gold) == {"a": "b", "b": "b", "c": "z"}  # of b and c the first in the alphabet
    assert taken_for(gold, gold) == {"a": "a", "b": "b", "c": "c"}
    assert taken_for(gold[:0], gold[:0]) == {}
