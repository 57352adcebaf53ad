"""Intervals against published and hand-computed values, coverage by simulation."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from edgelab.stats.bootstrap import paired_ratio
from edgelab.stats.intervals import (
    Z95,
    Interval,
    accuracy_interval,
    early_stopping_estimate,
    retention_interval,
)
from tests.right_answers import answers, scores


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),  # Newcombe 1998, Statistics in Medicine 17, table I, method 3
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0000, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_as_published(right, total, low, high):
    interval = accuracy_interval(answers(right, total))
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize(("right", "total"), [(1, 3), (7, 10), (93, 100), (0, 5), (5, 5), (4321, 4500)])
def test_wilson_ends_solve_the_equation_that_defines_them(right, total):
    """An end e is where (p - e)^2 = z^2 e (1 - e) / n."""
    interval = accuracy_interval(answers(right, total))
    p = right / total
    assert interval.value == pytest.approx(p)
    for end in (interval.low, interval.high):
        assert (p - end) ** 2 == pytest.approx(Z95**2 * end * (1 - end) / total, abs=1e-12)
    assert interval.low < interval.high


def test_an_interval_holds_its_value_and_stays_within_0_and_1():
    for right, total in ((r, n) for n in range(1, 200) for r in (0, n // 2, n)):
        interval = accuracy_interval(answers(right, total))
        assert 0 <= interval.low <= interval.value <= interval.high <= 1


def test_wilson_covers_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    for p in (0.5, 0.93):
        intervals = [accuracy_interval(scores(rng, 400, p)) for _ in range(1000)]
        assert np.mean([i.low <= p <= i.high for i in intervals]) == pytest.approx(0.95, abs=0.02)


def test_no_examples_have_no_accuracy():
    with pytest.raises(ValueError, match="at least one example"):
        accuracy_interval(np.array([], dtype=bool))


def test_an_interval_prints_itself():
    interval = Interval(0.5, 0.25, 0.75)
    assert f"{interval}" == "0.500 [0.250, 0.750]" and f"{interval:.1%}" == "50.0% [25.0%, 75.0%]"


def pair_of(both: int, student: int, teacher: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Right answers of a student and its teacher, from how often both, one or neither was right."""
    counts = (both, student, teacher, neither)
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


@pytest.mark.parametrize(("lost", "n"), [(0, 1), (0, 20), (3, 20), (19, 20), (20, 20), (50, 3000)])
def test_against_a_teacher_that_is_always_right_it_is_wilsons(lost, n):
    student, teacher = pair_of(n - lost, 0, lost, 0)
    found, wilson = retention_interval(student, teacher), accuracy_interval(student)
    assert found.value == wilson.value and found.low == pytest.approx(wilson.low, abs=1e-6)


@pytest.mark.parametrize("counts", [(59, 6, 16, 80), (1, 1, 7, 12), (2700, 40, 90, 170), (4, 88, 1, 7)])
def test_its_ends_are_where_the_score_test_says_p_is_5_percent(counts):
    """The likeliest table under a given ratio is found by a general optimiser, its variance by the multinomial's."""
    both, alone, lost, _ = counts
    n, shares = sum(counts), np.array(counts) / sum(counts)
    found = retention_interval(*pair_of(*counts))
    for ratio, expected in ((found.low, Z95), (found.high, -Z95)):

        def table(free, ratio=ratio):
            """Shares with (both + student) = ratio * (both + teacher)."""
            b, t = free
            return np.array([b, ratio * (b + t) - b, t, 1 - t - ratio * (b + t)])

        def surprise(free):
            p = table(free)
            return -(shares * np.log(p)).sum() if (p > 0).all() else np.inf

        right = min(0.4, 0.4 / ratio)  # of the teacher, to start from: somewhere inside
        start = (min(1, ratio) * right / 2, right - min(1, ratio) * right / 2)
        best = minimize(
            surprise, start, method="Nelder-Mead", options={"xatol": 1e-12, "fatol": 1e-15, "maxiter": 9999}
        )
        p = table(best.x)
        contrast = np.array([1 - ratio, 1, -ratio, 0])
        error = np.sqrt(n * ((contrast**2 * p).sum() - (contrast * p).sum() ** 2))
        assert (both + alone - ratio * (both + lost)) / error == pytest.approx(expected, abs=2e-3)


def test_few_examples_clear_no_high_bar():
    """The bootstrap knows no loss that it has not seen; a decision must."""
    student, teacher = pair_of(20, 0, 0, 0)
    assert paired_ratio(student, teacher).low == 1 and retention_interval(student, teacher).low < 0.85
    rng, true = np.random.default_rng(5), 0.9
    lows = {"bootstrap": [], "score": []}
    for _ in range(400):
        lost = int(rng.binomial(20, 1 - true))
        pair = pair_of(20 - lost, 0, lost, 0)
        lows["bootstrap"].append(paired_ratio(*pair, resamples=100).low > true)
        lows["score"].append(retention_interval(*pair).low > true)
    assert np.mean(lows["score"]) <= 0.045 < 0.08 < np.mean(lows["bootstrap"])


def test_with_many_examples_both_intervals_agree():
    pair = pair_of(2700, 40, 90, 170)
    score, bootstrap = retention_interval(*pair), paired_ratio(*pair)
    assert score.value == bootstrap.value
    assert score.low == pytest.approx(bootstrap.low, abs=1e-3) and score.high == pytest.approx(bootstrap.high, abs=1e-3)


@pytest.mark.parametrize(("a", "b"), [(np.ones(3), np.ones(4)), (np.ones(5), np.zeros(5)), (np.ones(0), np.ones(0))])
def test_a_retention_of_nothing_is_refused(a, b):
    with pytest.raises(ValueError, match="one row each of the same examples, the teacher right once"):
        retention_interval(a, b)


@pytest.mark.parametrize(
    ("queries", "q", "discarded"),
    [
        (64, 90, 0),  # "need to process at least 64 queries": LoadGen
        (100, 90, 2),  # the others from published mlperf_log_summary.txt files, "Would discard ... queries"
        (201, 90, 9),
        (659, 90, 47),
        (708, 90, 51),
        (79944, 90, 7796),
        (662, 99, 0),  # "at least 662 total queries"
    ],
)
def test_early_stopping_discards_as_many_as_loadgen(queries, q, discarded):
    assert early_stopping_estimate(np.arange(1.0, queries + 1), q) == queries - discarded


@pytest.mark.parametrize(("queries", "q"), [(63, 90), (661, 99), (1, 90)])
def test_early_stopping_refuses_to_guess(queries, q):
    assert early_stopping_estimate(np.arange(1.0, queries + 1), q) == math.inf


@pytest.mark.parametrize(("q", "confidence"), [(50, 0.99), (90, 0.99), (95, 0.9), (99, 0.95)])
def test_early_stopping_counts_as_scipys_beta_does(q, confidence):
    """LoadGen's own criterion: h queries under and t over the latency pass if I_{p}(h, t + 1) <= 1 - c."""
    from scipy.stats import beta

    for n in (150, 999, 3000):
        passing = [t for t in range(1, n) if beta.cdf(q / 100, n - t, t + 1) <= 1 - confidence]
        expected = n - max(passing) + 1 if passing else math.inf
        assert early_stopping_estimate(np.arange(1.0, n + 1), q, confidence) == expected


def test_early_stopping_errs_on_the_slow_side():
    rng, below = np.random.default_rng(0), 0
    truth = math.exp(1.2815515655)
    for _ in range(1000):
        below += early_stopping_estimate(rng.lognormal(size=300)) < truth
    assert below <= 10 + 12  # 1 % of 1000, and four standard errors
