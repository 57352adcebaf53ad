"""Intervals against published and hand-computed values, coverage by simulation, latency with a clock of our own."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import binom

from edgelab.measurement.latency import measure_latency, speedup
from edgelab.stats.binomial import binomial_bounds, binomial_cumulative
from edgelab.stats.bootstrap import paired_difference, paired_ratio
from edgelab.stats.intervals import (
    Z95,
    Interval,
    accuracy_interval,
    early_stopping_estimate,
    percentile_interval,
    retention_interval,
)
from edgelab.stats.samples import LatencySamples


def answers(right: int, total: int) -> np.ndarray:
    return np.arange(total) < right


def scores(rng, shape, p):
    return rng.random(shape) < p


# --- an accuracy --------------------------------------------------------------------------------


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


@pytest.mark.parametrize("p", [0, 1e-300, 1e-9, 0.05, 0.5, 0.99, 1 - 1e-15, 1, 0.0, 1.0])
@pytest.mark.parametrize("n", [0, 1, 20, 3000])
def test_the_binomial_is_scipys_also_where_nothing_or_all_is_certain(n, p):
    cumulative = binomial_cumulative(n, p)
    assert cumulative.shape == (n + 1,)
    assert np.allclose(cumulative, binom.cdf(np.arange(n + 1), n, p), rtol=1e-9, atol=1e-12)


def test_a_certain_count_has_no_width():
    assert binomial_bounds(20, 0) == (0, 0) and binomial_bounds(20, 1) == (20, 20)


def test_no_examples_have_no_accuracy():
    with pytest.raises(ValueError, match="at least one example"):
        accuracy_interval(np.array([], dtype=bool))


def test_an_interval_prints_itself():
    interval = Interval(0.5, 0.25, 0.75)
    assert f"{interval}" == "0.500 [0.250, 0.750]" and f"{interval:.1%}" == "50.0% [25.0%, 75.0%]"


# --- a difference, a ratio ----------------------------------------------------------------------


def test_what_is_always_the_same_has_no_width():
    a, b = answers(90, 100), answers(80, 100)
    same = paired_difference(a, a)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert paired_ratio(a, a) == Interval(1, 1, 1)
    ones = paired_difference(np.ones(30), np.zeros(30))
    assert (ones.value, ones.low, ones.high) == (1, 1, 1)
    assert paired_difference(a, b).value == pytest.approx(0.1) and paired_ratio(a, b).value == pytest.approx(9 / 8)
    assert paired_difference(b, a).value == pytest.approx(-0.1)


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    """Differences of 1 with probability p: the normal interval's half-width is z sqrt(p (1 - p) / n)."""
    a, b = answers(300, 2000), np.zeros(2000)
    interval = paired_difference(a, b)
    half = Z95 * math.sqrt(0.15 * 0.85 / 2000)
    assert interval.value == pytest.approx(0.15)
    assert interval.low == pytest.approx(0.15 - half, abs=0.1 * half)
    assert interval.high == pytest.approx(0.15 + half, abs=0.1 * half)


def test_the_ratio_is_as_wide_as_theory_says():
    """Delta method, paired: sd of (a - r b) / (mean b sqrt n)."""
    rng = np.random.default_rng(1)
    b = scores(rng, 3000, 0.9)
    a = np.where(rng.random(3000) < 0.9, b, scores(rng, 3000, 0.5))
    ratio = a.mean() / b.mean()
    half = Z95 * np.std(a - ratio * b) / b.mean() / math.sqrt(3000)
    interval = paired_ratio(a, b)
    assert interval.value == pytest.approx(ratio)
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.1)


def test_pairing_makes_the_interval_narrower():
    """Two models that err on the same examples: unpaired, their own noise counts twice."""
    rng = np.random.default_rng(2)
    teacher = scores(rng, 1000, 0.9)
    student = teacher & (rng.random(1000) < 0.98)
    paired = paired_difference(student, teacher)
    unpaired = paired_difference(rng.permutation(student), teacher)
    assert unpaired.value == pytest.approx(paired.value)
    assert paired.high < 0 < unpaired.high  # the same difference is seen only when paired
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


def test_seeds_are_drawn_too():
    """All examples agree, seeds do not: the width is that of a mean of three seeds, not of no examples."""
    a = np.repeat([[0.0], [0.5], [1.0]], 200, 1)
    interval = paired_difference(a, np.zeros(200))
    assert interval.value == 0.5 and interval.low == 0 and interval.high == 1
    alone = paired_difference(a[1], np.zeros(200))
    assert (alone.low, alone.high) == (0.5, 0.5)
    # Seed by seed against its own twin, a common shift of both cancels.
    assert paired_difference(a + 0.1, a) == Interval(pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1))


def test_the_paired_interval_covers_the_truth():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        b = scores(rng, 300, 0.8)
        a = b & (rng.random(300) < 0.9)  # the truth: -0.08
        interval = paired_difference(a, b, resamples=300)
        held += interval.low <= -0.08 <= interval.high
    assert held / 200 == pytest.approx(0.95, abs=0.05)


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(4)
    a, b = scores(rng, (3, 100), 0.8), scores(rng, 100, 0.9)
    assert paired_ratio(a, b) == paired_ratio(a, b)
    assert paired_ratio(a, b).low != paired_ratio(a, b, seed=1).low


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones(3), np.ones(4)),
        (np.ones((3, 5)), np.ones((2, 5))),
        (np.ones(5), np.ones((3, 5))),
        (np.ones(0), np.ones(0)),
    ],
)
def test_scores_of_other_examples_are_refused(a, b):
    for compare in (paired_difference, paired_ratio):
        with pytest.raises(ValueError, match="expected scores of the same examples, found shapes"):
            compare(a, b)


def test_a_ratio_to_nothing_is_refused():
    with pytest.raises(ValueError, match="right at least once"):
        paired_ratio(np.ones(5), np.zeros(5))


def test_a_draw_without_a_right_reference_is_left_out():
    """One right answer of 3: three draws in ten hold none of them."""
    interval = paired_ratio(np.array([1, 0, 0]), np.array([1, 0, 0]))
    assert interval == Interval(1, 1, 1)


# --- retention, to decide by --------------------------------------------------------------------


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


# --- percentiles --------------------------------------------------------------------------------


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


@pytest.mark.parametrize(("n", "p"), [(7, 0.3), (64, 0.1), (5000, 0.99)])
def test_the_cumulative_binomial_is_scipys(n, p):
    from scipy.stats import binom

    assert binomial_cumulative(n, p) == pytest.approx(binom.cdf(np.arange(n + 1), n, p), abs=1e-10)


# --- MLPerf's early stopping --------------------------------------------------------------------


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


# --- latency ------------------------------------------------------------------------------------


class Clock:
    """A clock that only work moves: each subject takes its own time, in ns."""

    def __init__(self):
        self.now, self.calls = 0, []

    def __call__(self) -> int:
        return self.now

    def subject(self, name: str, milliseconds: float):
        def work(text: str) -> None:
            self.calls.append((name, text))
            self.now += int(milliseconds * 1e6)

        return work


def test_every_text_goes_to_every_subject_and_the_warm_up_is_not_kept():
    clock = Clock()
    subjects = {"small": clock.subject("small", 0.25), "big": clock.subject("big", 4)}
    taken = measure_latency(subjects, ["a", "b", "c"], warmup=2, clock=clock)
    assert taken["small"] == LatencySamples("small", (0.25,) * 3) and taken["big"] == LatencySamples("big", (4.0,) * 3)
    assert [text for _, text in clock.calls] == list("aabbaabbcc")
    assert [{name for name, _ in clock.calls[i : i + 2]} for i in range(0, 10, 2)] == [{"small", "big"}] * 5


def test_a_slow_moment_falls_on_all_alike():
    """The machine is ten times slower for a while: all subjects lose about the same number of samples to it."""
    clock = Clock()

    def subject(text: str) -> None:
        clock.now += 10_000_000 if 60e6 <= clock.now < 160e6 else 1_000_000

    taken = measure_latency({"a": subject, "b": subject, "c": subject}, ["t"] * 100, warmup=0, clock=clock)
    slow = [sum(ms > 5 for ms in taken[name].milliseconds) for name in "abc"]
    assert sum(slow) == 10 and max(slow) - min(slow) <= 2


def test_no_subject_always_runs_right_after_the_same_other():
    """Who follows a large model finds the caches cold: that must not fall on one of them."""
    clock = Clock()
    subjects = {name: clock.subject(name, 1) for name in "abcd"}
    measure_latency(subjects, ["t"] * 600, warmup=0, clock=clock)
    names = [name for name, _ in clock.calls]
    followers = [names[i + 1] for i in range(len(names) - 1) if names[i] == "a" and (i + 1) % 4]
    assert len(followers) == pytest.approx(450, abs=40)
    assert all(followers.count(name) == pytest.approx(150, abs=40) for name in "bcd")


def test_every_other_block_turns_the_order_round():
    clock = Clock()
    measure_latency({name: clock.subject(name, 1) for name in "abc"}, ["t"] * 40, warmup=0, clock=clock)
    rounds = ["".join(name for name, _ in clock.calls[i : i + 3]) for i in range(0, 120, 3)]
    assert (
        all(second == first[::-1] for first, second in zip(rounds[::2], rounds[1::2], strict=True))
        and len(set(rounds)) > 2
    )


def test_another_seed_is_another_order():
    orders = set()
    for seed in (0, 0, 1, 2):
        clock = Clock()
        measure_latency({name: clock.subject(name, 1) for name in "abc"}, ["t"] * 20, seed=seed, clock=clock)
        orders.add("".join(name for name, _ in clock.calls))
    assert len(orders) == 3


def test_a_block_goes_to_one_subject_after_the_other():
    clock = Clock()
    subjects = {"small": clock.subject("small", 1), "big": clock.subject("big", 4)}
    taken = measure_latency(subjects, ["a", "b", "c"], warmup=0, block=2, clock=clock)
    assert taken["small"].milliseconds == (1.0,) * 3 and taken["big"].milliseconds == (4.0,) * 3
    assert [text for _, text in clock.calls] == list("ababcc")
    assert [{name for name, _ in pair} for pair in (clock.calls[:2], clock.calls[2:4])] in (
        [{"small"}, {"big"}],
        [{"big"}, {"small"}],
    )


def test_samples_keep_the_order_taken():
    clock, spans = Clock(), iter([9.0, 1.0, 2.0, 3.0])

    def subject(text: str) -> None:
        clock.now += int(next(spans) * 1e6)

    assert measure_latency({"a": subject}, ["t", "u", "v"], warmup=1, clock=clock)["a"].milliseconds == (1.0, 2.0, 3.0)


def test_fewer_texts_than_warm_up_are_all_measured():
    clock = Clock()
    taken = measure_latency({"a": clock.subject("a", 1)}, ["t", "u"], clock=clock)
    assert len(taken["a"].milliseconds) == 2 and len(clock.calls) == 4


def test_with_the_real_clock_the_slower_one_is_slower():
    taken = measure_latency({"idle": len, "busy": lambda text: sum(range(20_000))}, ["text"] * 30, warmup=3)
    assert 0 < taken["idle"].percentile(50) < taken["busy"].percentile(50)


# --- ratios of latencies ------------------------------------------------------------------------


def test_a_speedup_is_the_ratio_of_medians_drawn_in_pairs():
    rng = np.random.default_rng(0)
    moment = rng.lognormal(sigma=1, size=400)  # the machine's mood, the same for both
    slow, fast = LatencySamples("slow", tuple(6 * moment)), LatencySamples("fast", tuple(2 * moment))
    assert speedup(slow, fast) == Interval(*[pytest.approx(3)] * 3)  # unpaired draws would leave a wide interval
    noisy = LatencySamples("noisy", tuple(2 * moment * rng.lognormal(sigma=0.3, size=400)))
    ratio = speedup(slow, noisy, q=90)
    assert ratio.value == slow.percentile(90) / noisy.percentile(90)
    assert ratio.low < ratio.value < ratio.high and ratio.high / ratio.low < 2


def test_the_speedups_interval_is_scipys_paired_bootstrap():
    from scipy.stats import bootstrap

    rng = np.random.default_rng(1)
    a, b = rng.lognormal(1, 0.5, 200), rng.lognormal(0, 0.5, 200)
    ours = speedup(LatencySamples("a", tuple(a)), LatencySamples("b", tuple(b)), resamples=4000)

    def statistic(x, y, axis=-1):
        return np.median(x, axis=axis) / np.median(y, axis=axis)

    theirs = bootstrap((a, b), statistic, paired=True, n_resamples=4000, method="percentile", rng=2)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, rel=0.03)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, rel=0.03)


def test_a_speedup_needs_the_same_requests():
    with pytest.raises(ValueError, match="same requests, found 2 and 1"):
        speedup(LatencySamples("a", (1.0, 2.0)), LatencySamples("b", (1.0,)))
