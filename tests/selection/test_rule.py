"""Which model ships."""

import numpy as np
import pytest

from edgelab.selection.rule import Candidate, choose, misses, smallest_clearing
from edgelab.stats.intervals import Interval


@pytest.mark.parametrize(
    ("sizes", "low", "bar", "expected"),
    [
        ([30, 10, 20], [0.99, 0.97, 0.98], 0.98, 2),
        ([30, 10, 20], [0.99, 0.98, 0.98], 0.98, 1),  # exactly at the bar clears it
        ([30, 10, 20], [0.99, 0.97, 0.98], 0.995, -1),
        ([30, 10, 20], [0.99, float("nan"), 0.90], 0.95, 0),  # what was never measured does not clear
        ([10, 10], [0.99, 0.98], 0.95, 0),  # of two alike the first
        ([], [], 0.95, -1),
    ],
)
def test_the_smallest_that_clears_the_bar(sizes, low, bar, expected):
    chosen = smallest_clearing(np.array(sizes), np.array(low), bar)
    assert chosen == expected and isinstance(chosen, int)


def test_it_is_what_a_plain_search_finds():
    rng = np.random.default_rng(0)
    for _ in range(200):
        sizes, low, bar = rng.permutation(8) + 1, rng.uniform(0.9, 1, 8), rng.uniform(0.9, 1.02)
        clearing = [i for i in range(8) if low[i] >= bar]
        assert smallest_clearing(sizes, low, bar) == (min(clearing, key=lambda i: sizes[i]) if clearing else -1)


def test_a_candidate_is_judged_by_the_lower_end_of_its_interval():
    lucky = Candidate("lucky", 100, Interval(0.99, 0.93, 1.0))
    sound = Candidate("sound", 200, Interval(0.98, 0.96, 0.99))
    large = Candidate("large", 900, Interval(1.0, 0.99, 1.0))
    assert choose([large, lucky, sound], 0.95) is sound
    assert choose([large, lucky, sound], 0.97) is large and choose([lucky], 0.95) is None and choose([], 0.5) is None


def test_a_release_bar_names_each_miss():
    card = {"accuracy": 0.93, "size_mb": 1.9, "p50_ms": 0.5}
    assert misses(card, {}) == []
    assert misses({"accuracy": float("nan")}, {"min_accuracy": 0.5}) == ["accuracy is nan, min 0.5"]
    assert misses(card, {"min_accuracy": 0.93, "max_size_mb": 1.9}) == []
    assert misses(card, {"min_accuracy": 0.95, "max_size_mb": 1, "max_p50_ms": 1}) == [
        "accuracy is 0.93, min 0.95",
        "size_mb is 1.9, max 1",
    ]


@pytest.mark.parametrize("name", ["accuracy", "min_speed", "least_accuracy", "min", "min_"])
def test_a_bar_on_nothing_known_is_refused(name):
    with pytest.raises(ValueError, match=f"expected min_ or max_ and one of accuracy, size_mb, found '{name}'"):
        misses({"size_mb": 1.0, "accuracy": 0.9}, {name: 1.0})
