"""Quality against the share of requests escalated: the curve of a router, and the figures read off it.

Definitions: RouteLLM (Ong et al. 2024, arXiv 2406.18665, section 2.2). The weak side is the device, the strong one what
it escalates to; outcomes are right (1) or wrong (0), or the probability of being right.
"""

from dataclasses import dataclass

import numpy as np

from edgelab.stats.bootstrap import RESAMPLES, draws, percentile_bounds
from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Curve:
    """`quality[i]` is the mean outcome when the share `share[i]` of the requests, those with the lowest scores, is
    escalated: from 0 to 1, a point for each distinct threshold."""

    share: np.ndarray
    quality: np.ndarray

    @property
    def recovered(self) -> np.ndarray:
        """`pgr` of the quality."""
        return pgr(self.quality)


def pgr(quality: np.ndarray) -> np.ndarray:
    """The performance gap recovered at each point of a curve, from all local (0) to all escalated (1), [points].

    Raises:
        ValueError: the strong side is not better than the weak one: there is no gap.
    """
    weak, strong = quality[0], quality[-1]
    if not strong > weak:
        raise ValueError(f"expected a strong side better than the weak one, found {strong:.4f} and {weak:.4f}")
    return (quality - weak) / (strong - weak)


def curve(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> Curve:
    """The curve of a score (higher: keep local) given both sides' outcomes, all [requests].

    Requests of equal score are escalated together: no threshold could part them.

    Raises:
        ValueError: no requests, or not a score and two outcomes for each.
    """
    score, weak, strong = (np.asarray(values, dtype=np.float64) for values in (score, weak, strong))
    if not len(score) or not score.shape == weak.shape == strong.shape:
        raise ValueError(f"expected a score and two outcomes a request, found {len(score)}, {len(weak)}, {len(strong)}")
    order, ends = _thresholds(score)
    gained = np.cumsum((strong - weak)[order])[ends]
    share = np.append(0.0, (ends + 1) / len(score))
    return Curve(share, weak.mean() + np.append(0.0, gained) / len(score))


def apgr(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    """The average PGR over the share escalated, by the trapezoid rule over all distinct thresholds with 0 and 1 included.

    A random score has 0.5 on average. The oracle's is the most there is: where outcomes are 0 or 1 and escalating helps a
    share a of the requests and spoils a share b, so that the gap is a - b, it is (a - (a**2 + b**2) / 2) / (a - b). That
    is 1 - gap/2 where nothing is spoilt, more where something is, and above 1 once b > (a**2 + b**2) / 2.
    """
    drawn = curve(score, weak, strong)
    return float(np.trapezoid(drawn.recovered, drawn.share))


def cpt(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    """Call-performance threshold: the smallest share escalated at which the PGR is at least `level` (0 to 1); both [points],
    of a curve that may fall again after it has reached the level."""
    return float(share[np.argmax(recovered >= level)])


def oracle(weak: np.ndarray, strong: np.ndarray) -> np.ndarray:
    """The score of a router that knows both outcomes: what escalation helps goes first, what it spoils last."""
    return np.asarray(weak, dtype=np.float64) - np.asarray(strong, dtype=np.float64)


@dataclass(frozen=True)
class Figures:
    """A router's figures with 95 % intervals. `cpt` goes by the share of the gap recovered."""

    apgr: Interval
    cpt: dict[float, Interval]


def figures(
    score: np.ndarray,
    weak: np.ndarray,
    strong: np.ndarray,
    *,
    recovered: tuple[float, ...] = (0.5, 0.95),
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Figures:
    """APGR and CPT with percentile bootstrap intervals over requests (Efron 1979).

    Resamples in which no gap is left (the strong side no better) say nothing of how it is closed, and are left out.

    Raises:
        ValueError: fewer than half of the resamples have a gap: too few requests, or no gap.
    """
    drawn = curve(score, weak, strong)
    whole = _read(drawn.recovered, drawn.share, recovered)
    order, ends = _thresholds(np.asarray(score, dtype=np.float64))
    gain = (np.asarray(strong, dtype=np.float64) - np.asarray(weak, dtype=np.float64))[order]
    rows = []
    for drawn_requests in draws(len(order), resamples, seed):
        # The same requests for every score, so that figures can be compared; counted in the order of this one.
        counts = np.bincount(drawn_requests, minlength=len(order))[order]
        gained = np.append(0.0, np.cumsum(gain * counts)[ends])
        if gained[-1] > 1e-9:
            share = np.append(0.0, np.cumsum(counts)[ends]) / len(order)
            rows.append(_read(gained / gained[-1], share, recovered))
    if len(rows) < resamples / 2:
        raise ValueError(f"expected a gap between the sides, found one in {len(rows)} of {resamples} resamples")
    found = [percentile_bounds(value, column) for value, column in zip(whole, np.transpose(rows), strict=True)]
    return Figures(found[0], dict(zip(recovered, found[1:], strict=True)))


def _thresholds(score: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Requests by rising score, and the position of the last one of each distinct score."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    return order, np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(score) - 1)


def _read(recovered: np.ndarray, share: np.ndarray, levels: tuple[float, ...]) -> list[float]:
    # a sum of hundreds may miss a level by its last bit
    return [float(np.trapezoid(recovered, share)), *(cpt(share, recovered, level - 1e-12) for level in levels)]
