"""Which models are worth looking at: those that no other beats in everything."""

import numpy as np


def pareto_front(values: np.ndarray, larger_is_better: np.ndarray) -> np.ndarray:
    """Whether each model is on the Pareto front: no other is at least as good in every measure and better in one.

    Args:
        values: [models, measures]. A model with a NaN was not measured: it neither is on the front nor keeps others off.
        larger_is_better: bool [measures].

    Returns:
        bool [models]. Of models alike in everything all are on it, or none.

    Raises:
        ValueError: not one direction for each measure.
    """
    values, larger = np.asarray(values, dtype=np.float64), np.asarray(larger_is_better, dtype=bool)
    if values.ndim != 2 or larger.shape != values.shape[1:]:
        raise ValueError(f"expected [models, measures] and a direction a measure, found {values.shape}, {larger.shape}")
    good = np.where(larger, values, -values)
    measured = ~np.isnan(values).any(axis=1)
    # [i, j]: j beats i. A comparison with NaN is false, so what was not measured never beats.
    beaten = (good[None] >= good[:, None]).all(-1) & (good[None] > good[:, None]).any(-1)
    on_front: np.ndarray = measured & ~np.any(beaten, axis=1)
    return on_front
