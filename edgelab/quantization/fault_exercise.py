"""The exercise on bytes, `stored_bytes`, and the fault to find in `02_quantization`: of three files that were asked for few
bits one is too large by far."""

import functools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.quantization.by_hand import stored_bytes
from edgelab.quantization.onnx_tools import dynamic_int8, weights
from edgelab.quantization.packing import pack
from edgelab.quantization.ready_made import ready_file, ready_layers

if TYPE_CHECKING:
    import pandas as pd

# --- stored_bytes ----------------------------------------------------------------------------------


def _matrices(rng: np.random.Generator) -> Iterator[tuple]:
    for bits in (2, 3, 4, 8):
        rows, columns = (int(n) for n in rng.integers(20, 90, 2))
        yield rows, columns, bits
        yield rows, columns, bits, int(rng.integers(2))
        yield 2 * rows + 1, columns, bits, None, 32
    yield 3, 3, 3, 0  # 27 bits
    yield 5, 3, 4, 1  # 60 bits, and rows that end within a byte
    yield 64, int(rng.integers(3, 20)), 4, None, 32  # whole blocks
    yield 65, 7, 4, None, 32
    yield int(rng.integers(3, 9)), 4, 5, None, 16  # one block, a short one
    yield int(rng.integers(33, 48)), 4, 5, None, 16  # three of them
    yield int(rng.integers(3, 9)), 5, 32  # fp32
    yield int(rng.integers(3, 9)), 5, 16, 1
    yield 1, 1, 2


def _counted(rows: int, columns: int, bits: int, axis: int | None, block: int | None) -> int:
    count = 1 if axis is None else (rows, columns)[axis]
    return count if block is None else -(-rows // block) * columns


def _by(weights: Callable[[int, int, int], float], each: float = 4) -> Callable:
    def found(rows: int, columns: int, bits: int, axis: int | None = None, block: int | None = None) -> float:
        return weights(rows, columns, bits) + each * _counted(rows, columns, bits, axis, block)

    return found


def _whole(rows: int, columns: int, bits: int) -> int:
    return -(-rows * columns * bits // 8)


def _scaled(count: Callable[[int, int, int | None, int | None], int]) -> Callable:
    def found(rows: int, columns: int, bits: int, axis: int | None = None, block: int | None = None) -> int:
        return _whole(rows, columns, bits) + 4 * count(rows, columns, axis, block)

    return found


def _plain(rows: int, columns: int, axis: int | None, block: int | None) -> int:
    return _counted(rows, columns, 0, axis, block)


BYTES = (
    Mistake("no scales", _by(_whole, 0), "without its scales nobody can read the matrix back: each takes 4 bytes."),
    Mistake("scales of a byte", _by(_whole, 1), "a scale is a number in fp32: 4 bytes."),
    Mistake(
        "a part of a byte lost",
        _by(lambda rows, columns, bits: rows * columns * bits // 8),
        "27 bits do not fit into 3 bytes: the last, incomplete byte is stored, too.",
    ),
    Mistake(
        "parts of bytes",
        _by(lambda rows, columns, bits: rows * columns * bits / 8),
        "a file holds whole bytes: round up.",
    ),
    Mistake(
        "each row by itself",
        _by(lambda rows, columns, bits: rows * -(-columns * bits // 8)),
        "the whole matrix is packed without gaps: round up once, not in each row.",
    ),
    Mistake("bits as bytes", _by(lambda rows, columns, bits: rows * columns * bits), "a byte has 8 bits."),
    Mistake(
        "always 8 bits",
        _by(lambda rows, columns, bits: rows * columns),
        "bits is not used: fewer bits take fewer bytes.",
    ),
    Mistake(
        "the other axis",
        _scaled(
            lambda rows, columns, axis, block: (
                _plain(columns, rows, axis, None) if block is None else _plain(rows, columns, axis, block)
            )
        ),
        "axis 0 means a scale for each row, axis 1 one for each column.",
    ),
    Mistake(
        "the short block left out",
        _scaled(
            lambda rows, columns, axis, block: (
                _plain(rows, columns, axis, None) if block is None else rows // block * columns
            )
        ),
        "the last block of a column may be shorter, and has a scale as well: round up.",
    ),
    Mistake(
        "blocks of the whole",
        _scaled(
            lambda rows, columns, axis, block: (
                _plain(rows, columns, axis, None) if block is None else -(-rows * columns // block)
            )
        ),
        "blocks end with their column: how many are there in one column, and how many columns?",
    ),
    Mistake(
        "always blocks of 32",
        _scaled(lambda rows, columns, axis, block: _plain(rows, columns, axis, 32 if block else None)),
        "a block may be of any size, not of 32 alone.",
    ),
    Mistake(
        "one row of blocks",
        _scaled(
            lambda rows, columns, axis, block: _plain(rows, columns, axis, None) if block is None else -(-rows // block)
        ),
        "each column has its own blocks: multiply by the number of columns.",
    ),
)

# --- the fault -------------------------------------------------------------------------------------

BLOCK = 32
PROMISED = {
    "north.onnx": "8 bits, a scale a channel",
    "east.onnx": "4 bits, blocks of 32",
    "south.onnx": "4 bits, a scale a channel",
}
CAUSES = (
    "its scales take more bytes than its weights",
    "it is stored twice, in both precisions",
    "its weights are too large for so few bits",
    "the quantizer was asked for matrix products alone",
    "it has too few weights to be worth the trouble",
)
FAULT = {"file": "east.onnx", "layer": "embedding", "cause": CAUSES[3]}


@dataclass(frozen=True)
class HandedOver:
    """What is known of one file: its bytes, and the layers that are still fp32 in it."""

    size_bytes: int
    still_fp32: tuple[str, ...]


def products_only(source: Path, target: Path) -> None:
    """4 bits by the quantizer's plain call: every matrix product, and nothing else."""
    import onnx
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer
    from onnxruntime.quantization.onnx_model import ONNXModel

    model = ONNXModel(onnx.load(str(source)))
    model.replace_gemm_with_matmul()
    quantizer = MatMulNBitsQuantizer(model.model, bits=4, block_size=BLOCK, is_symmetric=True)
    quantizer.process()
    quantizer.model.save_model_to_file(str(target))


@functools.cache
def handed_over() -> dict[str, HandedOver]:
    """The three files, made from the ready-made student, and looked at."""
    recipes: dict[str, Callable[[Path, Path], object]] = {
        "north.onnx": dynamic_int8,
        "east.onnx": products_only,
        "south.onnx": pack,
    }
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for name, recipe in recipes.items():
            file = Path(scratch) / name
            recipe(ready_file(), file)
            found[name] = HandedOver(file.stat().st_size, tuple(weight.layer for weight in weights(file)))
    return found


def files_shown() -> "pd.DataFrame":
    """The files as they were handed over: what their makers promise, and their bytes."""
    import pandas as pd

    rows = {name: (PROMISED[name], f"{file.size_bytes:,}") for name, file in handed_over().items()}
    return pd.DataFrame(rows, ["promised", "bytes"]).T


def files_explained(count: Callable[..., int]) -> "pd.DataFrame":
    """Their bytes beside those that `count`, the learner's `stored_bytes`, expects of what was promised."""
    import pandas as pd

    rows = {}
    for name, file in handed_over().items():
        bits, block = int(PROMISED[name][0]), "block" in PROMISED[name]
        each = [
            count(*w.shape, bits, None, BLOCK) if block else count(*w.shape, bits, w.axis)
            for w in ready_layers().values()
        ]
        expected = sum(each)
        rows[name] = {
            "bytes": f"{file.size_bytes:,}",
            "expected": f"{expected:,}",
            "more": f"{file.size_bytes - expected:,}",
            "still fp32": ", ".join(file.still_fp32) or "none",
        }
    return pd.DataFrame(rows).T


def judge_fault(fault: dict) -> list[str]:
    """What is not right about an explanation."""
    if set(fault) != set(FAULT):
        return [f"expected the entries {', '.join(FAULT)}"]
    for entry, known in (("file", tuple(PROMISED)), ("layer", tuple(ready_layers())), ("cause", CAUSES)):
        if fault[entry] not in known:
            return [f"{entry}: expected one of {'; '.join(known)}"]
    return [f"{name}: not {fault[name]!r}" for name, right in FAULT.items() if fault[name] != right]


def _with(**changes: str) -> dict:
    return FAULT | changes


FAULTS = (
    Mistake(
        "the 8-bit file",
        _with(file="north.onnx"),
        "8 bits take about twice the bytes of 4: add up stored_bytes(rows, columns, 8, axis) over the layers and compare.",
    ),
    Mistake(
        "the smallest file",
        _with(file="south.onnx"),
        "that one is about as large as its 4 bits say: add up stored_bytes(rows, columns, 4, axis).",
    ),
    Mistake(
        "the largest layer",
        _with(layer="deeper.0"),
        "in fp32 deeper.0 takes more than all that the file has too much. Which layer's fp32 bytes, less its 4-bit ones, fit?",
    ),
    Mistake(
        "a head",
        _with(layer="intent"),
        "a head is far too small: the file has half a million bytes too many.",
    ),
    Mistake(
        "the convolution",
        _with(layer="convolution"),
        "the convolution has some 130,000 bytes to lose: the file has several times as many too many.",
    ),
    Mistake(
        "the scales",
        _with(cause=CAUSES[0]),
        "a block of 32 weights has 16 bytes of weights and 4 of scale: the scales cannot outweigh them.",
    ),
    Mistake(
        "twice",
        _with(cause=CAUSES[1]),
        "stored twice it would be larger still: fp32 and 4 bits together. The excess is fp32 LESS the 4 bits.",
    ),
    Mistake(
        "too large for few bits",
        _with(cause=CAUSES[2]),
        "the scale sees to that: it is chosen so that the largest weight fits. Which operator uses this matrix?",
    ),
    Mistake(
        "too few weights",
        _with(cause=CAUSES[4]),
        "it is among the largest matrices. Which operator uses it, and which did the call name?",
    ),
)


def register_bytes(check: Checks) -> None:
    """Add the exercise on bytes to a notebook's registry."""
    check.function(
        stored_bytes,
        cases=_matrices,
        nudge="Count bits, then whole bytes. And how many scales are there, of 4 bytes each?",
        mistakes=BYTES,
    )


def register_fault(check: Checks) -> None:
    """Add the fault to find."""
    check.design(
        "fault",
        FAULT,
        judge=judge_fault,
        nudge="Add up what each file should take. One has far too many bytes: whose fp32 bytes, less its few bits, are so many?",
        mistakes=FAULTS,
    )
