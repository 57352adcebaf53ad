"""The percentile bootstrap (Efron 1979): what else might have been measured, had other examples been drawn."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.stats.intervals import Interval

RESAMPLES = 1000


def bootstrap(
    statistic: Callable[..., float], *columns: np.ndarray, resamples: int = RESAMPLES, seed: int = 0
) -> Interval:
    """`statistic(*columns)` with its percentile interval over examples, drawn jointly from all columns [examples].

    Two calls with as many examples and the same seed draw the same ones, so that figures can be compared.
    """
    values = [statistic(*(column[drawn] for column in columns)) for drawn in draws(len(columns[0]), resamples, seed)]
    return percentile_bounds(statistic(*columns), values)


def draws(examples: int, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """`resamples` draws with replacement: the indices of as many examples, int [examples]."""
    generator = np.random.default_rng(seed)
    for _ in range(resamples):
        yield generator.integers(examples, size=examples)


def percentile_bounds(value: float, resampled: Sequence[float] | np.ndarray) -> Interval:
    """A statistic's value between the 2.5th and the 97.5th percentile of what resampling gave; NaN is left out."""
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Interval(float(value), float(low), float(high))


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
    return percentile_bounds(compare(a.sum(), b.sum()) / scale, values / scale)
