"""Areas against scikit-learn and by hand, bounds against scipy, promises by simulation."""

import numpy as np
import pytest
from scipy import stats

from edgelab.routing.thresholds import (
    allowed_each_time,
    allowed_on_average,
    aurc,
    conformal_threshold,
    joint_error,
    kept_error,
    recall,
    threshold_allowing,
)


def population(n, seed=0, ties=False):
    """Scores and whether the local answer is wrong: about one in eight, rarer where the score is high."""
    rng = np.random.default_rng(seed)
    score = rng.integers(40, size=n) / 40 if ties else rng.random(n)
    return score, rng.random(n) < 0.3 * (1 - score) ** 1.5


# --- areas --------------------------------------------------------------------------------------


def test_aurc_by_hand():
    """Surest first: right, wrong, right, wrong; errors 0, 1/2, 1/3, 1/2."""
    assert aurc([4, 3, 2, 1], [0, 1, 0, 1]) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert aurc([1, 1, 1, 1], [0, 1, 0, 1]) == pytest.approx(0.5)


def test_aurc_of_ties_is_the_mean_over_their_orders():
    score, wrong = population(60, ties=True)
    drawn = [aurc(score + 1e-9 * np.random.default_rng(s).random(60), wrong) for s in range(3000)]
    assert aurc(score, wrong) == pytest.approx(np.mean(drawn), abs=3 * np.std(drawn) / np.sqrt(3000))


def test_aurc_by_its_definition():
    score, wrong = population(300)
    order = np.argsort(-score)
    assert aurc(score, wrong) == pytest.approx(np.mean([wrong[order[:k]].mean() for k in range(1, 301)]))


def test_recall():
    assert recall([1, 0, 1, 0], [1, 1, 0, 0]) == 0.5 and np.isnan(recall([1], [0]))


# --- bounds -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("n", "alpha", "expected"), [(99, 0.05, 4), (100, 0.05, 4), (435, 0.02, 7), (10, 0.05, -1)])
def test_errors_allowed_on_average(n, alpha, expected):
    assert allowed_on_average(n, alpha) == expected
    assert (expected + 1) / (n + 1) <= alpha < (expected + 2) / (n + 1) or expected == -1


@pytest.mark.parametrize("n", [10, 59, 100, 435])
@pytest.mark.parametrize("alpha", [0.02, 0.05])
def test_errors_allowed_each_time_against_scipy(n, alpha):
    fine = [e for e in range(n) if stats.binom.cdf(e, n, alpha) <= 0.05]
    allowed = allowed_each_time(n, alpha)
    assert allowed == max(fine, default=-1) <= allowed_on_average(n, alpha)
    if allowed >= 0:
        assert clopper_pearson(allowed, n) <= alpha < clopper_pearson(allowed + 1, n)


def clopper_pearson(errors: int, n: int) -> float:
    """The upper bound at 95 %: that of scipy's two-sided interval at 90 %."""
    return stats.binomtest(errors, n).proportion_ci(0.9, method="exact").high


def test_no_error_in_thirty_requests_is_no_proof():
    """The rule of three: 1 - .05**(1/n), near 3/n, so 5 % takes 59."""
    assert allowed_each_time(58, 0.05) == -1 and allowed_each_time(59, 0.05) == 0


# --- thresholds ---------------------------------------------------------------------------------


def test_a_threshold_by_hand():
    score, wrong = np.array([0.1, 0.2, 0.3, 0.4, 0.5]), np.array([True, True, False, True, False])
    assert threshold_allowing(score, wrong, 0) == 0.5
    assert threshold_allowing(score, wrong, 1) == 0.3
    assert threshold_allowing(score, wrong, 2) == 0.2
    assert threshold_allowing(score, wrong, 3) == -np.inf and threshold_allowing(score, wrong, -1) == np.inf
    assert threshold_allowing(np.array([0.9, 0.1]), np.array([True, False]), 0) == np.inf
    assert joint_error(score, wrong, 0.2) == 0.4 and kept_error(score, wrong, 0.2) == 0.5
    assert np.isnan(kept_error(score, wrong, 1))


@pytest.mark.parametrize("ties", [False, True])
def test_a_threshold_keeps_no_more_errors_than_allowed_and_no_fewer_requests_than_it_must(ties):
    score, wrong = population(200, seed=3, ties=ties)
    for allowed in range(int(wrong.sum()) + 1):
        t = threshold_allowing(score, wrong, allowed)
        assert (wrong & (score >= t)).sum() <= allowed
        lower = score[score < t]
        if len(lower):
            assert (wrong & (score >= lower.max())).sum() > allowed


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("alpha", [0.02, 0.05])
def test_what_both_promise(alpha, ties):
    """Conformal: the mean over calibration sets, not each of them. Clopper-Pearson: all but one in twenty."""
    score, wrong = population(400_000, seed=7, ties=ties)
    rng = np.random.default_rng(0)
    average, each = [], []
    for _ in range(1000):
        chosen = rng.integers(len(score), size=300)
        average.append(conformal_threshold(score[chosen], wrong[chosen], alpha))
        each.append(threshold_allowing(score[chosen], wrong[chosen], allowed_each_time(300, alpha)))
    thresholds = np.unique(average + each)
    risk = {t: joint_error(score, wrong, t) for t in thresholds}
    mean = np.array([risk[t] for t in average])
    assert mean.mean() <= alpha + 2 * mean.std() / np.sqrt(len(mean))
    assert 0.25 < np.mean(mean > alpha) < 0.65 or ties
    assert np.mean([risk[t] > alpha for t in each]) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / 1000)
