"""Percentiles of raw samples within their order statistics."""

import math

import numpy as np
import pytest

from edgelab.stats.intervals import (
    Interval,
    percentile_interval,
)
from edgelab.stats.samples import LatencySamples


def test_a_percentile_lies_within_its_order_statistics():
    """Of 10 samples the median's interval runs from the 2nd to the 9th: 97.9 %, the least above 95."""
    samples = LatencySamples("x", tuple(float(i) for i in (7, 3, 9, 1, 10, 5, 2, 8, 4, 6)))
    assert samples.interval(50) == Interval(5.5, 2, 9)
    assert samples.percentile(90) == pytest.approx(9.1)


@pytest.mark.parametrize(("q", "n"), [(50, 40), (90, 100), (99, 600)])
def test_the_order_statistic_interval_covers_the_true_percentile(q, n):
    """Of log-normal latencies, whose percentiles are known, 95 times in 100 or a little more."""
    rng = np.random.default_rng(q)
    truth = math.exp({50: 0.0, 90: 1.2815515655, 99: 2.3263478740}[q])
    held = 0
    for _ in range(600):
        interval = LatencySamples("x", tuple(rng.lognormal(size=n))).interval(q)
        held += interval.low <= truth <= interval.high
    assert 0.93 <= held / 600 <= 0.995


def test_too_few_samples_give_no_upper_bound_rather_than_a_wrong_one():
    """All 100 samples lie below the true p99 with probability 0.99^100 = 37 %: their maximum bounds nothing."""
    rng = np.random.default_rng(0)
    assert LatencySamples("x", tuple(rng.lognormal(size=100))).interval(99).high == math.inf
    assert LatencySamples("x", tuple(rng.lognormal(size=367))).interval(99).high == math.inf
    assert LatencySamples("x", tuple(rng.lognormal(size=368))).interval(99).high < math.inf
    assert LatencySamples("x", (3.0,)).interval(50) == Interval(3, 0, math.inf)


def test_the_interval_of_a_plain_list_is_the_same():
    values = np.random.default_rng(0).lognormal(size=500)
    assert percentile_interval(values, 90) == LatencySamples("x", tuple(values)).interval(90)
