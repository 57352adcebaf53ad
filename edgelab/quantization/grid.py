"""Numbers to integers and back: the grids that few bits can stand for, in NumPy.

A real number is stored as an integer q and read back as scale * (q - zero_point). Sources: Jacob and others 2018,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference"; the ONNX operators
QuantizeLinear and DynamicQuantizeLinear, whose conventions are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypedDict, Unpack

import numpy as np

CLIPS = (1.0, 0.9, 0.8)  # shares of a row's largest weight tried as the end of the scale


def row_grid(weights: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Symmetric integers, int8 [rows, columns], and a scale for each row, float32 [rows, 1].

    Of the three clipping points the one of least squared error is kept, row by row. Weights that lie on such a grid
    already come back unchanged.
    """
    found = quantize(weights, bits, axis=0, clip=best_clip(weights, bits, CLIPS, 0))
    return found.integers, found.scale.astype(np.float32)


@dataclass(frozen=True)
class Quantized:
    """Integers of `bits`, int8 or uint8, with the `scale` and `zero_point` that read them back. Both are numbers, or
    arrays that broadcast against the integers."""

    integers: np.ndarray
    scale: np.ndarray
    zero_point: np.ndarray
    bits: int

    def dequantize(self) -> np.ndarray:
        """The floats that the integers stand for, in their shape."""
        return self.scale * (self.integers.astype(np.float32) - self.zero_point)


class GridOptions(TypedDict, total=False):
    """What `quantize` can be told of the grid."""

    symmetric: bool
    axis: int | None
    block: int | None
    clip: float | np.ndarray


def quantize(
    values: np.ndarray,
    bits: int,
    *,
    symmetric: bool = True,
    axis: int | None = None,
    block: int | None = None,
    clip: float | np.ndarray = 1.0,
) -> Quantized:
    """Round to the nearest of the numbers that `bits` (2-8) can stand for.

    Args:
        symmetric: integers from -top to top, zero point 0, as for weights; else from 0 up with a zero point, as for
            activations.
        axis: None for one scale in all; else one for each index along this axis (per channel).
        block: with an axis, one scale for each run of so many values along it instead.
        clip: the share of the values' range that is kept; what lies beyond is moved to its end.

    Raises:
        ValueError: a number of bits out of range, or values that are not finite.
    """
    if not 2 <= bits <= 8:
        raise ValueError(f"expected 2 to 8 bits, found {bits}")
    if not np.isfinite(values).all():
        raise ValueError("expected finite values, found infinity or NaN")
    low, high = (clip * _reduce(f, values, axis, block) for f in (np.minimum, np.maximum))
    dtype: type[np.integer]
    if symmetric:
        bottom, top, dtype = -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1, np.int8
        scale, zero_point = symmetric_scale(low, high, bits), np.zeros_like(low)
    else:
        bottom, top, dtype = 0, 2**bits - 1, np.uint8
        scale, zero_point = affine_parameters(low, high, bits)
    integers = np.clip(np.rint(values / scale) + zero_point, bottom, top).astype(dtype)
    return Quantized(integers, scale, zero_point, bits)


def fake_quantize(values: np.ndarray, bits: int, **options: Unpack[GridOptions]) -> np.ndarray:
    """`quantize` and back: floats that `bits` can stand for, in the shape of `values`."""
    return quantize(values, bits, **options).dequantize()


def symmetric_scale(low: np.ndarray, high: np.ndarray, bits: int) -> np.ndarray:
    """The step of a grid from -top to top, top = 2^(bits - 1) - 1, that reaches the larger of the two ends."""
    scale = np.maximum(np.abs(low), np.abs(high)) / (2 ** (bits - 1) - 1)
    return np.where(scale > 0, scale, 1)  # all zeros: any scale will do, but not a division by it


def affine_parameters(low: np.ndarray, high: np.ndarray, bits: int) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point of integers from 0 to 2^bits - 1 that span `low` to `high`.

    The range is first widened to hold 0, so that 0.0 (padding, a ReLU) comes back exactly.
    """
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    scale = (high - low) / (2**bits - 1)
    scale = np.where(scale > 0, scale, 1)
    return scale, np.rint(-low / scale)


def best_clip(
    values: np.ndarray, bits: int, shares: np.ndarray | Sequence[float], axis: int | None = None
) -> np.ndarray:
    """Of the `shares` of the range the one whose symmetric grid has the least squared error; for each channel along
    `axis`, or one in all."""
    errors = np.stack(
        [_reduce(np.add, (fake_quantize(values, bits, axis=axis, clip=s) - values) ** 2, axis, None) for s in shares]
    )
    return np.asarray(shares)[errors.argmin(0)]


def _reduce(function: np.ufunc, values: np.ndarray, axis: int | None, block: int | None) -> np.ndarray:
    """`function` over the values that share a scale; the result broadcasts against `values`."""
    if axis is None:
        return function.reduce(values, axis=None)
    axis %= values.ndim
    if block is None:
        return function.reduce(values, axis=tuple(i for i in range(values.ndim) if i != axis), keepdims=True)
    length = values.shape[axis]
    return np.repeat(function.reduceat(values, range(0, length, block), axis), block, axis).take(range(length), axis)


def packed_bytes(shape: tuple[int, int], axis: int, bits: int) -> int:
    """Bytes of a matrix stored at `bits` a value, with one float32 scale for each index along `axis`."""
    return -(-shape[0] * shape[1] * bits // 8) + 4 * shape[axis]
