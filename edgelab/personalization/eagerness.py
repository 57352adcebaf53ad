"""How eagerly a person's commands are heard: a number added to all their logits, set on the base's validation split.

It moves along the trade-off without learning anew: the higher, the more of the person's phrases are understood and the
more of the base's requests are taken for one.
"""

import numpy as np


def eagerness(
    base_logits: np.ndarray, own_logits: np.ndarray, labels: np.ndarray, before: np.ndarray, loss: float
) -> float:
    """The largest number to add to a person's logits that costs at most a share `loss` of the examples.

    Where learning itself has cost that much already, the number is such that the commands take none of what is right.

    Args:
        base_logits: with the adapter, [examples, labels]; own_logits: [examples, commands].
        labels: the right label of each example, int [examples].
        before: whether the base alone is right, bool [examples].
    """
    still = base_logits.argmax(1) == labels
    room = np.sort((base_logits.max(1) - own_logits.max(1))[still])  # what may be added before an example is taken
    allowed = int(still.sum() - (before.sum() - int(loss * len(labels))))
    if allowed >= len(room):
        return float(room[-1] if len(room) else 0.0)
    return float(np.nextafter(np.float32(room[max(0, allowed)]), np.float32(-np.inf)))
