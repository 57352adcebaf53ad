"""Rules that look again and again: what they promise, on walks of a good release and of a bad one."""

from statistics import NormalDist

import numpy as np
import pytest

from edgelab.selection.sequential import (
    evidence,
    evidence_rule,
    naive_rule,
    spending_bounds,
    spending_rule,
    split_rule,
)
from edgelab.stats.intervals import accuracy_interval

INFORMATION = np.cumsum([220, 220, 220, 490, 490, 490, 730, 730, 730, 800, 800, 800])


def stopped(rule, *, worse: float = 0.0, information=INFORMATION, walks: int = 1500, seed: int = 0):
    """The share of walks that a rule stops at any look: the estimate is normal, its increments are independent."""
    gained = np.diff(information, prepend=0.0)
    noise = np.random.default_rng(seed).standard_normal((walks, len(gained)))
    difference = worse + np.cumsum(np.sqrt(gained) * noise, axis=1) / information
    error = 1 / np.sqrt(information)
    looks = range(1, len(gained) + 1)
    return accuracy_interval(np.array([any(rule(walk[:k], error[:k]) for k in looks) for walk in difference]))


def test_a_test_repeated_at_every_look_breaks_its_promise_and_the_others_keep_theirs():
    assert stopped(naive_rule(0.05)).low > 0.15
    split, spent, gathered = (
        stopped(rule) for rule in (split_rule(12, 0.05), spending_rule(INFORMATION, 0.05), evidence_rule(0.03, 0.05))
    )
    assert split.high <= 0.05 and gathered.high <= 0.05
    assert spent.low < 0.05 < spent.high  # it spends all that it may
    assert gathered.value < split.value < spent.value


@pytest.mark.parametrize("alpha", [0.01, 0.2])
def test_another_promise_is_kept_too(alpha):
    spent = stopped(spending_rule(INFORMATION, alpha), walks=1500, seed=1)
    assert spent.low < alpha < spent.high
    assert stopped(split_rule(12, alpha), seed=1).value <= spent.value
    assert stopped(evidence_rule(0.03, alpha), seed=1).high <= alpha


@pytest.mark.parametrize("harm", [0.03, 0.3])
def test_evidence_may_be_looked_at_as_often_as_one_likes(harm):
    information = np.arange(20.0, 8000, 20)
    walks = np.cumsum(np.sqrt(20) * np.random.default_rng(0).standard_normal((1000, len(information))), axis=1)
    errors = np.broadcast_to(1 / np.sqrt(information), walks.shape)
    found = evidence((walks / information).ravel(), errors.ravel(), harm).reshape(walks.shape)
    assert 0.005 < (found.max(1) >= 20).mean() <= 0.05  # ever, at 400 looks
    assert (walks > 1.645 * np.sqrt(information)).any(1).mean() > 0.3  # the plain test's


def test_what_is_honest_finds_a_bad_release_all_the_same():
    bad = {"worse": 4.5 / np.sqrt(INFORMATION[-1]), "walks": 400}
    for rule in (split_rule(12), spending_rule(INFORMATION), evidence_rule(0.05)):
        assert stopped(rule, **bad).low > 0.9
        assert stopped(rule, worse=-0.03, walks=400).value < 0.01  # one that is better is let through
    assert stopped(spending_rule(INFORMATION), worse=0.03).low > stopped(split_rule(12), worse=0.03).high


def test_one_look_is_the_plain_test_and_two_are_what_integration_gives():
    plain = NormalDist().inv_cdf(0.95)
    assert spending_bounds(np.array([7.0])) == pytest.approx([plain], abs=0.01)
    first, second = spending_bounds(np.array([1.0, 3.0]))
    assert first == pytest.approx(NormalDist().inv_cdf(0.975), abs=0.015)
    z = np.linspace(-8, NormalDist().inv_cdf(0.975), 20001)  # not stopped at the first look
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
    beyond = [1 - NormalDist().cdf((second * np.sqrt(3) - at) / np.sqrt(2)) for at in z]
    assert np.trapezoid(density * beyond, z) == pytest.approx(0.025, abs=0.0015)


def test_only_proportions_of_the_information_matter():
    np.testing.assert_allclose(spending_bounds(INFORMATION), spending_bounds(INFORMATION / 1e4))


def test_evidence_is_the_likelihood_ratio_averaged_over_harms():
    difference, error, harm = np.array([0.02, -0.01, 0.05]), np.array([0.02, 0.01, 0.012]), 0.03
    harms = np.linspace(0, 12 * harm, 200_001)
    weight = 2 * np.exp(-(harms**2) / (2 * harm**2)) / (harm * np.sqrt(2 * np.pi))
    expected = [
        np.trapezoid(weight * np.exp(harms * d / s**2 - harms**2 / (2 * s**2)), harms)
        for d, s in zip(difference, error, strict=True)
    ]
    np.testing.assert_allclose(evidence(difference, error, harm), expected, rtol=1e-5)


def test_before_anything_was_counted_nothing_is_known():
    nothing = np.zeros(1), np.zeros(1)
    assert evidence(*nothing, 0.1).tolist() == [1.0]
    for rule in (naive_rule(), split_rule(3), spending_rule(np.array([1.0])), evidence_rule(0.1)):
        assert rule(*nothing) is False


def test_what_is_beyond_a_float_still_stops():
    assert np.isfinite(evidence(np.array([50.0]), np.array([0.1]), 1.0)).all()
    assert evidence_rule(1.0)(np.array([50.0]), np.array([0.1]))
    assert not evidence_rule(1.0)(np.array([-50.0]), np.array([0.1]))


def test_the_latest_look_is_judged():
    error = np.full(2, 0.1)
    for rule in (naive_rule(), split_rule(2), spending_rule(np.array([1.0, 2.0])), evidence_rule(1.0)):
        assert rule(np.array([0.0, 1.0]), error) and not rule(np.array([1.0, 0.0]), error)


@pytest.mark.parametrize("rule", [split_rule(2), spending_rule(np.array([1.0, 2.0]))])
def test_one_look_more_than_planned_is_refused(rule):
    with pytest.raises(ValueError, match="expected at most 2 looks, found 3: alpha is spent"):
        rule(np.zeros(3), np.ones(3))


def test_plans_that_are_none():
    with pytest.raises(ValueError, match="expected a harm above 0, found 0"):
        evidence(np.zeros(1), np.ones(1), 0)
    for information in ([], [1.0, 1.0], [0.0, 1.0], [2.0, 1.0]):
        with pytest.raises(ValueError, match="expected information that rises"):
            spending_bounds(np.array(information))
    with pytest.raises(ValueError, match="alpha: expected at least 0.003 for so many looks, found 0.0001"):
        spending_bounds(INFORMATION, 0.0001)
