"""What anybody with the files of a bundle reads out of them, in seconds and without running it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Inspected:
    """What stands in a bundle's folder. `tokens` are the tokenizer's pieces in the order of their ids, `strings` the runs of
    readable characters in `model.onnx`, `weights` its tensors by name, `personal` what is kept of people, word for word, by
    file; `seconds` is what reading took."""

    labels: tuple[str, ...]
    slots: dict[str, list[str]]
    origin: dict[str, object]
    tokens: tuple[str, ...]
    strings: tuple[str, ...]
    weights: dict[str, np.ndarray]
    personal: dict[str, tuple[str, ...]]
    seconds: float


def inspect_bundle(folder: Path) -> Inspected:
    """Read everything out of a bundle's folder. A `BundleError` says that it is none."""
    raise NotImplementedError


def readable_strings(content: bytes, shortest: int = 6) -> tuple[str, ...]:
    """The runs of at least so many printable ASCII characters in some bytes, as the tool `strings` finds them."""
    raise NotImplementedError


def weights_of(model: bytes) -> dict[str, np.ndarray]:
    """Every tensor of numbers in an ONNX file, by name."""
    raise NotImplementedError


def words_in_vocabulary(tokens: Sequence[str], words: Sequence[str]) -> Interval:
    """The share of some words that a tokenizer has whole: a vocabulary that was cut down to the training texts tells which
    words stood in them."""
    raise NotImplementedError


def strip_names(model: bytes) -> bytes:
    """The same model with every name in it replaced by a number, and its comments gone: a defence that costs nothing, and
    leaves every number where it was."""
    raise NotImplementedError
