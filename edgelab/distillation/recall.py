"""What distillation loses, label by label."""

import numpy as np


def recall_by_label(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """For each label in `gold` the share of its examples that were predicted as it; both [examples] of label names."""
    shares = {}
    for label in np.unique(gold):
        own = gold == label
        shares[str(label)] = float(np.mean(predicted[own] == label))
    return shares


def taken_for(predicted: np.ndarray, gold: np.ndarray) -> dict[str, str]:
    """For each label in `gold` what its examples were called most often, of equally frequent names the first in the
    alphabet; both [examples] of label names."""
    names = {}
    for label in np.unique(gold):
        called, times = np.unique(predicted[gold == label], return_counts=True)
        names[str(label)] = str(called[times.argmax()])
    return names
