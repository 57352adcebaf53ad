"""What an ONNX file holds, read without the onnx library, which serving does not have.

An ONNX file is one protobuf message, `ModelProto`. Protobuf's encoding is a list of fields, each a number, a kind and a
value; a value may be a message of its own. Only the way to the tensors is followed here, by the field numbers of
onnx.proto, which never change; everything else is stepped over.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

# Where tensors may stand: of each kind of message, which fields hold which kind.
MESSAGES: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
DATA_TYPE, FLOAT_DATA, INT32_DATA, NAME, RAW_DATA, DOUBLE_DATA, EXTERNAL_DATA, DATA_LOCATION = 2, 4, 5, 8, 9, 10, 13, 14
FLOAT, FLOAT16, DOUBLE, BFLOAT16 = 1, 10, 11, 16
DEEPEST = 100  # messages within each other: protobuf's own limit


@dataclass(frozen=True)
class Tensor:
    """One tensor of a file. `is_external` says that its numbers lie in another file, `is_finite` that none of them is
    infinite or NaN; a single number may be, such as what a mask fills in or a clip leaves open."""

    name: str
    is_external: bool
    is_finite: bool


def tensors(content: bytes) -> Iterator[Tensor]:
    """Every tensor of an ONNX file, those within nodes, functions and inner graphs included.

    Raises:
        ValueError: it is no protobuf message.
    """
    waiting = [("model", memoryview(content), 0)]
    while waiting:
        kind, message, depth = waiting.pop()
        if depth > DEEPEST:
            raise ValueError(f"messages nested more than {DEEPEST} deep")
        if kind == "tensor":
            yield _tensor(message)
            continue
        for number, value in _fields(message):
            inner = MESSAGES[kind].get(number)
            if inner is not None and isinstance(value, memoryview):
                waiting.append((inner, value, depth + 1))


def _tensor(message: memoryview) -> Tensor:
    name, kind, external = "", 0, False
    parts: dict[int, list[memoryview]] = {FLOAT_DATA: [], INT32_DATA: [], RAW_DATA: [], DOUBLE_DATA: []}
    for number, value in _fields(message):
        if number == EXTERNAL_DATA or (number == DATA_LOCATION and value != 0):
            external = True
        elif number == DATA_TYPE and isinstance(value, int):
            kind = value
        elif number == NAME and isinstance(value, memoryview):
            name = bytes(value).decode("utf-8", "replace")
        elif number in parts and isinstance(value, memoryview):
            parts[number].append(value)
    numbers = _numbers(
        kind, {number: pieces[0] if len(pieces) == 1 else b"".join(pieces) for number, pieces in parts.items()}
    )
    return Tensor(name, external, numbers is None or len(numbers) == 1 or bool(np.isfinite(numbers).all()))


def _numbers(kind: int, parts: dict[int, Any]) -> np.ndarray | None:
    """A tensor's floating-point numbers; None if it has others.

    They stand as bytes, or in a field of their kind; those of 16 bits as whole numbers. NumPy lacks bfloat16: it is the
    first half of a float32.

    Raises:
        ValueError: the bytes are no whole numbers of the tensor's kind.
    """
    raw = parts[RAW_DATA]
    try:
        if kind == FLOAT:
            return np.frombuffer(raw or parts[FLOAT_DATA], "<f4")
        if kind == DOUBLE:
            return np.frombuffer(raw or parts[DOUBLE_DATA], "<f8")
        if kind in (FLOAT16, BFLOAT16):
            halves = (
                np.frombuffer(raw, "<u2") if raw else np.array(_varints(parts[INT32_DATA]), np.uint64).astype("<u2")
            )
            return halves.view("<f2") if kind == FLOAT16 else (halves.astype("<u4") << 16).view("<f4")
    except ValueError:
        raise ValueError("a tensor whose bytes are no whole numbers of its kind") from None
    return None


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """The fields of a protobuf message in order, each its number and its value: a varint's number, else the bytes.

    Raises:
        ValueError: it is no protobuf message.
    """
    position, end = 0, len(message)
    while position < end:
        key, position = _varint(message, position)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, position = _varint(message, position)
            yield number, value
            continue
        if kind == BYTES:
            length, position = _varint(message, position)
        elif kind in (FIXED32, FIXED64):
            length = 4 if kind == FIXED32 else 8
        else:  # groups, which ONNX never had
            raise ValueError(f"a field of the unknown kind {kind}")
        if position + length > end:
            raise ValueError("a field that is longer than its message")
        yield number, message[position : position + length]
        position += length


def _varints(message: memoryview) -> list[int]:
    values, position = [], 0
    while position < len(message):
        value, position = _varint(message, position)
        values.append(value)
    return values


def _varint(message: memoryview, position: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and where it ends.

    Raises:
        ValueError: it has no end.
    """
    value = 0
    for shift in range(0, 70, 7):
        if position >= len(message):
            break
        byte = message[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & (2**64 - 1), position
    raise ValueError("a number without an end")
