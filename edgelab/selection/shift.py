"""A shift in traffic, noticed from scores alone: nobody labels what comes in, but the model says how sure it is.

A window of live scores is compared with those of validation. How far apart they must be for an alarm is found by
permutation: were both of the same traffic, it would not matter which score came from which. So at most a share alpha of
ordinary windows raises an alarm, whatever the scores' distribution and however many are tied. That holds on average
over validation sets: one that is odd itself raises more alarms with every window, or fewer.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval, accuracy_interval

BINS = 10  # of the population stability index, as is usual


@dataclass(frozen=True)
class Notice:
    """How far a window's scores lie from the reference's by a statistic, and an alarm if that is above `threshold`.
    `p_value`: the chance of so much or more in ordinary traffic, at most."""

    statistic: float
    threshold: float
    p_value: float
    alarm: bool


@dataclass(frozen=True)
class _Pooled:
    """Both samples' scores in ascending order: whether each is the last of its ties, bool [scores]; its mean rank among
    them, from 1, [scores]; its bin, int [scores]. What of these is of the window is for the statistics to be told."""

    last: np.ndarray
    rank: np.ndarray
    bins: np.ndarray


def _ks(pooled: _Pooled, in_window: np.ndarray) -> float:
    below = np.cumsum(in_window)
    window, reference = below[-1], len(in_window) - below[-1]
    gaps = below / window - (np.arange(1, len(below) + 1) - below) / reference
    return float(np.abs(gaps[pooled.last]).max())


def _psi(pooled: _Pooled, in_window: np.ndarray) -> float:
    more = 0.5 / len(
        in_window
    )  # for an empty bin, which has no logarithm; the same for both, so that alike stays alike
    live, known = (
        (np.bincount(pooled.bins[which], minlength=BINS) / which.sum() + more) / (1 + BINS * more)
        for which in (in_window, ~in_window)
    )
    return float(((live - known) * np.log(live / known)).sum())


def _rank(pooled: _Pooled, in_window: np.ndarray) -> float:
    window = int(in_window.sum())
    above = pooled.rank[in_window].mean() - (window + 1) / 2  # of the reference's scores, for one of the window's
    return float(abs(above / (len(in_window) - window) - 0.5))


STATISTICS: dict[str, Callable[[_Pooled, np.ndarray], float]] = {"ks": _ks, "psi": _psi, "rank": _rank}


def distance(reference: np.ndarray, window: np.ndarray, statistic: str = "ks") -> float:
    """How far two samples of scores lie apart.

    Args:
        statistic: `ks`: the largest gap between the shares below a score (Kolmogorov-Smirnov). `psi`: the population
            stability index over ten bins, equally full of both together. `rank`: how far from 1/2 the chance is that a
            live score is above one of the reference's (Mann-Whitney).

    A `ValueError` says that a sample is empty, a score is no number, or the statistic is unknown.
    """
    return _of(statistic)(*_pool(reference, window))


def notice(
    reference: np.ndarray,
    window: np.ndarray,
    statistic: str = "ks",
    *,
    alpha: float = 0.05,
    permutations: int = 199,
    seed: int = 0,
) -> Notice:
    """Whether a window [requests] of live scores is of other traffic than the reference's [examples].

    A `ValueError` says what `distance` says, or that with so few permutations no window could ever be an alarm at `alpha`.
    """
    measure, (pooled, in_window) = _of(statistic), _pool(reference, window)
    found = measure(pooled, in_window)
    generator = np.random.default_rng(seed)
    drawn = np.array([measure(pooled, generator.permutation(in_window)) for _ in range(permutations)])
    p_value = (1 + int((drawn >= found - 1e-12).sum())) / (1 + permutations)  # sums may differ in the last digit
    return Notice(found, _quantile(drawn, alpha), p_value, p_value <= alpha)


def alarm_threshold(
    scores: np.ndarray,
    window: int,
    statistic: str = "ks",
    *,
    alpha: float = 0.05,
    permutations: int = 999,
    seed: int = 0,
) -> float:
    """The distance above which a window of so many requests is an alarm, found once, on scores of ordinary traffic: they
    are divided at random into such a window and the others, again and again. A `ValueError` as of `notice`.
    """
    measure, (pooled, in_window) = _of(statistic), _pool(scores[window:], scores[:window])
    generator = np.random.default_rng(seed)
    return _quantile([measure(pooled, generator.permutation(in_window)) for _ in range(permutations)], alpha)


def alarm_rate(
    ordinary: np.ndarray,
    new: np.ndarray,
    share: float,
    threshold: float,
    statistic: str = "ks",
    *,
    window: int,
    trials: int = 500,
    seed: int = 0,
) -> Interval:
    """The share of windows that raise an alarm when `share` of each is new traffic: at 0 the false alarms, else the power.

    In each trial the ordinary scores are divided anew into a reference and a window's worth, some of which then give
    their places to scores of the new traffic; none is drawn twice.

    Args:
        ordinary: scores of ordinary traffic, [requests]. new: of the new traffic, [requests].
        threshold: `alarm_threshold` of the ordinary scores, or a rule of thumb, such as 0.2 for `psi`.
        window: requests in a window.

    Raises:
        ValueError: fewer scores than such windows need; or as `distance`.
    """
    fresh = round(share * window)
    if not (window < len(ordinary) and fresh <= len(new)):
        raise ValueError(
            f"expected more than {window} ordinary scores and {fresh} new ones, found {len(ordinary)} and {len(new)}"
        )
    generator = np.random.default_rng(seed)
    alarms = []
    for _ in range(trials):
        known = generator.permutation(ordinary)
        live = np.concatenate([known[: window - fresh], generator.choice(new, fresh, replace=False)])
        alarms.append(distance(known[window:], live, statistic) > threshold)
    return accuracy_interval(np.array(alarms))


def _of(statistic: str) -> Callable[[_Pooled, np.ndarray], float]:
    if statistic not in STATISTICS:
        raise ValueError(f"statistic: expected one of {', '.join(STATISTICS)}, found {statistic!r}")
    return STATISTICS[statistic]


def _pool(reference: np.ndarray, window: np.ndarray) -> tuple[_Pooled, np.ndarray]:
    """Both together, and which of them are the window's, bool [scores].

    Raises:
        ValueError: one is empty, or a score is no number.
    """
    scores = np.concatenate([reference, window]).astype(float)
    if min(len(reference), len(window)) == 0 or not np.isfinite(scores).all():
        raise ValueError(
            f"expected finite scores in both, found {len(reference)} and {len(window)}, "
            f"{int((~np.isfinite(scores)).sum())} of them none"
        )
    order = np.argsort(scores, kind="stable")
    ascending = scores[order]
    last = np.append(ascending[1:] != ascending[:-1], True)
    ends = np.flatnonzero(last) + 1
    starts = np.concatenate([[0], ends[:-1]])
    rank = np.repeat((starts + 1 + ends) / 2, ends - starts)
    edges = np.quantile(ascending, np.arange(1, BINS) / BINS)
    return _Pooled(last, rank, np.searchsorted(edges, ascending, side="right")), order >= len(reference)


def _quantile(drawn: list[float] | np.ndarray, alpha: float) -> float:
    """The smallest of the distances drawn in ordinary traffic that at most a share alpha of distances, one more counted,
    exceeds.

    Raises:
        ValueError: there are too few for any.
    """
    most = int(alpha * (len(drawn) + 1) + 1e-9)  # of so many, the one in question among them
    if most < 1:
        raise ValueError(f"expected at least {int(np.ceil(1 / alpha)) - 1} permutations at {alpha}, found {len(drawn)}")
    return float(np.sort(drawn)[-most])
