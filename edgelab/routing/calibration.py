"""Calibration: whether "90 % sure" is right nine times in ten, and the one number that mends most of it."""

from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.softmax import log_softmax

BINS = 15  # as in Guo et al. 2017


def negative_log_likelihood(logits: np.ndarray, label_ids: np.ndarray, temperature: float = 1.0) -> float:
    """The mean of minus the log of the true label's probability; logits [requests, labels], ids [requests]."""
    log_p = log_softmax(np.asarray(logits) / temperature)
    return float(-log_p[np.arange(len(log_p)), label_ids].mean())


def fit_temperature(logits: np.ndarray, label_ids: np.ndarray, *, low: float = 0.05, high: float = 20.0) -> float:
    """The temperature whose probabilities fit the labels best: it minimises the negative log-likelihood (Guo et al. 2017,
    section 4.2). To be fitted on data that the model was not trained on.

    In 1/T the objective is convex, so a golden-section search finds its one minimum.
    """
    golden = (np.sqrt(5) - 1) / 2
    a, b = 1 / high, 1 / low
    while b - a > 1e-7:
        left, right = b - golden * (b - a), a + golden * (b - a)
        if negative_log_likelihood(logits, label_ids, 1 / left) < negative_log_likelihood(logits, label_ids, 1 / right):
            b = right
        else:
            a = left
    return float(2 / (a + b))


def calibration_error(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> float:
    """ECE, the expected calibration error: the gap between mean confidence and accuracy in each of `bins` equal parts
    of 0 to 1, weighed by how many requests fall into it (Naeini et al. 2015; Guo et al. 2017, equation 3).

    Args:
        confidence: probability of the answer, [requests]; a part holds its upper end, not its lower one.
        right: whether the answer was right, bool [requests].
    """
    part = part_of(confidence, bins)
    gaps = np.bincount(part, np.asarray(confidence) - np.asarray(right, dtype=np.float64), minlength=bins)
    return float(np.abs(gaps).sum() / len(part))


def chance_error(confidence: np.ndarray, bins: int = BINS, *, draws: int = 500, seed: int = 0) -> float:
    """The ECE that a perfectly calibrated model of these confidences stays below in 95 of 100 samples of this size: right
    answers are drawn with just those probabilities (the consistency bars of Bröcker & Smith 2007). An ECE below it is no
    sign of miscalibration; a bootstrap interval would not tell, since resampling makes gaps of its own."""
    generator = np.random.default_rng(seed)
    confidence = np.asarray(confidence, dtype=np.float64)
    errors = [calibration_error(confidence, generator.random(len(confidence)) < confidence, bins) for _ in range(draws)]
    return float(np.percentile(errors, 95))


@dataclass(frozen=True)
class Part:
    """One part of the range of confidence: from `low` (excluded) to `high`; of its `requests`, the mean confidence and
    the accuracy with its interval."""

    low: float
    high: float
    requests: int
    confidence: float
    accuracy: Interval


def reliability(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> list[Part]:
    """The reliability diagram: every part that holds a request."""
    part, confidence, right = part_of(confidence, bins), np.asarray(confidence), np.asarray(right)
    return [
        Part(
            i / bins,
            (i + 1) / bins,
            int((part == i).sum()),
            float(confidence[part == i].mean()),
            accuracy_interval(right[part == i]),
        )
        for i in np.unique(part)
    ]


def part_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    """In which of `bins` equal parts of 0 to 1 each confidence lies, int [requests]; a part holds its upper end.

    Raises:
        ValueError: no requests.
    """
    if not len(confidence):
        raise ValueError("expected at least one request, found none")
    return np.clip(np.ceil(np.asarray(confidence) * bins).astype(int) - 1, 0, bins - 1)
