"""Randomized response: how often the truth is told, what that hides, and the share that it still tells."""

import math

import numpy as np
import pytest

from edgelab.privacy.randomized import (
    epsilon_of,
    estimate_shares,
    randomized_choice,
    randomized_response,
    truth_probability,
    unbiased_share,
)
from edgelab.stats.binomial import binomial_bounds


@pytest.mark.parametrize("categories", [2, 3, 8])
@pytest.mark.parametrize("epsilon", [1e-6, 0.1, 1, math.log(3), 5])
def test_epsilon_is_how_much_likelier_its_own_truth_makes_an_answer(epsilon, categories):
    p = truth_probability(epsilon, categories)
    lie = (1 - p) / (categories - 1)
    assert math.log(p / lie) == pytest.approx(epsilon) == epsilon_of(p, categories)
    assert p + (categories - 1) * lie == pytest.approx(1)


def test_a_known_case():
    """Warner's coin: three truths in four are epsilon ln 3."""
    assert truth_probability(math.log(3)) == pytest.approx(0.75)
    assert truth_probability(1000) == 1 and epsilon_of(0.75) == pytest.approx(math.log(3))


@pytest.mark.parametrize("epsilon", [0, -1, math.nan, math.inf])
def test_what_hides_nothing_or_is_none_is_refused(epsilon):
    with pytest.raises(ValueError, match="positive epsilon"):
        truth_probability(epsilon)
    with pytest.raises(ValueError, match="two answers"):
        truth_probability(1, 1)


@pytest.mark.parametrize(
    ("probability", "categories"), [(1, 2), (0.5, 2), (0.4, 2), (0.25, 4), (0.9, 1), (math.nan, 2)]
)
def test_a_probability_that_is_none_of_randomized_response_is_refused(probability, categories):
    with pytest.raises(ValueError, match="expected a probability"):
        epsilon_of(probability, categories)


def test_the_draw_decides_and_the_truth_stays_as_it_is():
    truth = np.array([True, True, False, False])
    p = truth_probability(1)
    draws = np.array([0.0, p, np.nextafter(p, 0), 0.999])
    assert randomized_response(truth, 1, draws).tolist() == [True, False, False, True]
    assert truth.tolist() == [True, True, False, False]
    assert randomized_response(np.array([], dtype=bool), 1, np.array([])).shape == (0,)


def test_of_several_answers_each_lie_is_as_frequent():
    p = truth_probability(1, 4)
    draws = (np.arange(30_000) + 0.5) / 30_000
    told = np.bincount(randomized_choice(np.full(30_000, 3), 4, 1, draws), minlength=4) / 30_000
    assert told == pytest.approx([(1 - p) / 3] * 3 + [p], abs=1e-3)
    assert randomized_choice(np.array([1]), 2, 1, np.array([np.nextafter(1, 0)])).tolist() == [0]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_estimate_is_right_on_average_and_not_cut_off(share):
    """With as many lies as expected it is the share, exactly; of one report it lies outside of 0 to 1."""
    p, n = truth_probability(math.log(3)), 4000
    yes = round(share * n)
    reports = np.arange(n) < round(yes * p + (n - yes) * (1 - p))
    assert unbiased_share(reports, math.log(3)) == pytest.approx(share)
    assert unbiased_share(np.array([False]), math.log(3)) == pytest.approx(-0.5)
    with pytest.raises(ValueError, match="at least one report"):
        unbiased_share(np.array([], dtype=bool), 1)


@pytest.mark.parametrize(("shares", "epsilon"), [([0.9, 0.1], 1.0), ([0.99, 0.01], 0.5), ([0.5, 0.3, 0.15, 0.05], 2.0)])
def test_200_fleets_estimates_are_right_on_average_and_intervals_hold_the_truth(shares, epsilon):
    generator, k, devices, hits = np.random.default_rng(4), len(shares), 400, np.zeros(len(shares), int)
    values = []
    for _ in range(200):
        truth = generator.choice(k, devices, p=shares)
        found = estimate_shares(randomized_choice(truth, k, epsilon, generator.random(devices)), k, epsilon)
        values.append([f.value for f in found])
        hits += [f.low <= share <= f.high for f, share in zip(found, shares, strict=True)]
    error = np.std(values, 0, ddof=1) / np.sqrt(200)
    assert (abs(np.mean(values, 0) - shares) < 3 * error).all()
    low, high = binomial_bounds(200, 0.95)
    assert (hits >= low - 2).all() and (hits <= high + 2).all()  # of a few answers at once


def test_two_answers_are_the_binary_case():
    reports = np.array([True, False, True, True])
    no, yes = estimate_shares(reports, 2, 1.0)
    assert yes.value == pytest.approx(unbiased_share(reports, 1.0)) and no.value + yes.value == pytest.approx(1)
    assert yes.low < yes.value < yes.high
