"""What `05_measurement` writes by hand; the notebook sets it beside `stats.intervals` and `comparison`, which do the same."""

import math
from collections.abc import Callable, Sequence

import numpy as np

from edgelab.stats.binomial import binomial_cumulative


def percentile_bounds(values: Sequence[float] | np.ndarray, q: float) -> tuple[float, float]:
    """The 95 % interval of the q-th percentile, by order statistics; 0 and infinity where there are too few samples.

    The number of samples below the true percentile is binomial: kept is the middle 95 % of what it may be.
    """
    n = len(values)
    at_most = binomial_cumulative(n, q / 100)
    fewest = np.searchsorted(at_most, 0.025)
    most = np.searchsorted(at_most, 0.975)
    ends = [0.0, *sorted(values), math.inf]
    return ends[fewest], ends[most + 1]


def time_round(
    a: Callable[[str], object], b: Callable[[str], object], texts: Sequence[str], clock: Callable[[], float]
) -> float:
    """B's time over A's in one round: a block of all texts to A, B, B, A. Each block counts by its median, and the round
    by the geometric mean of both halves' ratios.

    Args:
        clock: gives the time in ms.
    """
    blocks = []
    for subject in (a, b, b, a):
        taken = []
        for text in texts:
            begin = clock()
            subject(text)
            taken.append(clock() - begin)
        blocks.append(np.median(taken))
    first, second, third, fourth = blocks
    return math.sqrt(second / first * third / fourth)


def told_apart(ratios: Sequence[float] | np.ndarray) -> str:
    """What the rounds' ratios, B's time over A's, say of B."""
    low, high = percentile_bounds(ratios, 50)
    if low > 1:
        return "slower"
    if high < 1:
        return "faster"
    return "not told apart"


def found_share(pilot: np.ndarray, effect: float, drawn: np.ndarray) -> float:
    """How often a true difference would be found, and its direction with it.

    Args:
        pilot: ratios of one thing measured twice, [pilot rounds].
        effect: the true difference, 0.05: B takes 5 % more time, -0.05: 5 % less.
        drawn: which of the pilot's rounds each run meets, int [runs, rounds].
    """
    centred = pilot / np.median(pilot)
    runs = (1 + effect) * centred[drawn]
    truth = "slower" if effect > 0 else "faster"
    said = [told_apart(run) for run in runs]
    return said.count(truth) / len(said)


def fair_ratio(
    device_ms: np.ndarray, reference_ms: np.ndarray, device_layers: np.ndarray, reference_layers: np.ndarray
) -> float | None:
    """How many times longer the device takes, the median of the pairs that ran on the same kinds of unit on both sides;
    None where there is no such pair.

    Args:
        device_ms: latency of each pair, [pairs]; the same model, precision and runtime on the reference.
        device_layers: how many layers ran on each kind of unit, [pairs, units].
    """
    same = ((device_layers > 0) == (reference_layers > 0)).all(axis=1)
    if not same.any():
        return None
    return float(np.median(device_ms[same] / reference_ms[same]))
