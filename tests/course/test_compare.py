"""How answers differ, in words."""

import numpy as np
import pytest

from edgelab.course.compare import difference, show


def test_differences():
    assert not difference({"a": (1, [True, "x", None])}, {"a": [1, (True, "x", None)]})
    assert difference({"a": [1, 2]}, {"a": [1, 3]}) == "at 'a': at 1: the values differ by up to 1"
    assert difference([1], [1, 2]) == "expected a list of 2, got one of 1"
    assert difference({"b": 1}, {"a": 1}) == "expected the keys ['a'], got ['b']"
    assert difference(np.array([0, 1]), np.array([False, True])) == "expected values of type bool, got int64"
    assert difference(1, True) == "expected True or False, got a number"
    assert not difference(np.float32(2.0), 2.0) and not difference(2, 2.0)
    with pytest.raises(TypeError, match="checks cannot compare"):
        difference(object(), object())
    assert show(np.zeros((64, 150))) == "an array of shape (64, 150)"
    assert show("caf\u00e9") == "'caf\\xe9'" and len(show("x" * 999)) == 160
