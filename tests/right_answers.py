"""Right and wrong answers, for tests of what is said of them."""

import numpy as np


def answers(right: int, total: int) -> np.ndarray:
    """So many right ones, first, of so many, bool [total]."""
    return np.arange(total) < right


def scores(rng: np.random.Generator, shape: int | tuple[int, ...], p: float) -> np.ndarray:
    """Right with probability p each, bool of this shape."""
    return rng.random(shape) < p
