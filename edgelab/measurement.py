"""Numbers one may quote: intervals for accuracies and differences, percentiles of latency with raw samples kept."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

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


def paired_difference(a: np.ndarray, b: np.ndarray, *, resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean of a minus mean of b with a percentile bootstrap interval (Efron 1979).

    Both are scores on the same examples, shape [examples] or [seeds, examples]; with seeds, those are drawn too,
    since another training run would have given another model. `b` may be one row for all of `a`'s seeds.
    """
    return _paired(a, b, np.subtract, resamples, seed)


def paired_ratio(a: np.ndarray, b: np.ndarray, *, resamples: int = 2000, seed: int = 0) -> Interval:
    """Mean of a over mean of b, drawn as above: the retention, where `b` is the teacher. A draw in which `b` is never
    right has no ratio and is left out. Where a decision hangs on few examples, see `retention_interval`."""
    return _paired(a, b, np.divide, resamples, seed)


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


def _paired(a: np.ndarray, b: np.ndarray, compare: np.ufunc, resamples: int, seed: int) -> Interval:
    a, b = np.atleast_2d(a).astype(float), np.atleast_2d(b).astype(float)
    if a.shape[1] != b.shape[1] or len(b) not in (1, len(a)) or a.size == 0:
        raise ValueError(f"expected scores of the same examples, found shapes {a.shape} and {b.shape}")
    if compare is np.divide and not b.any():
        raise ValueError("expected a reference that is right at least once, found it always wrong")
    b = np.broadcast_to(b, a.shape)
    generator = np.random.default_rng(seed)
    seeds, examples = a.shape
    values = np.empty(resamples)
    for i in range(resamples):
        # A draw with replacement is a count for each seed and each example.
        seed_counts = np.bincount(generator.integers(seeds, size=seeds), minlength=seeds)
        counts = np.bincount(generator.integers(examples, size=examples), minlength=examples)
        drawn, reference = seed_counts @ a @ counts, seed_counts @ b @ counts
        values[i] = compare(drawn, reference) if reference or compare is np.subtract else np.nan
    # Sums were compared: a difference of sums becomes one of means, a ratio of sums is that of means already.
    scale = a.size if compare is np.subtract else 1
    low, high = np.nanpercentile(values, [2.5, 97.5]) / scale
    return Interval(float(compare(a.sum(), b.sum()) / scale), float(low), float(high))


@dataclass(frozen=True)
class LatencySamples:
    """Raw latencies of one subject, in the order taken."""

    name: str
    milliseconds: tuple[float, ...]

    def percentile(self, q: float) -> float:
        """The q-th percentile (0-100) in ms, by linear interpolation between order statistics."""
        return float(np.percentile(self.milliseconds, q))

    def interval(self, q: float) -> Interval:
        """The q-th percentile with its 95 % order-statistic interval, as `percentile_interval` finds it."""
        return percentile_interval(self.milliseconds, q)


def percentile_interval(values: Sequence[float], q: float) -> Interval:
    """The q-th percentile of `values` [samples] with its 95 % interval: it assumes nothing of the distribution.

    The number of samples below the true percentile is binomial(n, q/100); the bounds are the order statistics
    at that distribution's 2.5th and 97.5th percentiles (Hahn & Meeker 1991, section 5.2). Where there are too few
    samples for a bound it is 0 or infinite: the 99th percentile has an upper one from 368 samples on.
    """
    low, high = binomial_bounds(len(values), q / 100)
    bounds = [0.0, *sorted(values), float("inf")]
    return Interval(float(np.percentile(values, q)), float(bounds[low]), float(bounds[high + 1]))


def early_stopping_estimate(values: Sequence[float], q: float = 90, confidence: float = 0.99) -> float:
    """The q-th percentile as MLPerf Inference reports it for one request at a time: a bound that errs on the slow side.

    Let t be the most samples of n that may lie above the true percentile, by a chance of at most 1 - `confidence`:
    P(binomial(n, 1 - q/100) <= t) <= 1 - confidence. Reported is the t-th highest sample, so t - 1 are discarded
    (LoadGen's `early_stopping.cc` with tolerance 0, and `results.cc`, for SingleStream). Infinite while there are too few
    samples: fewer than 64 for the 90th percentile, fewer than 662 for the 99th.
    """
    rare = binomial_cumulative(len(values), 1 - q / 100)
    above = int(np.searchsorted(rare, 1 - confidence, side="right")) - 1
    return float(sorted(values)[len(values) - above]) if above >= 1 else float("inf")


def binomial_bounds(n: int, p: float) -> tuple[int, int]:
    """The 2.5th and 97.5th percentiles of binomial(n, p), exactly."""
    cumulative = binomial_cumulative(n, p)
    return int(np.searchsorted(cumulative, 0.025)), int(np.searchsorted(cumulative, 0.975))


def binomial_cumulative(n: int, p: float) -> np.ndarray:
    """P(binomial(n, p) <= k) for k = 0 ... n, [n + 1]; in logarithms, so that n may be large."""
    k = np.arange(n + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    with np.errstate(divide="ignore", invalid="ignore"):
        log_mass = log_factorial[n] - log_factorial[k] - log_factorial[n - k] + k * np.log(p) + (n - k) * np.log1p(-p)
    return np.cumsum(np.exp(log_mass))


def measure_latency(
    subjects: dict[str, Callable[[str], object]],
    texts: list[str],
    *,
    warmup: int = 20,
    block: int = 1,
    seed: int = 0,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> dict[str, LatencySamples]:
    """One request at a time, subjects interleaved: each block of `block` texts goes to every subject, so a slow moment
    of the machine falls on all of them alike. The order is drawn anew for one block and turned round for the next, so
    what it costs to be the first, or to follow a large model, falls on all alike, too.

    Blocks of 1 time a small model as it answers right after others, which leave nothing of it in the processor's
    caches; longer ones time it as it answers one request after another. The first `warmup` texts are run, not kept.
    """
    draw, order = random.Random(seed), list(subjects)
    taken: dict[str, list[float]] = {name: [] for name in order}
    for kept, asked in ((False, texts[:warmup]), (True, texts)):
        for number, start in enumerate(range(0, len(asked), block)):
            if number % 2:
                order.reverse()
            else:
                draw.shuffle(order)
            for name in order:
                for text in asked[start : start + block]:
                    begin = clock()
                    subjects[name](text)
                    elapsed = (clock() - begin) / 1e6
                    if kept:
                        taken[name].append(elapsed)
    return {name: LatencySamples(name, tuple(values)) for name, values in taken.items()}


def speedup(
    slow: LatencySamples,
    fast: LatencySamples,
    *,
    q: float = 50,
    block: int = 1,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """How many times faster `fast` is at the q-th percentile, with a percentile bootstrap interval.

    The samples are of the same requests in the same order, and drawn in pairs; `block` neighbours at a time, since the
    moods of a machine last longer than a request (Kuensch 1989).
    """
    a, b = np.array(slow.milliseconds), np.array(fast.milliseconds)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"expected latencies of the same requests, found {a.size} and {b.size}")
    if not 1 <= block <= a.size:
        raise ValueError(f"expected a block of 1 to {a.size} requests, found {block}")
    starts = np.random.default_rng(seed).integers(a.size - block + 1, size=(resamples, -(-a.size // block)))
    drawn = (starts[:, :, None] + np.arange(block)).reshape(resamples, -1)[:, : a.size]
    ratios = np.percentile(a[drawn], q, axis=1) / np.percentile(b[drawn], q, axis=1)
    low, high = np.percentile(ratios, [2.5, 97.5])
    return Interval(slow.percentile(q) / fast.percentile(q), float(low), float(high))
