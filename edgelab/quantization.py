"""Few bits: the mathematics of quantization in NumPy, what it changes, and how bits are shared out over layers.

A real number is stored as an integer q and read back as scale * (q - zero_point). Sources: Jacob and others 2018,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference"; the ONNX operators
QuantizeLinear and DynamicQuantizeLinear, whose conventions are kept.
"""

from dataclasses import dataclass

import numpy as np

from edgelab.distillation import soft_label_loss
from edgelab.measurement import Interval, accuracy_interval

INT16 = np.iinfo(np.int16)


# --- numbers to integers and back ---------------------------------------------------------------


@dataclass(frozen=True)
class Quantized:
    """Integers of `bits`, int8 or uint8, with the `scale` and `zero_point` that read them back. Both are numbers, or
    arrays that broadcast against the integers."""

    integers: np.ndarray
    scale: np.ndarray
    zero_point: np.ndarray
    bits: int

    def dequantize(self) -> np.ndarray:
        return self.scale * (self.integers.astype(np.float32) - self.zero_point)


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
    if symmetric:
        bottom, top, dtype = -(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1, np.int8
        scale, zero_point = symmetric_scale(low, high, bits), np.zeros_like(low)
    else:
        bottom, top, dtype = 0, 2**bits - 1, np.uint8
        scale, zero_point = affine_parameters(low, high, bits)
    integers = np.clip(np.rint(values / scale) + zero_point, bottom, top).astype(dtype)
    return Quantized(integers, scale, zero_point, bits)


def fake_quantize(values: np.ndarray, bits: int, **options) -> np.ndarray:
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


def best_clip(values: np.ndarray, bits: int, shares: np.ndarray, axis: int | None = None) -> np.ndarray:
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


# --- arithmetic on integers ---------------------------------------------------------------------


def saturating_matmul(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The product of uint8 [m, k] and int8 [k, n] as x86 without VNNI computes it, int32 [m, n].

    Its instruction `vpmaddubsw` adds the products of neighbours, 2i and 2i + 1, in int16: a sum beyond -32,768 or
    32,767 sticks there. All else is exact. With 7-bit weights 2 x 255 x 64 = 32,640 always fits.
    """
    products = a[:, :, None].astype(np.int32) * b[None].astype(np.int32)
    starts = range(0, a.shape[1], 2)
    return np.clip(np.add.reduceat(products, starts, axis=1), INT16.min, INT16.max).sum(1)


# --- what changed -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """A model beside its original on the same examples: `accuracy`; `flips`, the share whose best label is another;
    `kl`, the mean divergence of its probabilities from the original's, in nats."""

    accuracy: Interval
    flips: Interval
    kl: float


def change(logits: np.ndarray, original: np.ndarray, labels: np.ndarray) -> Change:
    """Both logits [examples, labels]; `labels` [examples] holds the right columns."""
    correct = accuracy_interval(logits.argmax(1) == labels)
    return Change(correct, accuracy_interval(flips(logits, original)), soft_label_loss(logits, original, 1.0))


def flips(logits: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Whether the best of the last axis is another than it was, bool."""
    return logits.argmax(-1) != original.argmax(-1)


def answers_flipped(outputs, original) -> np.ndarray:
    """Whether a request's intent or any of its words' tags is another than it was, bool [examples]; both arguments
    are `training.Outputs`."""
    changed = flips(outputs.intent, original.intent)
    if outputs.slots is None:
        return changed
    request = np.repeat(np.arange(len(outputs.words)), outputs.words)
    return changed | (np.bincount(request, flips(outputs.slots, original.slots), len(changed)) > 0)


def divergence(outputs, original) -> float:
    """KL of the intents, plus that of the words' tags where there are slots, in nats; as the training loss adds them."""
    of_slots = 0.0 if outputs.slots is None else soft_label_loss(outputs.slots, original.slots, 1.0)
    return soft_label_loss(outputs.intent, original.intent, 1.0) + of_slots


# --- bits for each layer ------------------------------------------------------------------------


def packed_bytes(shape: tuple[int, int], axis: int, bits: int) -> int:
    """Bytes of a matrix stored at `bits` a value, with one float32 scale for each index along `axis`."""
    return -(-shape[0] * shape[1] * bits // 8) + 4 * shape[axis]


def allocate(
    damage: dict[str, dict[int, float]], size: dict[str, dict[int, int]], budget_bytes: float
) -> dict[str, int]:
    """The bits for each layer that fit a budget in all and do the least damage, summed over layers.

    Exact: layer by layer, only those beginnings of a plan are kept that no other beats in both bytes and damage. But
    damages add up only nearly: measure the whole plan afterwards.

    Args:
        damage: for each layer and number of bits what rounding this layer alone does, such as its divergence.
        size: for each layer and number of bits its bytes.

    Raises:
        ValueError: even the fewest bits do not fit.
    """
    least = sum(min(of.values()) for of in size.values())
    if least > budget_bytes:
        raise ValueError(f"expected room for at least {least:,} bytes, found a budget of {budget_bytes:,}")
    beginnings = [(0, 0.0, {})]
    for layer, of in damage.items():
        longer = [
            (taken + size[layer][bits], harm + more, plan | {layer: bits})
            for taken, harm, plan in beginnings
            for bits, more in of.items()
            if taken + size[layer][bits] <= budget_bytes
        ]
        beginnings = []
        for candidate in sorted(longer, key=lambda c: c[:2]):
            if not beginnings or candidate[1] < beginnings[-1][1]:
                beginnings.append(candidate)
    return beginnings[-1][2]
