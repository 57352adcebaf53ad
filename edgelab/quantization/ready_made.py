"""The ready-made student of `00_start_here`, the same file on every machine: what rounding its layers changes on Pocket."""

import functools
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.datasets.loading import load
from edgelab.models.outputs import Outputs
from edgelab.models.tokens import Encoded, encode
from edgelab.quantization.answers import run_file
from edgelab.quantization.damage import Bits, Sensitivity, answers_flipped, divergence_by_request, sensitivity
from edgelab.quantization.onnx_tools import Weight, rounded, weights
from edgelab.stats.bootstrap import paired_ratio
from edgelab.stats.intervals import Interval
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd


def ready_file() -> Path:
    """Its file, in fp32."""
    return data_home() / "bundles" / "pocket" / "model.onnx"


@functools.cache
def ready_layers() -> dict[str, Weight]:
    """Its matrices by layer."""
    return {weight.layer: weight for weight in weights(ready_file())}


@functools.cache
def asked(split: str) -> Encoded:
    """A split of Pocket as the ready-made student reads it."""
    data = load("pocket")
    texts = {"validation": data.validation, "test": data.test}[split].texts
    return encode(Bundle.load(ready_file().parent).tokenizer, texts)


@functools.cache
def answered(split: str, bits: Bits = ()) -> Outputs:
    """What it says of a split with some layers rounded, clipped where it helps."""
    if not bits:
        return run_file(ready_file(), asked(split))
    with tempfile.TemporaryDirectory() as scratch:
        rounded(ready_file(), Path(scratch) / "plan.onnx", dict(bits), clipped=True)
        return run_file(Path(scratch) / "plan.onnx", asked(split))


@functools.cache
def evidence() -> Sensitivity:
    """What rounding one layer alone changes, on validation."""
    return sensitivity(functools.partial(answered, "validation"), tuple(ready_layers()))


def changed(split: str, bits: Bits) -> np.ndarray:
    """Whether an answer is another than in fp32, tool or slots, bool [requests]."""
    return answers_flipped(answered(split, bits), answered(split))


@functools.cache
def moved(split: str, bits: Bits) -> np.ndarray:
    """The divergence of each request, [requests]."""
    return divergence_by_request(answered(split, bits), answered(split))


def everywhere(number: int) -> Bits:
    """The same bits in all layers."""
    return tuple((layer, number) for layer in ready_layers())


def taken(bits: Bits) -> int:
    """The bytes of a plan, scales included."""
    return sum(ready_layers()[layer].size_bytes(number) for layer, number in bits)


def summed(bits: Bits) -> float:
    """The divergences of its layers, each rounded alone, in thousandths of a nat on validation."""
    return 1000 * sum(float(moved("validation", (one,)).mean()) for one in bits)


@functools.cache
def left(split: str, bits: Bits) -> Interval:
    """The divergence as a share of that of 4 bits everywhere, paired."""
    return paired_ratio(moved(split, bits), moved(split, everywhere(4)))


def sums(numbers: Iterable[int]) -> "pd.DataFrame":
    """What all layers change at so many bits on validation: each rounded alone and summed, and all at once."""
    import pandas as pd

    rows = {}
    for number in numbers:
        at_once = everywhere(number)
        rows[f"{number} bits"] = {
            "changed, %: summed": 100 * sum(float(changed("validation", (one,)).mean()) for one in at_once),
            "changed, %: at once": 100 * float(changed("validation", at_once).mean()),
            "nats / 1000: summed": summed(at_once),
            "nats / 1000: at once": 1000 * float(moved("validation", at_once).mean()),
        }
    return pd.DataFrame(rows).T


def evidence_tables(count: Callable[..., int]) -> "tuple[pd.DataFrame, pd.DataFrame]":
    """By layer and bits: the divergence on validation, in thousandths of a nat, and the bytes that `count` expects."""
    import pandas as pd

    found = evidence()
    columns = [f"{bits} bits" for bits in found.bits]
    sizes = [
        [int(count(*ready_layers()[layer].shape, bits, ready_layers()[layer].axis)) for bits in found.bits]
        for layer in found.layers
    ]
    nats = pd.DataFrame(1000 * found.divergence, index=found.layers, columns=columns).round(2)
    return nats, pd.DataFrame(sizes, index=found.layers, columns=columns)
