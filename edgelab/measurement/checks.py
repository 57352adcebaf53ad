"""The exercises of `05_measurement`."""

import math
from collections.abc import Callable, Iterator
from statistics import NormalDist

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.comparison import LEAST_ROUNDS, MEDIAN_ERROR, rounds_needed, spread
from edgelab.measurement.load import open_latencies, with_omitted
from edgelab.measurement.plan_exercise import MEASUREMENT_PLAN, MISTAKES, judge_plan
from edgelab.stats.binomial import binomial_cumulative
from edgelab.stats.intervals import Z95, early_stopping_estimate

check = Checks()


# --- early_stopping_estimate --------------------------------------------------------------------


def _latencies(rng: np.random.Generator) -> Iterator[tuple]:
    for queries, q, confidence in ((40, 90, 0.99), (64, 90, 0.99), (300, 90, 0.8), (900, 99, 0.99), (250, 50, 0.99)):
        yield rng.lognormal(0, 0.5, queries), q, confidence


def _rank(
    values: np.ndarray,
    q: float,
    confidence: float,
    *,
    shift: int = 0,
    share: float | None = None,
    rule: float | None = None,
) -> float:
    """The estimate with something changed: the rank, the share above, or the rule that counts."""
    cumulative = binomial_cumulative(len(values), 1 - q / 100 if share is None else share)
    above = int(np.searchsorted(cumulative, 1 - confidence if rule is None else rule, side="right")) - 1
    return float(np.sort(values)[len(values) - above + shift]) if above >= 1 else math.inf


def _unsorted(values: np.ndarray, q: float, confidence: float) -> float:
    estimate = early_stopping_estimate(values, q, confidence)
    if not math.isfinite(estimate):
        return estimate
    return float(values[len(values) - int(np.sum(values >= estimate))])


check.function(
    early_stopping_estimate,
    cases=_latencies,
    nudge="First the count t, from the binomial distribution of how many lie above; then the t-th highest value.",
    mistakes=(
        Mistake(
            "the plain percentile",
            lambda values, q, confidence: float(np.percentile(values, q)),
            "that is the sample's own percentile: half of the time the true one is higher. Count how far off it can be.",
        ),
        Mistake(
            "one rank too far down",
            lambda values, q, confidence: _rank(values, q, confidence, shift=-1),
            "the t-th highest of n sorted values is sorted[n - t]: for t = 1 that is the maximum.",
        ),
        Mistake(
            "the share below",
            lambda values, q, confidence: _rank(values, q, confidence, share=q / 100),
            "t counts samples above the percentile: each lies there with the probability 1 - q/100.",
        ),
        Mistake(
            "the wrong tail",
            lambda values, q, confidence: _rank(values, q, confidence, rule=confidence),
            "P(at most t above) must be small, at most 1 - confidence: only by rare chance are so few above.",
        ),
        Mistake(
            "always 99 %",
            lambda values, q, confidence: _rank(values, q, confidence, rule=0.01),
            "the confidence is an argument, too: the bound on the probability is 1 - confidence.",
        ),
        Mistake(
            "not sorted",
            _unsorted,
            "sort the values first: the t-th highest is a rank, not a place in time.",
        ),
        Mistake(
            "an estimate from too few",
            lambda values, q, confidence: min(early_stopping_estimate(values, q, confidence), float(np.max(values))),
            "if not even t = 1 is rare enough there is no estimate yet: return infinity.",
        ),
    ),
)


# --- open_latencies -----------------------------------------------------------------------------


def _arrivals(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, load in ((12, 0.5), (60, 0.9), (30, 1.3)):
        yield np.cumsum(rng.exponential(10.0, requests)), load * rng.exponential(10.0, requests)


def _never_idle(arrivals_ms: np.ndarray, service_ms: np.ndarray) -> np.ndarray:
    return np.cumsum(service_ms) + arrivals_ms[0] - arrivals_ms


def _behind_one(arrivals_ms: np.ndarray, service_ms: np.ndarray) -> np.ndarray:
    """As if the one before had begun when it was due."""
    before = np.concatenate([[-np.inf], (arrivals_ms + service_ms)[:-1]])
    return np.maximum(arrivals_ms, before) + service_ms - arrivals_ms


check.function(
    open_latencies,
    cases=_arrivals,
    nudge="Keep one number while you go through the requests: when the server will be free.",
    mistakes=(
        Mistake(
            "service times",
            lambda arrivals_ms, service_ms: np.array(service_ms, dtype=float),
            "that is what the server works, as a closed load sees it: the wait before it is missing.",
        ),
        Mistake(
            "waiting alone",
            lambda arrivals_ms, service_ms: open_latencies(arrivals_ms, service_ms) - service_ms,
            "the latency ends when the answer is there: add the request's own service time to its wait.",
        ),
        Mistake(
            "when the answer comes",
            lambda arrivals_ms, service_ms: open_latencies(arrivals_ms, service_ms) + arrivals_ms,
            "that is the moment of the answer: the latency runs from the arrival, so subtract it.",
        ),
        Mistake(
            "a server that is never idle",
            _never_idle,
            "a server cannot work ahead: it begins when the request is due or when it is free, whichever is LATER.",
        ),
        Mistake(
            "only the one before counts",
            _behind_one,
            "the one before may itself have begun late: remember when the server was really free.",
        ),
    ),
)


# --- rounds_needed ------------------------------------------------------------------------------


def _pilots(rng: np.random.Generator) -> Iterator[tuple]:
    for rounds, effect, power in ((30, 0.05, 0.95), (100, 0.02, 0.8), (60, -0.10, 0.95), (40, 1.0, 0.9)):
        yield np.exp(rng.normal(0, rng.uniform(0.03, 0.12), rounds)), effect, power


def _rounds(
    ratios: np.ndarray,
    effect: float,
    power: float,
    *,
    error: float = MEDIAN_ERROR,
    distance: Callable[[float], float] = math.log1p,
    exponent: float = 2.0,
) -> float:
    """What the formula gives before it is rounded, with something changed."""
    return abs((Z95 + NormalDist().inv_cdf(power)) * error * spread(ratios) / distance(effect)) ** exponent


def _up(rounds: float) -> int:
    return max(LEAST_ROUNDS, math.ceil(rounds))


check.function(
    rounds_needed,
    cases=_pilots,
    nudge="Put the formula's parts together: both z, the error of a median, the spread, the logarithm of the effect.",
    mistakes=(
        Mistake(
            "not squared",
            lambda ratios, effect, power: _up(_rounds(ratios, effect, power, exponent=1.0)),
            "an error shrinks with the square root of n: n grows with the square.",
        ),
        Mistake(
            "power forgotten",
            lambda ratios, effect, power: _up(_rounds(ratios, effect, 0.5)),
            "with 1.96 alone the interval's end lies on 1 half of the time: add the quantile of the power.",
        ),
        Mistake(
            "the error of a mean",
            lambda ratios, effect, power: _up(_rounds(ratios, effect, power, error=1.0)),
            "the verdict is about a median, whose error is sqrt(pi/2) times that of a mean.",
        ),
        Mistake(
            "the effect itself",
            lambda ratios, effect, power: _up(_rounds(ratios, effect, power, distance=float)),
            "the spread is one of logarithms, so the effect must be one, too: log(1 + effect).",
        ),
        Mistake(
            "fewer than the least",
            lambda ratios, effect, power: math.ceil(_rounds(ratios, effect, power)),
            "with very few rounds the formula promises too much: plan at least LEAST_ROUNDS.",
        ),
        Mistake(
            "rounded off",
            lambda ratios, effect, power: max(LEAST_ROUNDS, math.floor(_rounds(ratios, effect, power))),
            "round up: with a part of a round missing the power is missed.",
        ),
    ),
)


# --- with_omitted -------------------------------------------------------------------------------


def _logs(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, every in ((8, 10.0), (50, 25.0)):
        values = rng.lognormal(1, 1, requests)
        stalled, twice = rng.choice(requests, 2, replace=False)
        values[stalled], values[twice] = every * rng.uniform(3, 9), 2 * every
        yield values, every


def _once(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    seen = []
    for latency in latencies_ms:
        seen += [latency, latency - every_ms] if latency >= 2 * every_ms else [latency]
    return np.array(seen)


def _copies(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    return np.repeat(latencies_ms, [max(1, int(x // every_ms)) for x in latencies_ms])


def _added_last(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    """Right but for the order: all that was logged, then all that is added."""
    added = [with_omitted([latency], every_ms)[1:] for latency in latencies_ms]
    return np.concatenate([latencies_ms, *added])


def _only_above(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    """`>` for "at least": what is left of exactly one interval is not added."""
    counts = [max(1, math.ceil(latency / every_ms) - 1) for latency in latencies_ms]
    return np.concatenate([x - every_ms * np.arange(n) for x, n in zip(latencies_ms, counts, strict=True)])


def _to_zero(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    return np.concatenate([np.arange(x, 0, -every_ms) for x in latencies_ms])


check.function(
    with_omitted,
    cases=_logs,
    nudge="After a latency come those of the requests that it held up: latency - every, latency - 2 every, ...",
    mistakes=(
        Mistake(
            "nothing added",
            lambda latencies_ms, every_ms: np.array(latencies_ms),
            "a request that took several intervals held up the ones that were due meanwhile: they are missing.",
        ),
        Mistake(
            "one added",
            _once,
            "a long stall holds up more than one request: go on, each one interval less.",
        ),
        Mistake(
            "copies",
            _copies,
            "who comes later waits less: each held-up request waits one interval less than the one before.",
        ),
        Mistake(
            "added at the end",
            _added_last,
            "the values are right, their order is not: what is added for a latency comes right after it.",
        ),
        Mistake(
            "sorted",
            lambda latencies_ms, every_ms: np.sort(with_omitted(latencies_ms, every_ms)),
            "the values are right, their order is not: keep that of the log.",
        ),
        Mistake(
            "more than one interval",
            _only_above,
            "at least one interval: where exactly one is left, it is added, too.",
        ),
        Mistake(
            "down to nothing",
            _to_zero,
            "stop once less than an interval is left: that request was sent and is in the log itself.",
        ),
    ),
)


# --- measurement_plan ---------------------------------------------------------------------------


check.design(
    "measurement_plan",
    MEASUREMENT_PLAN,
    judge=judge_plan,
    nudge="Take the brief question by question: who waits for what, and what was promised?",
    mistakes=MISTAKES,
)
