"""Samples that follow one another are not independent: how many independent ones they are worth, where extremes count."""

from collections.abc import Sequence

import numpy as np

from edgelab.stats.binomial import binomial_bounds
from edgelab.stats.intervals import Interval


def effective_samples(values: Sequence[float] | np.ndarray, q: float = 95) -> int:
    """How many independent samples would say as much about the q-th percentile as these, in the order taken; 1 to all.

    A stall of the machine slows a run of requests, so that the slow ones come together. Divided by is 1 + 2 x the
    autocorrelations of "above the q-th percentile", summed as long as pairs of neighbouring lags are positive (Geyer's initial
    positive sequence, 1992).
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    above = (values > np.percentile(values, q)).astype(float) if n else values
    centred = above - above.mean() if n else values
    if n < 4 or not centred.any():
        return n
    # By Fourier transform, zeros added so that the end does not meet the beginning.
    spectrum = np.abs(np.fft.rfft(centred, 2 * n)) ** 2
    correlation = np.fft.irfft(spectrum)[:n] / (centred @ centred)
    pairs = correlation[1 : n - 1 : 2] + correlation[2:n:2]
    stop = int(np.argmax(pairs <= 0)) if (pairs <= 0).any() else len(pairs)
    return int(np.clip(round(n / (1 + 2 * pairs[:stop].sum())), 1, n))


def dependent_percentile_interval(values: Sequence[float] | np.ndarray, q: float = 95) -> Interval:
    """`stats.intervals.percentile_interval` for samples that may depend on those before: the order statistics are those of as
    many independent ones as these are worth. Where none is dependent, it is the same.

    Raises:
        ValueError: no samples.
    """
    n = len(values)
    if n == 0:
        raise ValueError("expected at least one sample, found none")
    worth = effective_samples(values, q)
    low, high = binomial_bounds(worth, q / 100)
    bounds = [0.0, *sorted(values), float("inf")]
    # The k-th of `worth` samples stands where the (k x n / worth)-th of n does; rounded outward.
    first, last = low * n // worth, -(-(high + 1) * n // worth)
    return Interval(float(np.percentile(values, q)), float(bounds[first]), float(bounds[min(last, n + 1)]))
