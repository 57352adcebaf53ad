"""The binomial distribution against exact fractions and scipy."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom

from edgelab.stats.binomial import binomial_bounds, binomial_cumulative


def test_binomial_bounds_by_hand():
    """n = 10, p = 1/2, of 1024: P(<= 1) = 11, P(<= 2) = 56 >= 25.6; P(<= 7) = 968, P(<= 8) = 1013 >= 998.4."""
    assert binomial_bounds(10, 0.5) == (2, 8)
    assert binomial_bounds(1, 0.5) == (0, 1)


@pytest.mark.parametrize(("n", "p"), [(6, 0.5), (50, 0.9), (200, 0.99), (367, 0.99), (368, 0.99), (1000, 0.5)])
def test_binomial_bounds_are_exact(n, p):
    exact = Fraction(p)
    mass = [math.comb(n, k) * exact**k * (1 - exact) ** (n - k) for k in range(n + 1)]
    cumulative = list(itertools.accumulate(mass))
    expected = tuple(
        next(k for k, c in enumerate(cumulative) if c >= level) for level in (Fraction("0.025"), Fraction("0.975"))
    )
    assert binomial_bounds(n, p) == expected


def test_binomial_bounds_stand_many_samples():
    low, high = binomial_bounds(100_000, 0.5)
    assert (low, high) == (pytest.approx(50_000 - 310, abs=1), pytest.approx(50_000 + 310, abs=1))  # z sqrt(n) / 2


@pytest.mark.parametrize(("n", "p"), [(7, 0.3), (64, 0.1), (5000, 0.99)])
def test_the_cumulative_binomial_is_scipys(n, p):
    from scipy.stats import binom

    assert binomial_cumulative(n, p) == pytest.approx(binom.cdf(np.arange(n + 1), n, p), abs=1e-10)


@pytest.mark.parametrize("p", [0, 1e-300, 1e-9, 0.05, 0.5, 0.99, 1 - 1e-15, 1, 0.0, 1.0])
@pytest.mark.parametrize("n", [0, 1, 20, 3000])
def test_the_binomial_is_scipys_also_where_nothing_or_all_is_certain(n, p):
    cumulative = binomial_cumulative(n, p)
    assert cumulative.shape == (n + 1,)
    assert np.allclose(cumulative, binom.cdf(np.arange(n + 1), n, p), rtol=1e-9, atol=1e-12)


def test_a_certain_count_has_no_width():
    assert binomial_bounds(20, 0) == (0, 0) and binomial_bounds(20, 1) == (20, 20)
