"""Cases and mistakes of the exercises on one scale or many: `scales`, `block_scales`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.quantization.by_hand import block_scales, scales

# --- scales ----------------------------------------------------------------------------------------


def _matrices(rng: np.random.Generator) -> Iterator[tuple]:
    for shape, bits in (((4, 6), 8), ((7, 3), 4), ((2, 5), 2)):
        matrix = rng.normal(size=shape) * rng.uniform(0.2, 5, (1, shape[1])) * rng.uniform(0.2, 5, (shape[0], 1))
        for axis in (None, 0, 1):
            yield matrix, bits, axis
        yield -np.abs(matrix), bits, 1  # nothing but negative weights
    matrix = rng.normal(size=(3, 5))
    matrix[1], matrix[:, 2] = 0, 0  # a token that is never seen
    for axis in (0, 1, None):
        yield matrix.astype(np.float32), 4, axis
    yield np.zeros((2, 3)), int(rng.integers(2, 9)), None
    yield rng.normal(size=(4, 3)), int(rng.integers(2, 9))  # no axis given
    yield rng.normal(size=(1, 1)), 3, 0


def _largest(matrix: np.ndarray, axis: int | None, keep: bool = True) -> np.ndarray:
    return np.asarray(np.abs(matrix).max(axis=None if axis is None else 1 - axis, keepdims=keep))


def _fitted(largest: np.ndarray, top: float) -> np.ndarray:
    return np.where(largest > 0, largest / top, 1)


SCALES = (
    Mistake(
        "divided by nothing",
        lambda matrix, bits, axis=None: _largest(matrix, axis) / (2 ** (bits - 1) - 1),
        "where all weights are 0 the scale is 0, and nothing can be divided by it: take 1 there, as np.where can.",
    ),
    Mistake(
        "largest without its sign",
        lambda matrix, bits, axis=None: _fitted(
            matrix.max(axis=None if axis is None else 1 - axis, keepdims=True), 2 ** (bits - 1) - 1
        ),
        "the weight farthest from 0 may be a negative one: take np.abs first.",
    ),
    Mistake(
        "the other axis",
        lambda matrix, bits, axis=None: scales(matrix, bits, None if axis is None else 1 - axis),
        "one scale for each index ALONG axis: so the maximum is taken over the other one.",
    ),
    Mistake(
        "a shape that does not fit",
        lambda matrix, bits, axis=None: _fitted(_largest(matrix, axis, keep=False), 2 ** (bits - 1) - 1),
        "matrix / scales must divide each weight by its own scale: keepdims=True keeps the shape for that.",
    ),
    Mistake(
        "always one",
        lambda matrix, bits, axis=None: scales(matrix, bits),
        "axis is not used: with axis 0 or 1 there are as many scales as rows or columns.",
    ),
    Mistake(
        "one step too many",
        lambda matrix, bits, axis=None: _fitted(_largest(matrix, axis), 2 ** (bits - 1)),
        "the largest weight must land on top itself, which is 2^(bits - 1) - 1.",
    ),
    Mistake(
        "the sign forgotten",
        lambda matrix, bits, axis=None: _fitted(_largest(matrix, axis), 2**bits - 1),
        "one of the bits is the sign: from 0 to the largest there are 2^(bits - 1) - 1 steps.",
    ),
    Mistake(
        "the whole range",
        lambda matrix, bits, axis=None: _fitted(
            np.ptp(matrix, axis=None if axis is None else 1 - axis, keepdims=True), 2**bits - 2
        ),
        "the grid is symmetric about 0: its end is the largest weight on EITHER side, not half of the range.",
    ),
    Mistake(
        "another default",
        lambda matrix, bits, axis=0: scales(matrix, bits, axis),
        "with no axis given there is one scale in all: the default is None.",
    ),
    Mistake(
        "1 everywhere where one is 0",
        lambda matrix, bits, axis=None: (
            _fitted(_largest(matrix, axis), 2 ** (bits - 1) - 1)
            if _largest(matrix, axis).all()
            else np.ones_like(_largest(matrix, axis))
        ),
        "1 only where all weights of THAT channel are 0: the others keep their own scales.",
    ),
)

# --- block_scales ----------------------------------------------------------------------------------


def _blocks(rng: np.random.Generator) -> Iterator[tuple]:
    for rows, columns, block in ((8, 3, 4), (10, 4, 4), (7, 2, 3), (5, 6, 8), (4, 5, 1)):
        yield rng.normal(size=(rows, columns)) * rng.uniform(0.1, 9, (rows, columns)), int(rng.integers(2, 9)), block
    matrix = rng.normal(size=(9, 3))
    matrix[3:6, 1] = 0  # all of one block
    yield matrix.astype(np.float32), 4, 3
    yield rng.normal(size=(1, 1)), 5, 2


def _shared(matrix: np.ndarray, bits: int, places: Callable[[int], slice], count: int) -> np.ndarray:
    found = np.ones(matrix.shape)
    for number in range(count):
        found[places(number)] = scales(matrix[places(number)], bits, axis=1)
    return found


BLOCKS = (
    Mistake(
        "the last block left out",
        lambda matrix, bits, block: _shared(
            matrix, bits, lambda i: slice(i * block, (i + 1) * block), len(matrix) // block
        ),
        "the last block may be shorter, and it needs a scale too: range(0, rows, block) reaches it.",
    ),
    Mistake(
        "along the rows",
        lambda matrix, bits, block: block_scales(matrix.T, bits, block).T,
        "a block runs DOWN a column: rows 0, 1, 2, ... of the same column share a scale.",
    ),
    Mistake(
        "all columns alike",
        lambda matrix, bits, block: np.concatenate(
            [
                np.broadcast_to(scales(matrix[i : i + block], bits), matrix[i : i + block].shape)
                for i in range(0, len(matrix), block)
            ]
        ),
        "each column has its own scale within the block: axis=1.",
    ),
    Mistake(
        "whole columns",
        lambda matrix, bits, block: np.broadcast_to(scales(matrix, bits, axis=1), matrix.shape) + 0,
        "block is not used: that is one scale for a whole column.",
    ),
    Mistake(
        "every block-th row",
        lambda matrix, bits, block: _shared(
            matrix, bits, lambda i: slice(i, None, -(-len(matrix) // block)), -(-len(matrix) // block)
        ),
        "a block is a run of neighbours: rows first to first + block.",
    ),
    Mistake(
        "one for each block alone",
        lambda matrix, bits, block: np.concatenate(
            [scales(matrix[i : i + block], bits, axis=1) for i in range(0, len(matrix), block)]
        ),
        "the shape is that of the matrix: each weight gets the scale of its block.",
    ),
    Mistake(
        "one for each row",
        lambda matrix, bits, block: np.broadcast_to(scales(matrix, bits, axis=0), matrix.shape) + 0,
        "that is a scale for each row: the block is a piece of a COLUMN.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercises on scales to a notebook's registry."""
    check.function(
        scales,
        cases=_matrices,
        nudge="On which integer must the largest weight land? Over which axis is that largest one sought?",
        mistakes=SCALES,
    )
    check.function(
        block_scales,
        cases=_blocks,
        nudge="Cut out the rows of one block: which call of scales gives what its columns need?",
        mistakes=BLOCKS,
    )
