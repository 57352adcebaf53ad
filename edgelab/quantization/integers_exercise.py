"""Cases and mistakes of the exercises on integers and back: `quantize`, `dequantize`, `affine_parameters`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.quantization.by_hand import dequantize, quantize
from edgelab.quantization.grid import affine_parameters

# --- quantize --------------------------------------------------------------------------------------


def _weights(rng: np.random.Generator) -> Iterator[tuple]:
    for shape, bits in (((7,), 8), ((5, 6), 4), ((3, 4), 2)):
        values = rng.normal(size=shape)
        yield values, np.abs(values).max() / (2 ** (bits - 1) - 1), bits  # the largest just fits
        yield rng.normal(scale=3, size=shape), rng.uniform(0.01, 0.02), bits  # most do not
    for bits in (3, 8):
        top = 2 ** (bits - 1) - 1
        halves = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, top - 0.5, top + 0.4, top + 0.6, -top - 0.6, top + 130.0])
        yield 0.25 * halves, 0.25, bits
    yield rng.normal(size=(4, 3)).astype(np.float32), rng.uniform(0.1, 0.5, (1, 3)), 6  # a scale for each column
    yield rng.normal(size=(4, 3)), rng.uniform(0.1, 0.5, (4, 3)), 5  # and for each weight
    yield np.array([-rng.uniform(1, 2)]), 0.01, 8  # alone, and beyond the end


def _held(values: np.ndarray, scale: float | np.ndarray, bottom: int, top: int) -> np.ndarray:
    return np.clip(np.rint(values / scale), bottom, top).astype(np.int8)


QUANTIZE = (
    Mistake(
        "not held",
        lambda values, scale, bits: np.rint(values / scale).astype(np.int64).astype(np.int8),
        "what lies beyond the ends must stop there, at -top and top: clip before the type becomes int8, which wraps around.",
    ),
    Mistake(
        "clipped too late",
        lambda values, scale, bits: np.clip(
            np.rint(values / scale).astype(np.int64).astype(np.int8), 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1
        ),
        "int8 wraps around: 128 becomes -128, and clipping comes too late. Clip first, then change the type.",
    ),
    Mistake(
        "cut off",
        lambda values, scale, bits: np.clip(values / scale, 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1).astype(np.int8),
        "a change of type cuts the decimals off, 1.9 becomes 1: round with np.rint first.",
    ),
    Mistake(
        "rounded down",
        lambda values, scale, bits: np.clip(np.floor(values / scale), 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1).astype(
            np.int8
        ),
        "np.floor rounds down: the nearest integer is asked for.",
    ),
    Mistake(
        "halves always up",
        lambda values, scale, bits: np.clip(
            np.floor(values / scale + 0.5), 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1
        ).astype(np.int8),
        "a half goes to the EVEN neighbour, as np.rint does it: 0.5 becomes 0, and 1.5 becomes 2.",
    ),
    Mistake(
        "one more below",
        lambda values, scale, bits: _held(values, scale, -(2 ** (bits - 1)), 2 ** (bits - 1) - 1),
        "the grid is symmetric: it has no -2^(bits - 1), whose opposite is missing.",
    ),
    Mistake(
        "one too many",
        lambda values, scale, bits: _held(values, scale, 1 - 2 ** (bits - 1), min(127, 2 ** (bits - 1))),
        "top is 2^(bits - 1) - 1: at 8 bits 127, at 2 bits 1.",
    ),
    Mistake(
        "the sign forgotten",
        lambda values, scale, bits: _held(values, scale, -min(127, 2**bits - 1), min(127, 2**bits - 1)),
        "one of the bits is the sign: 2^bits - 1 is the number of integers, half of them lie below 0.",
    ),
    Mistake(
        "always 8 bits",
        lambda values, scale, bits: _held(values, scale, -127, 127),
        "bits is not used: fewer bits end earlier.",
    ),
    Mistake(
        "nothing below 0",
        lambda values, scale, bits: _held(values, scale, 0, 2 ** (bits - 1) - 1),
        "weights are negative, too: the integers begin at -top.",
    ),
    Mistake(
        "multiplied",
        lambda values, scale, bits: _held(values * scale, 1.0, 1 - 2 ** (bits - 1), 2 ** (bits - 1) - 1),
        "how many steps of `scale` fit into a value? Divide; the multiplication is the way back.",
    ),
)

# --- dequantize ------------------------------------------------------------------------------------


def _stored(rng: np.random.Generator) -> Iterator[tuple]:
    for shape in ((6,), (4, 5)):
        yield rng.integers(-127, 128, shape).astype(np.int8), rng.uniform(0.01, 0.1)
        yield rng.integers(0, 256, shape).astype(np.uint8), rng.uniform(0.01, 0.1), np.uint8(rng.integers(100, 200))
    yield np.array([0, 1, 254, 255], np.uint8), rng.uniform(0.1, 1), np.uint8(255)  # all at or below 0.0
    yield np.array([-127, 0, 127], np.int8), rng.uniform(0.1, 1), np.int8(rng.integers(-100, -50))
    yield rng.integers(-7, 8, (5, 3)).astype(np.int8), rng.uniform(0.1, 1, (1, 3)).astype(np.float32)
    yield rng.integers(0, 16, (2, 4)).astype(np.uint8), rng.uniform(0.1, 1, (2, 1)), np.array([[3], [9]], np.uint8)


DEQUANTIZE = (
    Mistake(
        "wrapped around",
        lambda integers, scale, zero_point=0: (integers - integers.dtype.type(zero_point)) * scale,
        "in 8 bits 3 - 5 is 254: make floats of the integers first, then subtract.",
    ),
    Mistake(
        "no zero point",
        lambda integers, scale, zero_point=0: integers.astype(np.float32) * scale,
        "zero_point is the integer that stands for 0.0: how far from IT is each integer?",
    ),
    Mistake(
        "zero point after the scale",
        lambda integers, scale, zero_point=0: integers.astype(np.float32) * scale - zero_point,
        "the zero point is an integer, one of the grid's: subtract it before the scale multiplies.",
    ),
    Mistake(
        "zero point added",
        lambda integers, scale, zero_point=0: (integers.astype(np.float32) + zero_point) * scale,
        "the integer zero_point must come back as 0.0: subtract.",
    ),
    Mistake(
        "the other way round",
        lambda integers, scale, zero_point=0: (zero_point - integers.astype(np.float32)) * scale,
        "a larger integer stands for a larger number: what is subtracted from what?",
    ),
    Mistake(
        "divided",
        lambda integers, scale, zero_point=0: (integers.astype(np.float32) - zero_point) / scale,
        "dividing was the way there: a step is as wide as the scale.",
    ),
    Mistake(
        "still integers",
        lambda integers, scale, zero_point=0: np.rint((integers.astype(np.float32) - zero_point) * scale),
        "floats come back: no rounding on this way.",
    ),
    Mistake(
        "never below 0",
        lambda integers, scale, zero_point=0: np.maximum(integers.astype(np.float32) - zero_point, 0) * scale,
        "integers below the zero point stand for negative numbers.",
    ),
)

# --- affine_parameters -----------------------------------------------------------------------------


def _ranges(rng: np.random.Generator) -> Iterator[tuple]:
    for shape in ((), (5,)):
        for bits in (4, 8):
            yield -rng.uniform(0.1, 3, shape), rng.uniform(0.1, 6, shape), bits
    yield rng.uniform(1, 2), rng.uniform(3, 9), 8  # 0 lies below the range,
    yield -rng.uniform(3, 9, 4), -rng.uniform(1, 2, 4), 3  # and above it
    yield np.array([0.0, -0.5, 0.0]), np.array([0.0, 0.0, rng.uniform(1, 2)]), 8  # a range of 0 alone; an end at 0
    yield 0.0, 0.0, 4
    yield -2.5, 12.5, 4  # the zero point lies between two integers


def _affine(
    low: np.ndarray,
    high: np.ndarray,
    bits: int,
    *,
    widen: Callable[[np.ndarray, np.ndarray], tuple] = lambda low, high: (np.minimum(low, 0), np.maximum(high, 0)),
    steps: int = -1,
    rounded: Callable[[np.ndarray], np.ndarray] = np.rint,
    sign: int = -1,
    guard: bool = True,
) -> tuple[np.ndarray, np.ndarray]:
    low, high = widen(low, high)
    scale = (high - low) / (2**bits + steps)
    scale = np.where(scale > 0, scale, 1) if guard else scale
    return scale, rounded(sign * low / scale)


def _with(**changes: object) -> Callable:
    return lambda low, high, bits: _affine(low, high, bits, **changes)  # type: ignore[arg-type]


AFFINE = (
    Mistake(
        "zero left outside",
        _with(widen=lambda low, high: (low, high)),
        "0.0 must come back exactly: widen the range first, low = min(low, 0) and high = max(high, 0).",
    ),
    Mistake(
        "only low widened",
        _with(widen=lambda low, high: (np.minimum(low, 0), high)),
        "a range may also lie wholly below 0: then high must be raised to 0.",
    ),
    Mistake(
        "one step too many",
        _with(steps=0),
        "2^bits integers have 2^bits - 1 steps between them, as five fingers have four gaps.",
    ),
    Mistake(
        "zero point not rounded",
        _with(rounded=lambda x: x),
        "the zero point is an integer too, else 0.0 does not come back exactly: round it.",
    ),
    Mistake(
        "zero point cut off",
        _with(rounded=np.floor),
        "the zero point goes to the NEAREST integer: np.rint, not floor and not a change of type.",
    ),
    Mistake(
        "halves always up",
        _with(rounded=lambda x: np.floor(x + 0.5)),
        "a half goes to the even neighbour, as np.rint does it.",
    ),
    Mistake(
        "sign of the zero point",
        _with(sign=1),
        "low stands at integer 0 and 0.0 above it: the zero point is -low / scale.",
    ),
    Mistake(
        "nothing to divide by",
        _with(guard=False),
        "where low and high are both 0 the scale would be 0, and x / scale no number: take 1 there.",
    ),
    Mistake(
        "symmetric",
        lambda low, high, bits: (
            np.maximum(np.maximum(np.abs(low), np.abs(high)), 1e-12) / (2 ** (bits - 1) - 1),
            np.zeros_like(low),
        ),
        "that is the symmetric grid: here all 2^bits integers lie between low and high.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercises on a symmetric grid to a notebook's registry."""
    check.function(
        quantize,
        cases=_weights,
        nudge="Which is the largest integer of so many bits, the sign among them? What becomes of a value beyond it?",
        mistakes=QUANTIZE,
    )
    check.function(
        dequantize,
        cases=_stored,
        nudge="Which number must the integer zero_point give? And what is 3 - 5 in uint8?",
        mistakes=DEQUANTIZE,
    )


def register_affine(check: Checks) -> None:
    """Add the exercise on a grid that is not symmetric."""
    check.function(
        affine_parameters,
        cases=_ranges,
        nudge="First widen the range to hold 0, with np.minimum and np.maximum. Then: how many steps lie between the "
        "integers 0 and 2^bits - 1, and how many of them between low and 0.0?",
        mistakes=AFFINE,
    )
