"""The exercises of `02_quantization`."""

import functools
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.course.exercises import Checks, Mistake
from edgelab.datasets.loading import load
from edgelab.models.outputs import Outputs
from edgelab.models.tokens import Encoded, encode
from edgelab.quantization.answers import run_file
from edgelab.quantization.arithmetic import saturating_matmul
from edgelab.quantization.damage import answers_flipped
from edgelab.quantization.grid import affine_parameters, best_clip, fake_quantize
from edgelab.quantization.onnx_tools import rounded, weights
from edgelab.workspace import data_home

check = Checks()


# --- affine_parameters --------------------------------------------------------------------------


def _ranges(rng: np.random.Generator) -> Iterator[tuple]:
    for shape in ((), (5,)):
        for bits in (4, 8):
            yield -rng.uniform(0.1, 3, shape), rng.uniform(0.1, 6, shape), bits
    yield rng.uniform(1, 2), rng.uniform(3, 9), 8  # 0 lies below the range,
    yield -rng.uniform(3, 9, 4), -rng.uniform(1, 2, 4), 3  # and above it


def _affine(
    low: np.ndarray,
    high: np.ndarray,
    bits: int,
    *,
    widen: bool = True,
    steps: int = -1,
    rounded: Callable[[np.ndarray], np.ndarray] = np.rint,
    sign: int = -1,
) -> tuple[np.ndarray, np.ndarray]:
    low, high = (np.minimum(low, 0), np.maximum(high, 0)) if widen else (low, high)
    scale = (high - low) / (2**bits + steps)
    return scale, rounded(sign * low / scale)


check.function(
    affine_parameters,
    cases=_ranges,
    nudge="First widen the range to hold 0, with np.minimum and np.maximum. Then: how many steps lie between the "
    "integers 0 and 2^bits - 1, and how many of them between low and 0.0?",
    mistakes=(
        Mistake(
            "zero left outside",
            functools.partial(_affine, widen=False),
            "0.0 must come back exactly: widen the range first, low = min(low, 0) and high = max(high, 0).",
        ),
        Mistake(
            "one step too many",
            functools.partial(_affine, steps=0),
            "2^bits integers have 2^bits - 1 steps between them, as five fingers have four gaps.",
        ),
        Mistake(
            "zero point not rounded",
            functools.partial(_affine, rounded=lambda x: x),
            "the zero point is an integer too, else 0.0 does not come back exactly: round it.",
        ),
        Mistake(
            "sign of the zero point",
            functools.partial(_affine, sign=1),
            "low stands at integer 0 and 0.0 above it: the zero point is -low / scale.",
        ),
    ),
)


# --- saturating_matmul --------------------------------------------------------------------------


def _integers(rng: np.random.Generator) -> Iterator[tuple]:
    for m, k, n in ((1, 4, 3), (3, 16, 5)):
        yield rng.integers(100, 256, (m, k)).astype(np.uint8), rng.integers(-127, 128, (k, n)).astype(np.int8)
        yield rng.integers(200, 256, (m, k)).astype(np.uint8), rng.integers(90, 128, (k, n)).astype(np.int8)


def _pairs(a: np.ndarray, b: np.ndarray, squeeze: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    products = a[:, :, None].astype(np.int64) * b[None].astype(np.int64)
    return squeeze(products[:, 0::2] + products[:, 1::2]).sum(1)


check.function(
    saturating_matmul,
    cases=_integers,
    nudge="Three steps: all products in a wide type, sums of neighbours clipped to int16's range, then the sum of those.",
    mistakes=(
        Mistake(
            "exact",
            lambda a, b: _pairs(a, b, lambda pairs: pairs),
            "that is the exact product. One product alone always fits: clip the sum of each two neighbours.",
        ),
        Mistake(
            "clipped at the end",
            lambda a, b: np.clip(_pairs(a, b, lambda pairs: pairs), -32768, 32767),
            "you clip the whole sum: only the sum of each *pair* is held in int16, the rest in int32.",
        ),
        Mistake(
            "wrapped around",
            lambda a, b: _pairs(a, b, lambda pairs: pairs.astype(np.int16).astype(np.int64)),
            "a sum wrapped around in 16 bits: NumPy multiplies uint8 by int8 in int16. Widen a and b first, then clip.",
        ),
        Mistake(
            "halves instead of neighbours",
            lambda a, b: saturating_matmul(
                np.stack(np.split(a, 2, 1), 2).reshape(a.shape), np.stack(np.split(b, 2), 1).reshape(b.shape)
            ),
            "the pairs are neighbours, 0 and 1, 2 and 3, ...: slice with 0::2 and 1::2.",
        ),
    ),
)


# --- best_clip ----------------------------------------------------------------------------------


def _weights(rng: np.random.Generator) -> Iterator[tuple]:
    for shape, bits in (((12,), 2), ((60,), 4), ((12, 40), 2), ((12, 40), 3)):
        yield rng.standard_t(4, shape), bits, np.sort(rng.uniform(0.15, 1, 8))
    yield rng.uniform(-1, 1, 50), 8, np.linspace(0.2, 1, 5)  # evenly spread: nothing to clip


def _least(values: np.ndarray, bits: int, shares: np.ndarray, measure: Callable[[np.ndarray, float], float]) -> float:
    return shares[int(np.argmin([measure(fake_quantize(values, bits, clip=share), share) for share in shares]))]


check.function(
    best_clip,
    cases=_weights,
    nudge="Try every share: round with it, sum the squared differences to the original values, keep the least.",
    mistakes=(
        Mistake(
            "never clips",
            lambda values, bits, shares: shares[-1],
            "the largest share never clips: at few bits a smaller range errs less in sum. Try them all.",
        ),
        Mistake(
            "the largest error",
            lambda v, bits, s: _least(v, bits, s, lambda near, share: np.abs(near - v).max()),
            "you look at the largest single error: take the sum (or mean) of the squares over all values.",
        ),
        Mistake(
            "against the clipped values",
            lambda v, bits, s: _least(
                v,
                bits,
                s,
                lambda near, share: np.sum((near - np.clip(v, *(share * np.array([v.min(), v.max()])))) ** 2),
            ),
            "you compare with the clipped values, so clipping costs nothing: compare with the original ones.",
        ),
        Mistake(
            "the index",
            lambda v, bits, s: int(np.argmin([np.sum((fake_quantize(v, bits, clip=share) - v) ** 2) for share in s])),
            "that is the place in the list: return the share that stands there.",
        ),
    ),
)


# --- bit_plan -----------------------------------------------------------------------------------

# The brief: the ready-made student's weights in a tenth more bytes than 4 bits everywhere take, with clearly fewer
# changed answers.
MORE_BYTES = 1.1
FEWER = 0.6  # at most so much of what 4 bits everywhere change, on test
BIT_PLAN = {"embedding": 5, "convolution": 6, "deeper.0": 3, "intent": 7, "slots": 6, "slots_from_sentence": 6}


@functools.cache
def _held_out() -> tuple[Path, Encoded, Outputs]:
    """The ready-made model's file, Pocket's test split as it reads it, and its answers in fp32."""
    bundle = data_home() / "bundles" / "pocket"
    encoded = encode(Bundle.load(bundle).tokenizer, load("pocket").test.texts)
    return bundle / "model.onnx", encoded, run_file(bundle / "model.onnx", encoded)


@functools.cache
def _flipped(plan: tuple[tuple[str, int], ...]) -> float:
    """The share of test requests whose intent or slots change under a plan."""
    file, encoded, original = _held_out()
    with tempfile.TemporaryDirectory() as scratch:
        rounded(file, Path(scratch) / "plan.onnx", dict(plan), clipped=True)
        return float(answers_flipped(run_file(Path(scratch) / "plan.onnx", encoded), original).mean())


def _judge_plan(plan: dict) -> list[str]:
    layers = {weight.layer: weight for weight in weights(_held_out()[0])}
    if plan.keys() != layers.keys():
        return [f"expected bits for {', '.join(layers)}; found {', '.join(plan) or 'none'}"]
    if not all(isinstance(bits, int) and 2 <= bits <= 8 for bits in plan.values()):
        return ["expected a whole number of bits from 2 to 8 for each layer"]
    taken = sum(layers[layer].size_bytes(bits) for layer, bits in plan.items())
    budget = int(MORE_BYTES * sum(layer.size_bytes(4) for layer in layers.values()))
    if taken > budget:
        return [f"it takes {taken:,} bytes, the budget is {budget:,}"]
    changed = _flipped(tuple(plan.items())), _flipped(tuple(dict.fromkeys(plan, 4).items()))
    if changed[0] > FEWER * changed[1]:
        share = (
            f"on test {100 * changed[0]:.1f} % of the answers change, with 4 bits everywhere {100 * changed[1]:.1f} %"
        )
        return [f"{share}: expected two fifths fewer; it takes {taken:,} of {budget:,} bytes"]
    return []


check.design(
    "bit_plan",
    BIT_PLAN,
    judge=_judge_plan,
    nudge="Start from 4 bits everywhere. Of one more bit in each layer ask: by how much does its divergence fall, and "
    "for how many bytes? And of one bit less: where does it cost little, and pay for much?",
    mistakes=(
        Mistake(
            "4 bits everywhere",
            dict.fromkeys(BIT_PLAN, 4),
            "4 bits everywhere leave the extra tenth unspent: which layers gain most from it, for their bytes?",
        ),
        Mistake(
            "over the budget",
            dict.fromkeys(BIT_PLAN, 5),
            "5 bits everywhere do not fit: the embedding and deeper.0 hold most of the bytes, so their bits are the dear ones.",
        ),
        Mistake(
            "the embedding starved",
            BIT_PLAN | {"embedding": 3, "deeper.0": 4, "intent": 8, "slots": 8},
            "all layers read what the embedding says: what is lost there, no later bit brings back.",
        ),
        Mistake(
            "deeper.0 starved",
            BIT_PLAN | {"deeper.0": 2, "intent": 8, "slots": 8, "slots_from_sentence": 8},
            "deeper.0 is patient, but not at 2 bits: look how its divergence grows with each bit taken away.",
        ),
        Mistake(
            "all for one layer",
            dict.fromkeys(BIT_PLAN, 4) | {"convolution": 6},
            "a second bit for one layer brings less than the first one for the next: share the bytes out.",
        ),
        Mistake(
            "only the intent counts",
            {"embedding": 4, "convolution": 6, "deeper.0": 4, "intent": 8, "slots": 2, "slots_from_sentence": 2},
            "the tool stays right and its slots go wrong: an alarm at the wrong time is a changed answer, too.",
        ),
    ),
)
