"""What `00_start_here` writes, against independent implementations."""

import numpy as np
import pytest
from scipy import stats

from edgelab.course.by_hand import RUNS_WHERE, days_met, examples_needed, paired_draws, plausible
from edgelab.course.checks import misplaced
from edgelab.stats.bootstrap import paired_difference


@pytest.mark.parametrize("right, examples", [(0, 12), (12, 12), (7, 12), (380, 400), (2890, 3000)])
def test_the_plausible_shares_are_wilsons_interval(right, examples):
    grid = np.linspace(0, 1, 100_001)
    kept = grid[plausible(grid, right, examples)]
    interval = stats.binomtest(right, examples).proportion_ci(method="wilson")
    assert kept.min() == pytest.approx(interval.low, abs=2e-5) and kept.max() == pytest.approx(interval.high, abs=2e-5)
    assert np.ptp(kept) == pytest.approx(1e-5 * (len(kept) - 1))  # no gap


def test_the_paired_draws_are_the_librarys_bootstrap():
    rng = np.random.default_rng(0)
    a = rng.random(500) < 0.9
    b = np.where(rng.random(500) < 0.8, a, rng.random(500) < 0.7)
    low, high = np.percentile(paired_draws(a, b, rng.integers(500, size=(4000, 500))), [2.5, 97.5])
    library = paired_difference(a, b)
    assert (low, high) == pytest.approx((library.low, library.high), abs=0.005)


def test_the_days_met_are_those_of_the_binomial():
    for percentile, requests in ((99, 100), (90, 5), (99.9, 1000)):
        assert days_met(percentile, requests) == pytest.approx(stats.binom.sf(0, requests, 1 - percentile / 100))
    assert round(days_met(99, 100), 3) == 0.634


@pytest.mark.parametrize("share, promise", [(0.93, 0.9), (1.0, 0.9), (0.61, 0.5)])
def test_the_examples_needed_are_the_first_that_tell(share, promise):
    needed = examples_needed(share, promise)
    assert needed == np.ceil(1.96**2 * promise * (1 - promise) / (share - promise) ** 2)


def test_a_border_says_which_request_is_misplaced_and_why():
    assert misplaced(RUNS_WHERE) == []
    request = "what do my blood test results mean"
    assert misplaced(RUNS_WHERE | {request: "cloud"}) == [
        f"{request!r}: no tool does it, and what is in it is personal"
    ]
    assert misplaced(RUNS_WHERE | {"order a pizza": "device"}) == ["not one of the requests: 'order a pizza'"]
    assert misplaced({request: "cloud"}) == ["left out: 'wake me at quarter past six'"]
    for odd in ("Device", 3, ["device"], None):
        assert misplaced(RUNS_WHERE | {request: odd}) == [
            f"expected one of 'device', 'cloud', 'ask first', got {odd!r}"
        ]
