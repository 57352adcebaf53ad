"""Columns of logits and the labels that they stand for."""

from collections.abc import Sequence

import numpy as np


def in_our_order(logits: np.ndarray, theirs: Sequence[str], ours: Sequence[str]) -> np.ndarray:
    """Logits whose columns stand for `theirs`, with their columns in the order of `ours`: [examples, len(ours)].

    Raises:
        ValueError: one of `ours` is not among `theirs`.
    """
    places = []
    for label in ours:
        if label not in theirs:
            raise ValueError(f"expected a column for {label}, found {', '.join(theirs)}")
        places.append(list(theirs).index(label))
    return logits[:, places]
