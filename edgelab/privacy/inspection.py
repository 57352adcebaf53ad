"""What anybody with the files of a bundle reads out of them, in seconds and without running it."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.bundle.manifest import BundleError, read_manifest, tokenizer_name
from edgelab.bundle.opening import open_tokenizer
from edgelab.stats.intervals import Interval, accuracy_interval

USERS = "users"  # where `personalization.store` keeps what is a person's


@dataclass(frozen=True)
class Inspected:
    """What stands in a bundle's folder. `tokens` are the tokenizer's pieces in the order of their ids, `strings` the runs of
    readable characters in `model.onnx`, `weights` its tensors by name, `personal` the readable runs in each file that is kept
    of a person; `seconds` is what reading took."""

    labels: tuple[str, ...]
    slots: dict[str, list[str]]
    origin: dict[str, Any]
    tokens: tuple[str, ...]
    strings: tuple[str, ...]
    weights: dict[str, np.ndarray]
    personal: dict[str, tuple[str, ...]]
    seconds: float

    @property
    def parameters(self) -> int:
        """How many numbers the weights are."""
        return sum(value.size for value in self.weights.values())


def inspect_bundle(folder: Path) -> Inspected:
    """Read everything out of a bundle's folder. A `BundleError` says that it is none."""
    start, folder = time.perf_counter(), Path(folder)
    manifest = read_manifest(folder)
    content = (folder / "model.onnx").read_bytes()
    ids = open_tokenizer(folder / tokenizer_name(manifest)).get_vocab()
    people = sorted(file for file in (folder / USERS).rglob("*") if file.is_file())
    return Inspected(
        labels=tuple(manifest["labels"]),
        slots=manifest["label_slots"],
        origin=manifest["trained_on"],
        tokens=tuple(sorted(ids, key=lambda piece: ids[piece])),
        strings=readable_strings(content),
        weights=weights_of(content),
        personal={file.relative_to(folder).as_posix(): readable_strings(file.read_bytes()) for file in people},
        seconds=time.perf_counter() - start,
    )


def readable_strings(content: bytes, shortest: int = 6) -> tuple[str, ...]:
    """The runs of at least so many printable ASCII characters in some bytes, as the tool `strings` finds them."""
    return tuple(found[0].decode("ascii") for found in re.finditer(rb"[\x20-\x7e]{%d,}" % shortest, content))


def weights_of(model: bytes) -> dict[str, np.ndarray]:
    """Every named tensor of an ONNX file.

    Raises:
        BundleError: it is none.
    """
    import onnx

    try:
        graph = onnx.load_from_string(model).graph
    except Exception:  # protobuf's own share no base class
        raise BundleError("expected an ONNX file, found something else") from None
    return {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}


def words_in_vocabulary(tokens: Sequence[str], words: Sequence[str]) -> Interval:
    """The share of some words that a tokenizer has whole: a vocabulary that was cut down to the training texts tells which
    words stood in them. To be compared with the share of words that did not."""
    known = set(tokens)
    return accuracy_interval(np.array([word.lower() in known for word in words]))


def strip_names(model: bytes) -> bytes:
    """The same model with every inner name in it replaced by a number, and its comments gone: a defence that costs nothing,
    and leaves every number where it was. Inputs and outputs keep their names: the program asks for them."""
    import onnx

    made = onnx.load_from_string(model)
    graph = made.graph
    kept = {value.name for value in (*graph.input, *graph.output)} | {""}
    numbers: dict[str, str] = {}

    def number(name: str) -> str:
        return name if name in kept else numbers.setdefault(name, str(len(numbers)))

    for tensor in graph.initializer:
        tensor.name = number(tensor.name)
        tensor.doc_string = ""
    for node in graph.node:
        node.input[:], node.output[:] = map(number, node.input), map(number, node.output)
        node.name = node.doc_string = ""
        del node.metadata_props[:]
    del graph.value_info[:], made.metadata_props[:], graph.metadata_props[:]
    graph.name, graph.doc_string, made.doc_string, made.producer_name = "g", "", "", ""
    return made.SerializeToString()
