"""Cases and mistakes of the exercises on two operators: `gemm`, `slice_values`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import gemm, slice_values

# --- gemm ------------------------------------------------------------------------------------------


def _products(rng: np.random.Generator) -> Iterator[dict[str, Any]]:
    def matrix(rows: int, columns: int) -> np.ndarray:
        return rng.normal(size=(rows, columns)).astype(np.float32)

    yield {"a": matrix(2, 3), "b": matrix(3, 2)}
    yield {"a": matrix(2, 3), "b": matrix(4, 3), "c": matrix(1, 4)[0], "transB": 1}
    yield {"a": matrix(3, 2), "b": matrix(3, 4), "c": matrix(2, 4), "transA": 1, "beta": -0.5}
    yield {"a": matrix(3, 3), "b": matrix(3, 3), "c": matrix(3, 3), "alpha": float(rng.uniform(2, 3)), "transB": 1}
    yield {"a": matrix(3, 3), "b": matrix(3, 3), "c": matrix(3, 3), "transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}
    yield {"a": matrix(1, 5), "b": matrix(5, 1), "c": 1.5, "beta": 0.0, "transA": 0, "transB": 0}


GEMM = (
    Mistake(
        "b always transposed",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(a, b, c, alpha, beta, transA, 1),  # noqa: N803
        "b is transposed where transB is 1, and only there.",
    ),
    Mistake(
        "transB left out",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(a, b, c, alpha, beta, transA, 0),  # noqa: N803
        "where transB is 1, the file stores b the other way round: transpose it first.",
    ),
    Mistake(
        "transA left out",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(a, b, c, alpha, beta, 0, transB),  # noqa: N803
        "a has a flag of its own, transA.",
    ),
    Mistake(
        "alpha on the whole",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: alpha * gemm(a, b, c, 1.0, beta, transA, transB),  # noqa: N803
        "alpha multiplies the product alone, not c.",
    ),
    Mistake(
        "beta left out",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(a, b, c, alpha, 1.0, transA, transB),  # noqa: N803
        "c counts beta times.",
    ),
    Mistake(
        "alpha left out",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(a, b, c, 1.0, beta, transA, transB),  # noqa: N803
        "the product counts alpha times.",
    ),
    Mistake(
        "c left out",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(a, b, 0.0, alpha, beta, transA, transB),  # noqa: N803
        "the bias c is added, beta times.",
    ),
    Mistake(
        "element by element",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: alpha * (a * b) + beta * c,  # noqa: N803
        "a * b multiplies element by element: the product of matrices is a @ b.",
    ),
    Mistake(
        "sides exchanged",
        lambda a, b, c=0.0, alpha=1.0, beta=1.0, transA=0, transB=0: gemm(b, a, c, alpha, beta, transB, transA),  # noqa: N803
        "a @ b is not b @ a: a stands on the left.",
    ),
)

# --- slice_values ----------------------------------------------------------------------------------

END, BEGINNING = 2**63 - 1, -(2**63)  # as exporters write "to the end", and, going backwards, "to the beginning"


def _cuts(rng: np.random.Generator) -> Iterator[tuple]:
    def cut(shape: tuple[int, ...], *ranges: tuple[int, int, int, int]) -> tuple:
        columns = np.array(ranges, dtype=np.int64).reshape(-1, 4).T
        return (rng.normal(size=shape).astype(np.float32), *columns)

    yield cut((6,), (int(rng.integers(1, 3)), 5, 0, 1))
    yield cut((2, 5, 3), (0, -2, 1, 1))
    yield cut((2, 6, 3), (2, END, 1, 1))
    yield cut((4, 6, 3), (1, 3, 0, 1), (int(rng.integers(0, 2)), END, -1, 2))
    yield cut((5, 4), (1, 3, 1, 1), (-3, END, 0, 1))  # the axes not in order
    yield cut((5, 4), (-1, BEGINNING, 0, -1))  # backwards
    yield cut((7,), (0, END, 0, 3))
    yield cut((3, 4), (2, 2, 1, 1))  # nothing is left
    yield cut((3, 4))  # no axis is cut


def _first_only(values: np.ndarray, starts: Any, ends: Any, axes: Any, steps: Any) -> np.ndarray:
    return slice_values(values, starts[:1], ends[:1], axes[:1], steps[:1])


SLICE = (
    Mistake("one axis", _first_only, "several axes may be cut at once: go through all of them."),
    Mistake(
        "steps left out",
        lambda values, starts, ends, axes, steps: slice_values(values, starts, ends, axes, np.ones_like(steps)),
        "the last argument says in which steps to go.",
    ),
    Mistake(
        "axes left out",
        lambda values, starts, ends, axes, steps: slice_values(values, starts, ends, np.arange(len(axes)), steps),
        "the ranges belong to the axes that are named, not to the first ones.",
    ),
    Mistake(
        "the end included",
        lambda values, starts, ends, axes, steps: slice_values(
            values, starts, np.where(ends == END, END, ends + 1), axes, steps
        ),
        "the end itself is not part of it, as in Python.",
    ),
    Mistake(
        "starts left out",
        lambda values, starts, ends, axes, steps: slice_values(values, np.zeros_like(starts), ends, axes, steps),
        "it begins at its start, not at 0.",
    ),
    Mistake(
        "ends left out",
        lambda values, starts, ends, axes, steps: slice_values(values, starts, np.full_like(ends, END), axes, steps),
        "it goes to its end, not always to the last one.",
    ),
    Mistake(
        "the size as the end of all",
        lambda values, starts, ends, axes, steps: slice_values(
            values, starts, np.minimum(ends, values.shape[0]), axes, steps
        ),
        "each axis has a size of its own; Python's slices cut an end that is too large by themselves.",
    ),
    Mistake(
        "negative steps as positive",
        lambda values, starts, ends, axes, steps: slice_values(values, starts, ends, axes, np.abs(steps)),
        "a negative step goes backwards.",
    ),
)


def register(check: Checks) -> None:
    """Add both to a notebook's registry."""
    check.function(
        gemm,
        cases=_products,
        nudge="Transpose first what its flag says, then the product of the matrices, then the bias. What does alpha multiply, and what beta?",
        mistakes=GEMM,
        rtol=1e-4,
        atol=1e-5,
    )
    check.function(
        slice_values,
        cases=_cuts,
        nudge="Python's own slice(start, end, step) knows negative and too large numbers. One is needed for each axis of the array.",
        mistakes=SLICE,
    )
