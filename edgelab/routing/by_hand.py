"""What `04_routing` writes by hand, small and on arrays; the notebook sets it beside the room's own `tradeoff.curve`."""

import numpy as np


def quality_curve(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The share of requests escalated and the share that ends well, at each threshold: first none escalated, then all
    requests up to each distinct score, the lowest first, [thresholds + 1] each.

    Args:
        score: higher is more sure, [requests].
        weak, strong: whether the device, and the cloud, is right, bool [requests].
    """
    share, quality = [0.0], [weak.mean()]
    for threshold in np.unique(score):
        escalated = score <= threshold
        share.append(escalated.mean())
        quality.append(np.where(escalated, strong, weak).mean())
    return np.array(share), np.array(quality)
