"""What `02_quantization` writes by hand, small and on arrays; the room's own `grid` does the same with options, and the notebook
sets the two beside each other."""

import numpy as np


def quantize(values: np.ndarray, scale: float | np.ndarray, bits: int) -> np.ndarray:
    """Values as symmetric integers of so many bits, int8 in their shape: rounded to the nearest step of `scale`, and held
    between -top and top = 2^(bits - 1) - 1."""
    top = 2 ** (bits - 1) - 1
    steps = np.rint(values / scale)
    return np.clip(steps, -top, top).astype(np.int8)


def dequantize(
    integers: np.ndarray, scale: float | np.ndarray, zero_point: int | np.integer | np.ndarray = 0
) -> np.ndarray:
    """The floats that integers stand for: the scale times their distance from the integer that stands for 0.0."""
    steps = integers.astype(np.float32) - zero_point
    return np.asarray(steps * scale)


def scales(matrix: np.ndarray, bits: int, axis: int | None = None) -> np.ndarray:
    """The scales at which the largest weight just fits: one in all, [1, 1], or one for each index along `axis`, of a shape
    that broadcasts against the matrix; 1 where all weights are 0."""
    top = 2 ** (bits - 1) - 1
    across = None if axis is None else 1 - axis
    largest = np.abs(matrix).max(axis=across, keepdims=True)
    return np.where(largest > 0, largest / top, 1)


def block_scales(matrix: np.ndarray, bits: int, block: int) -> np.ndarray:
    """Each weight's scale, in the shape of the matrix: one for every `block` weights down a column, the last block of which
    may be shorter."""
    scale = np.empty(matrix.shape)
    for first in range(0, len(matrix), block):
        rows = slice(first, first + block)
        scale[rows] = scales(matrix[rows], bits, axis=1)
    return scale


def best_clip(matrix: np.ndarray, bits: int, shares: np.ndarray, axis: int) -> np.ndarray:
    """Of the `shares` of the range, for each channel along `axis` the one whose grid has the least squared error; of several
    alike the first. In the shape of `scales(matrix, bits, axis)`."""
    errors = []
    for share in shares:
        scale = share * scales(matrix, bits, axis)
        near = dequantize(quantize(matrix, scale, bits), scale)
        errors.append(np.sum((near - matrix) ** 2, axis=1 - axis, keepdims=True))
    return np.asarray(shares[np.argmin(errors, axis=0)])


def moves(after: np.ndarray, before: np.ndarray, gold: np.ndarray) -> tuple[float, float, float]:
    """The shares of requests that were right and are wrong now, were wrong and are right, and were wrong and are wrong in
    another way.

    Args:
        after: the logits now, [requests, labels].
        before: those of the original.
        gold: the right labels, [requests].
    """
    old, new = before.argmax(axis=1), after.argmax(axis=1)
    broken = (old == gold) & (new != gold)
    repaired = (old != gold) & (new == gold)
    otherwise = (old != gold) & (new != gold) & (new != old)
    return float(broken.mean()), float(repaired.mean()), float(otherwise.mean())


def stored_bytes(rows: int, columns: int, bits: int, axis: int | None = None, block: int | None = None) -> int:
    """Bytes of a matrix stored at `bits` a weight, with its float32 scales: one in all, one for each index along `axis`, or
    one for every `block` weights down a column."""
    count = 1 if axis is None else (rows, columns)[axis]
    if block is not None:
        count = -(-rows // block) * columns
    return -(-rows * columns * bits // 8) + 4 * count
