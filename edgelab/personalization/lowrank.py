"""LoRA in NumPy: what a pair of thin matrices adds to a weight (Hu et al. 2021)."""

from collections.abc import Sequence

import numpy as np


def lora_update(a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """What the pair adds: `scale * b @ a`, [outputs, inputs], from a [rank, inputs] and b [outputs, rank]. Its rank is at
    most theirs, its numbers many more than their rank * (inputs + outputs)."""
    return np.asarray(scale * (b @ a), dtype=np.float32)


def merged(weight: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """The weight [outputs, inputs] with its update: `merged(...) @ x` is `weight @ x + scale * b @ (a @ x)`. A merged model
    is as fast as before, and one person's alone; unmerged pairs can be swapped."""
    return weight + lora_update(a, b, scale)


def with_pair(x: np.ndarray, weight: np.ndarray, a: np.ndarray, b: np.ndarray, scale: float) -> np.ndarray:
    """What a layer with a pair answers, [texts, outputs], to x [texts, inputs]; weight [outputs, inputs]. Only thin
    products besides the weight's own: the pair's update, as large as the weight, is never formed."""
    thin = x @ a.T
    added = thin @ b.T
    return x @ weight.T + scale * added


def largest_rank(shapes: Sequence[tuple[int, int]], room_bytes: int, bytes_each: int = 4) -> int:
    """The largest rank at which pairs beside weights of these shapes, [outputs, inputs], fit into so many bytes; 0 where
    not even rank 1 does."""
    numbers = sum(outputs + inputs for outputs, inputs in shapes)
    a_rank = bytes_each * numbers
    if not a_rank:
        return 0
    return room_bytes // a_rank
