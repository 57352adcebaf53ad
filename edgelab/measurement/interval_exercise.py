"""Cases and mistakes of the exercises on percentiles: `percentile_bounds`, `early_stopping_estimate`."""

import math
from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Case, Checks, Mistake
from edgelab.measurement.by_hand import percentile_bounds
from edgelab.stats.binomial import binomial_cumulative
from edgelab.stats.intervals import early_stopping_estimate

# --- percentile_bounds --------------------------------------------------------------------------


def _samples(rng: np.random.Generator) -> Iterator[tuple]:
    for n, q in ((200, 90), (400, 50), (64, 10), (1, 90), (5, 50), (6, 50), (100, 99), (367, 99), (368, 99), (369, 1)):
        yield rng.lognormal(0, 0.5, n), q
    yield rng.lognormal(0, 0.5, 150).round(1), 75  # many are alike


def _bounds(
    values: np.ndarray, q: float, *, share: float | None = None, tail: float = 0.025, low: int = 0, high: int = 1
) -> tuple[float, float]:
    """The bounds with something changed: the share below, what is left out on each side, or a rank."""
    at_most = binomial_cumulative(len(values), q / 100 if share is None else share)
    fewest, most = np.searchsorted(at_most, [tail, 1 - tail])
    ends = [0.0, *sorted(values), math.inf, math.inf]
    return ends[fewest + low], ends[most + high]


def _last_for_none(values: np.ndarray, q: float) -> tuple[float, float]:
    """Where no sample lies below, `[0 - 1]` is the LARGEST one."""
    fewest, _ = np.searchsorted(binomial_cumulative(len(values), q / 100), [0.025, 0.975])
    return sorted(values)[fewest - 1], percentile_bounds(values, q)[1]


def _past_the_end(values: np.ndarray, q: float) -> tuple[float, float]:
    """Where all samples may lie below, there is no next one: an `IndexError`."""
    _, most = np.searchsorted(binomial_cumulative(len(values), q / 100), [0.025, 0.975])
    return percentile_bounds(values, q)[0], sorted(values)[most]


def _unsorted_bounds(values: np.ndarray, q: float) -> tuple[float, float]:
    at_most = binomial_cumulative(len(values), q / 100)
    fewest, most = np.searchsorted(at_most, [0.025, 0.975])
    ends = [0.0, *values, math.inf]
    return ends[fewest], ends[most + 1]


def _by_the_normal(values: np.ndarray, q: float) -> tuple[float, float]:
    n, p = len(values), q / 100
    half = 1.96 * math.sqrt(n * p * (1 - p))
    ends = [0.0, *sorted(values), math.inf]
    return ends[max(0, math.floor(n * p - half))], ends[min(n + 1, math.ceil(n * p + half))]


def _of_a_mean(values: np.ndarray, q: float) -> tuple[float, float]:
    middle, error = np.percentile(values, q), 1.96 * np.std(values) / math.sqrt(len(values))
    return middle - error, middle + error


BOUNDS = (
    Mistake(
        "where the samples lie",
        lambda values, q: tuple(np.percentile(values, [2.5, 97.5])),
        "that is where 95 % of the SAMPLES lie. Asked is how far off their q-th percentile may be.",
    ),
    Mistake(
        "the lower end one rank too high",
        lambda values, q: _bounds(values, q, low=1),
        "if k samples lie below the true percentile, the k-th smallest does: with 0.0 put in front that is ends[k].",
    ),
    Mistake(
        "the upper end one rank too low",
        lambda values, q: _bounds(values, q, high=0),
        "if k samples lie below the true percentile, the next one, the (k + 1)-th smallest, does not: that is the bound.",
    ),
    Mistake(
        "not sorted", _unsorted_bounds, "sort the samples first: the k-th smallest is a rank, not a place in time."
    ),
    Mistake(
        "an interval of 90 %",
        lambda values, q: _bounds(values, q, tail=0.05),
        "95 % are kept: 2.5 % are left out on EACH side.",
    ),
    Mistake(
        "the share above",
        lambda values, q: _bounds(values, q, share=1 - q / 100),
        "a sample lies BELOW the true q-th percentile with the probability q/100.",
    ),
    Mistake(
        "the last one for none",
        _last_for_none,
        "with `fewest` = 0 there is no sample below, and [0 - 1] is the LARGEST one: the lower end is 0 there.",
    ),
    Mistake(
        "past the end",
        _past_the_end,
        "with `most` = n there is no next sample: the upper end is infinity there, not ordered[n].",
    ),
    Mistake(
        "never infinite",
        lambda values, q: (percentile_bounds(values, q)[0], min(percentile_bounds(values, q)[1], max(values))),
        "where all samples may well lie below, there is no upper bound: the end is infinity, not the largest sample.",
    ),
    Mistake(
        "never zero",
        lambda values, q: (max(percentile_bounds(values, q)[0], min(values)), percentile_bounds(values, q)[1]),
        "where no sample at all may lie below, the lower end is 0, not the smallest sample.",
    ),
    Mistake(
        "never beyond the samples",
        lambda values, q: (
            max(percentile_bounds(values, q)[0], min(values)),
            min(percentile_bounds(values, q)[1], max(values)),
        ),
        "where the count runs past the samples there is no bound on that side: 0 below, infinity above.",
    ),
    Mistake(
        "by the normal distribution",
        _by_the_normal,
        "with few samples a normal distribution is not close enough: read the counts off binomial_cumulative.",
    ),
    Mistake(
        "the error of a mean",
        _of_a_mean,
        "that formula is a mean's. A percentile's interval goes from one sorted sample to another.",
    ),
)


# --- early_stopping_estimate --------------------------------------------------------------------


def _latencies(rng: np.random.Generator) -> Iterator[Case]:
    # At p90 there is an estimate from 64 on, at p99 from 662 on; with 44 to 63, and 459 to 661, t is 0.
    for queries, q, confidence in (
        *((n, 90, 0.99) for n in (1, 40, 50, 63, 64)),
        *((n, 99, 0.99) for n in (300, 500, 661, 662, 900)),
        (300, 90, 0.8),
        (250, 50, 0.99),
    ):
        yield rng.lognormal(0, 0.5, queries), q, confidence
    yield {"values": rng.lognormal(0, 0.5, 120)}
    yield {"values": rng.lognormal(0, 0.5, 700), "q": 99}


def _above(n: int, q: float, confidence: float, share: float | None = None, rule: float | None = None) -> int:
    cumulative = binomial_cumulative(n, 1 - q / 100 if share is None else share)
    return int(np.searchsorted(cumulative, 1 - confidence if rule is None else rule, side="right")) - 1


def _rank(values: np.ndarray, q: float, confidence: float, *, shift: int = 0, **changed: float) -> float:
    """The estimate with something changed: the rank, the share above, or the rule that counts."""
    above = _above(len(values), q, confidence, **changed)
    return float(np.sort(values)[len(values) - above + shift]) if above >= 1 else math.inf


def _unsorted(values: np.ndarray, q: float = 90, confidence: float = 0.99) -> float:
    above = _above(len(values), q, confidence)
    return float(values[-above]) if above >= 1 else math.inf


def _not_even_one(values: np.ndarray, q: float = 90, confidence: float = 0.99) -> float:
    """t = 0 taken for an estimate: `[-0]` is the first."""
    above = _above(len(values), q, confidence)
    return float(np.sort(values)[-above]) if above >= 0 else math.inf


def _from_below(values: np.ndarray, q: float = 90, confidence: float = 0.99) -> float:
    above = _above(len(values), q, confidence)
    return float(np.sort(values)[above - 1]) if above >= 1 else math.inf


def _first_that_is_not(values: np.ndarray, q: float = 90, confidence: float = 0.99) -> float:
    """t is the first count that is NOT rare enough, one too many."""
    above = _above(len(values), q, confidence) + 1
    return float(np.sort(values)[-above]) if above >= 1 else math.inf


def _from_64_on(values: np.ndarray, q: float = 90, confidence: float = 0.99) -> float:
    if len(values) < 64:
        return math.inf
    return float(np.sort(values)[-max(1, _above(len(values), q, confidence))])


ESTIMATE = (
    Mistake(
        "the plain percentile",
        lambda values, q=90, confidence=0.99: float(np.percentile(values, q)),
        "that is the sample's own percentile: half of the time the true one is higher. Count how far off it can be.",
    ),
    Mistake(
        "one rank too far down",
        lambda values, q=90, confidence=0.99: _rank(values, q, confidence, shift=-1),
        "the t-th highest of n sorted values is sorted[n - t]: for t = 1 that is the maximum.",
    ),
    Mistake(
        "the share below",
        lambda values, q=90, confidence=0.99: _rank(values, q, confidence, share=q / 100),
        "t counts samples above the percentile: each lies there with the probability 1 - q/100.",
    ),
    Mistake(
        "the wrong tail",
        lambda values, q=90, confidence=0.99: _rank(values, q, confidence, rule=confidence),
        "P(at most t above) must be small, at most 1 - confidence: only by rare chance are so few above.",
    ),
    Mistake(
        "always 99 %",
        lambda values, q=90, confidence=0.99: _rank(values, q, confidence, rule=0.01),
        "the confidence is an argument, too: the bound on the probability is 1 - confidence.",
    ),
    Mistake("not sorted", _unsorted, "sort the values first: the t-th highest is a rank, not a place in time."),
    Mistake(
        "an estimate from too few",
        lambda values, q=90, confidence=0.99: min(
            early_stopping_estimate(values, q, confidence), float(np.max(values))
        ),
        "if not even t = 1 is rare enough there is no estimate yet: return infinity.",
    ),
    Mistake(
        "t = 0",
        _not_even_one,
        "with t = 0 there is no t-th highest value, and sorted[-0] is the LOWEST: where t is below 1, return infinity.",
    ),
    Mistake(
        "one too many",
        _first_that_is_not,
        "t is the LAST count that is rare enough, and counts begin at 0: so few of them hold, minus one.",
    ),
    Mistake("the lowest", _from_below, "the t-th HIGHEST: counted from the slowest sample down."),
    Mistake(
        "64, whatever the percentile",
        _from_64_on,
        "64 samples are enough for a p90 at 99 %, not for a p99: let t decide, not a number.",
    ),
    Mistake(
        "another default",
        lambda values, q=99, confidence=0.99: early_stopping_estimate(values, q, confidence),
        "keep the defaults of the stub: without an argument it is the p90 at 99 %.",
    ),
)


def register(check: Checks) -> None:
    """Both exercises."""
    check.function(
        percentile_bounds,
        cases=_samples,
        nudge="Which counts does the binomial distribution leave? Then: between which sorted samples does that put it?",
        mistakes=BOUNDS,
    )
    check.function(
        early_stopping_estimate,
        cases=_latencies,
        nudge="First the count t, from the binomial distribution of how many lie above; then the t-th highest value.",
        mistakes=ESTIMATE,
    )
