"""What distillation loses, label by label."""

import numpy as np


def recall_by_label(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """For each label in `gold` the share of its examples that were predicted as it; both [examples] of label names."""
    return {str(label): float(np.mean(predicted[gold == label] == label)) for label in np.unique(gold)}
