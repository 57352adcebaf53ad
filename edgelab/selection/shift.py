"""A shift in traffic, noticed from scores alone: nobody labels what comes in, but the model says how sure it is.

A window of live scores is compared with those of validation. How far apart they must be for an alarm is found by
permutation: were both of the same traffic, it would not matter which score came from which, so that at most a share
alpha of ordinary windows raises an alarm, whatever the scores' distribution and however many are tied.
"""

from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval

STATISTICS = ("ks", "psi", "rank")


@dataclass(frozen=True)
class Notice:
    """How far a window's scores lie from the reference's by a statistic; above `threshold` it is an alarm. `p_value`: the
    chance of as much in ordinary traffic."""

    statistic: float
    threshold: float
    p_value: float
    alarm: bool


def distance(reference: np.ndarray, window: np.ndarray, statistic: str = "ks") -> float:
    """How far two samples of scores lie apart.

    Args:
        statistic: `ks`: the largest gap between the shares below a score (Kolmogorov-Smirnov). `psi`: the population
            stability index over ten bins, equally full of both together. `rank`: how far from 1/2 the chance is that a
            live score is below one of the reference's (Mann-Whitney).

    Raises:
        ValueError: an empty sample, a score that is no number, or an unknown statistic.
    """
    raise NotImplementedError


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

    Raises:
        ValueError: as `distance`; or so few permutations that no window could ever be an alarm at `alpha`.
    """
    raise NotImplementedError


def alarm_rate(
    ordinary: np.ndarray,
    new: np.ndarray,
    share: float,
    statistic: str = "ks",
    *,
    window: int,
    threshold: float | None = None,
    alpha: float = 0.05,
    trials: int = 200,
    seed: int = 0,
) -> Interval:
    """The share of windows that raise an alarm when `share` of each is new traffic: at 0 the false alarms, else the power.

    In each trial the ordinary scores are divided anew, without replacement, into the window's ordinary part and the
    reference (all others).

    Args:
        ordinary: scores of ordinary traffic, [requests]. new: of the new traffic, [requests].
        window: requests in a window.
        threshold: a fixed one, as rules of thumb have (PSI 0.2); None: by permutation at `alpha`.

    Raises:
        ValueError: too few scores for such windows.
    """
    raise NotImplementedError
