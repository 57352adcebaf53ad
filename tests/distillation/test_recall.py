"""Recall, label by label."""

import numpy as np
import pytest

from edgelab.distillation.recall import recall_by_label


def test_recall_by_label_by_hand():
    gold = np.array(["a", "a", "a", "b", "c", "c"])
    predicted = np.array(["a", "a", "b", "b", "a", "a"])
    assert recall_by_label(predicted, gold) == {"a": pytest.approx(2 / 3), "b": 1.0, "c": 0.0}
