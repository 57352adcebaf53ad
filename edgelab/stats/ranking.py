"""How well a score tells two kinds apart."""

import numpy as np

from edgelab.stats.bootstrap import RESAMPLES, percentile_bounds
from edgelab.stats.intervals import Interval


def auroc(score: np.ndarray, positive: np.ndarray) -> float:
    """The probability that a positive example scores above a negative one, ties counting half (Mann-Whitney).

    Raises:
        ValueError: all examples are positive, or none.
    """
    score, positive = np.asarray(score, dtype=np.float64), np.asarray(positive, dtype=bool)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        raise ValueError(f"expected examples of both kinds, found {positives} and {negatives}")
    values, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    middle = np.cumsum(counts) - (counts - 1) / 2  # the mean rank, from 1, of the examples of each value
    return float((middle[inverse][positive].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def auroc_interval(score: np.ndarray, positive: np.ndarray, seed: int = 0) -> Interval:
    """`auroc` with its 95 % percentile interval: examples of either kind are drawn anew among their own, so that every draw
    has both kinds. A `ValueError` says that one is missing."""
    score, positive = np.asarray(score, dtype=np.float64), np.asarray(positive, dtype=bool)
    value, generator = auroc(score, positive), np.random.default_rng(seed)
    kinds = np.flatnonzero(positive), np.flatnonzero(~positive)
    drawn = (np.concatenate([generator.choice(kind, len(kind)) for kind in kinds]) for _ in range(RESAMPLES))
    return percentile_bounds(value, [auroc(score[places], positive[places]) for places in drawn])
