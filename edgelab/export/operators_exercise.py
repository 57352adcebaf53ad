"""Cases and mistakes of the exercise on an operator: `slice_values`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import slice_values

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
    yield cut((4, 6), (END, 1, 1, -1), (0, 99, 0, 1))  # beyond the end: a start, going backwards, and an end
    yield cut((5, 3), (-9, -2, 0, 2), (-2, -9, 1, -1))  # before the beginning
    yield cut((7,), (0, END, 0, 3))
    yield cut((3, 4), (2, 2, 1, 1))  # nothing is left
    yield cut((3, 4))  # no axis is cut


def _first_only(values: np.ndarray, starts: Any, ends: Any, axes: Any, steps: Any) -> np.ndarray:
    return slice_values(values, starts[:1], ends[:1], axes[:1], steps[:1])


def _inside_alone(values: np.ndarray, starts: Any, ends: Any, axes: Any, steps: Any) -> np.ndarray:
    """By numbers of its own: an end that is too large is cut, all else beyond the array is not."""
    for start, end, axis, step in zip(starts.tolist(), ends.tolist(), axes.tolist(), steps.tolist(), strict=True):
        size = values.shape[axis]
        first, last = (n + size if n < 0 else n for n in (start, end))
        values = np.take(values, range(first, max(min(last, size), -1), step), axis)
    return values


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
        "beyond the array",
        _inside_alone,
        "a start or an end may lie beyond the array, on either side: Python's slice(start, end, step) knows what to do.",
    ),
    Mistake(
        "start and end exchanged",
        lambda values, starts, ends, axes, steps: slice_values(values, ends, starts, axes, steps),
        "the starts come first, then the ends.",
    ),
    Mistake(
        "negative axes passed over",
        lambda values, starts, ends, axes, steps: slice_values(values, starts, ends, np.abs(axes), steps),
        "a negative axis counts from the end, too: -1 is the last one.",
    ),
    Mistake(
        "negative steps as positive",
        lambda values, starts, ends, axes, steps: slice_values(values, starts, ends, axes, np.abs(steps)),
        "a negative step goes backwards.",
    ),
)


def register(check: Checks) -> None:
    """Add it to a notebook's registry."""
    check.function(
        slice_values,
        cases=_cuts,
        nudge="Python's own slice(start, end, step) knows negative and too large numbers. One is needed for each axis of the array.",
        mistakes=SLICE,
    )
