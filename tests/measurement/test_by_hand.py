"""What 05 writes by hand, against the library and against scipy."""

import math

import numpy as np
import pytest
from scipy.stats import binom

from edgelab.measurement.by_hand import fair_ratio, found_share, percentile_bounds, time_round, told_apart
from edgelab.measurement.comparison import Comparison, power, round_ratios, spread
from edgelab.measurement.moody import Machine
from edgelab.stats.intervals import percentile_interval


@pytest.mark.parametrize("n", [1, 5, 6, 40, 367, 368, 1000])
@pytest.mark.parametrize("q", [1, 10, 50, 90, 99])
def test_the_bounds_are_the_librarys_and_scipys(n, q):
    values = np.random.default_rng(n).lognormal(size=n)
    bounds, interval = percentile_bounds(values, q), percentile_interval(values, q)
    assert bounds == (interval.low, interval.high)
    fewest, most = (int(binom.ppf(tail, n, q / 100)) for tail in (0.025, 0.975))
    ends = [0.0, *np.sort(values), math.inf]
    assert bounds == (ends[fewest], ends[most + 1])


def test_a_round_is_the_librarys():
    """The same machine twice: the latencies of A B B A as samples, and as the round times them."""
    machine, again = (Machine(3, stall=0.1, warming=0.01) for _ in range(2))
    found = time_round(machine.model("A", 1.0), machine.model("B", 1.2), ["t"] * 5, machine.clock())
    taken = {"A": [], "B": []}
    for name in "ABBA":
        for _ in range(5):
            begin = again.now_ms
            again.work(name, "t", {"A": 1.0, "B": 1.2}[name], 0.0)
            taken[name].append(again.now_ms - begin)
    assert found == pytest.approx(round_ratios(taken["A"], taken["B"], 5)[0])


def test_the_verdict_is_the_librarys():
    rng = np.random.default_rng(0)
    for shift in (-0.1, -0.02, 0, 0.02, 0.1):
        for rounds in (3, 5, 6, 20, 81):
            ratios = np.exp(rng.normal(shift, 0.05, rounds))
            assert told_apart(ratios) == Comparison("a", "b", tuple(ratios)).verdict


@pytest.mark.parametrize("effect", [0.04, -0.04])
def test_what_is_found_is_what_the_formula_says(effect):
    pilot = 1.1 * np.exp(np.random.default_rng(1).normal(0, 0.08, 2000))
    drawn = np.random.default_rng(2).integers(2000, size=(1000, 81))
    assert found_share(pilot, effect, drawn) == pytest.approx(power(spread(pilot), effect, 81), abs=0.06)
    assert found_share(pilot, 1e-9, drawn) < 0.05


def test_like_with_like_by_hand():
    device, reference = np.array([2.0, 30.0, 6.0, 4.0]), np.array([1.0, 1.0, 2.0, 1.0])
    here, there = np.array([[9, 0], [0, 5], [3, 1], [7, 0]]), np.array([[8, 0], [5, 0], [2, 2], [7, 1]])
    assert fair_ratio(device, reference, here, there) == 2.5  # of 2 and 3: the others ran on other units
    assert fair_ratio(device[1:2], reference[1:2], here[1:2], there[1:2]) is None
