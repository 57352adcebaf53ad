"""The Pareto front."""

import numpy as np
import pytest

from edgelab.selection.pareto import pareto_front

UP, DOWN = True, False


@pytest.mark.parametrize(
    ("values", "larger", "expected"),
    [
        ([[0.9, 1], [0.95, 3], [0.94, 5]], [UP, DOWN], [1, 1, 0]),
        ([[0.9, 1], [0.9, 1], [0.8, 1]], [UP, DOWN], [1, 1, 0]),  # alike in everything: both
        ([[0.9, 1], [0.9, 2]], [UP, DOWN], [1, 0]),  # as good in one, better in the other
        ([[0.9, np.nan], [0.8, 2]], [UP, DOWN], [0, 1]),  # not measured: neither on it nor in the way
        ([[3], [5], [4]], [UP], [0, 1, 0]),
        ([[3], [5], [4]], [DOWN], [1, 0, 0]),
        (np.empty((0, 2)), [UP, DOWN], []),
    ],
)
def test_no_other_is_better(values, larger, expected):
    assert pareto_front(np.array(values), np.array(larger)).tolist() == [bool(e) for e in expected]


def test_it_is_what_the_definition_says():
    generator = np.random.default_rng(0)
    for _ in range(50):
        values, larger = generator.integers(4, size=(12, 3)), generator.integers(2, size=3).astype(bool)
        good = np.where(larger, values, -values)
        beaten = [any((o >= g).all() and (o > g).any() for o in good) for g in good]
        assert (pareto_front(values, larger) == ~np.array(beaten)).all()


def test_a_direction_for_each_measure():
    with pytest.raises(ValueError, match=r"a direction a measure, found \(2, 2\), \(1,\)"):
        pareto_front(np.zeros((2, 2)), np.array([UP]))
