"""Which models are worth looking at: those that no other beats in everything."""

import numpy as np


def pareto_front(values: np.ndarray, larger_is_better: np.ndarray) -> np.ndarray:
    """Whether each model is on the Pareto front: no other is at least as good in every measure and better in one.

    Args:
        values: [models, measures]. A model with a NaN was not measured: it neither is on the front nor keeps others off.
        larger_is_better: bool [measures].

    Returns:
        bool [models]. Of models alike in everything all are on it, or none.
    """
    raise NotImplementedError
