"""95 % intervals by formula: of accuracies, of a retention, of percentiles."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.stats.binomial import binomial_bounds, binomial_cumulative

Z95 = 1.959963984540054  # the 97.5th percentile of the standard normal distribution


@dataclass(frozen=True)
class Interval:
    """A value and its 95 % interval."""

    value: float
    low: float
    high: float

    def __format__(self, spec: str) -> str:
        spec = spec or ".3f"
        return f"{self.value:{spec}} [{self.low:{spec}}, {self.high:{spec}}]"


def accuracy_interval(correct: np.ndarray) -> Interval:
    """The share of true values in `correct` [examples] with Wilson's 95 % interval (Wilson 1927).

    Raises:
        ValueError: no examples.
    """
    n = len(correct)
    if n == 0:
        raise ValueError("expected at least one example, found none")
    p = float(np.mean(correct))
    centre = (p + Z95**2 / (2 * n)) / (1 + Z95**2 / n)
    half = Z95 / (1 + Z95**2 / n) * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    # The interval holds its value and stays within 0 and 1; rounding could put an end just past either.
    return Interval(p, max(0.0, min(p, float(centre - half))), min(1.0, max(p, float(centre + half))))


def retention_interval(student: np.ndarray, teacher: np.ndarray) -> Interval:
    """The student's accuracy over the teacher's with the asymptotic score interval for a ratio of paired proportions
    (Tang, Tang and Chan 2003), recommended by Fagerland, Lydersen and Laake 2014. Both are bool [examples].

    A bootstrap draws only from what was seen: a student that was never worse on 20 examples would have no doubt left.
    This interval is, where the teacher is always right, Wilson's.

    Raises:
        ValueError: not the same examples, or the teacher is never right.
    """
    a, b = np.asarray(student, dtype=bool), np.asarray(teacher, dtype=bool)
    if a.shape != b.shape or a.ndim != 1 or not b.any():
        raise ValueError(
            f"expected one row each of the same examples, the teacher right once, found {a.shape}, {b.shape}"
        )
    n, right, lost, reference = len(a), int(a.sum()), int((b & ~a).sum()), int(b.sum())

    def score(ratio: float) -> float:
        """How many standard errors the student's right answers lie above `ratio` times the teacher's; falls with it."""
        # The likeliest share of what only the teacher gets right, were this the true ratio.
        p = n * (1 + ratio)
        q = reference * ratio**2 - right - 2 * lost
        r = lost * (1 - ratio) * (right + lost) / n
        share = (np.sqrt(max(0.0, q**2 - 4 * p * r)) - q) / (2 * p)
        variance = p * share + (right + lost) * (ratio - 1)
        excess = right - ratio * reference
        return excess / np.sqrt(variance) if variance > 0 else np.copysign(np.inf, excess)

    def where(level: float, low: float, high: float) -> float:
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if score(middle) > level else (low, middle)
        return (low + high) / 2

    value = right / reference
    top = max(value, 1 / reference)
    while score(top) > -Z95:
        top *= 2
    return Interval(value, min(value, where(Z95, 0, value)), max(value, where(-Z95, value, top)))


def percentile_interval(values: Sequence[float] | np.ndarray, q: float) -> Interval:
    """The q-th percentile of `values` [samples] with its 95 % interval: it assumes nothing of the distribution.

    The number of samples below the true percentile is binomial(n, q/100); the bounds are the order statistics
    at that distribution's 2.5th and 97.5th percentiles (Hahn & Meeker 1991, section 5.2). Where there are too few
    samples for a bound it is 0 or infinite: the 99th percentile has an upper one from 368 samples on.
    """
    low, high = binomial_bounds(len(values), q / 100)
    bounds = [0.0, *sorted(values), float("inf")]
    return Interval(float(np.percentile(values, q)), float(bounds[low]), float(bounds[high + 1]))


def early_stopping_estimate(values: Sequence[float] | np.ndarray, q: float = 90, confidence: float = 0.99) -> float:
    """The q-th percentile as MLPerf Inference reports it for one request at a time: a bound that errs on the slow side.

    Let t be the most samples of n that may lie above the true percentile, by a chance of at most 1 - `confidence`:
    P(binomial(n, 1 - q/100) <= t) <= 1 - confidence. Reported is the t-th highest sample, so t - 1 are discarded
    (LoadGen's `early_stopping.cc` with tolerance 0, and `results.cc`, for SingleStream). Infinite while there are too few
    samples: fewer than 64 for the 90th percentile, fewer than 662 for the 99th.
    """
    rare = binomial_cumulative(len(values), 1 - q / 100)
    above = int(np.searchsorted(rare, 1 - confidence, side="right")) - 1
    return float(sorted(values)[len(values) - above]) if above >= 1 else float("inf")
