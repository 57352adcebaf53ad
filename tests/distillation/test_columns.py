"""Columns put in the order of our labels."""

import numpy as np
import pandas as pd
import pytest

from edgelab.distillation.columns import in_our_order


def test_columns_go_by_their_names_as_in_a_table():
    logits, theirs = np.random.default_rng(0).normal(size=(4, 5)), ["c", "e", "a", "d", "b"]
    for ours in (("a", "b", "c", "d", "e"), ("d", "a"), ("c", "e", "a", "d", "b")):
        expected = pd.DataFrame(logits, columns=theirs)[list(ours)].to_numpy()
        assert np.array_equal(in_our_order(logits, theirs, ours), expected)
        assert np.array_equal(in_our_order(logits, tuple(theirs), ours), expected)


def test_a_label_without_a_column_is_refused():
    with pytest.raises(ValueError, match="expected a column for z, found a, b"):
        in_our_order(np.zeros((2, 2)), ["a", "b"], ["a", "z"])
