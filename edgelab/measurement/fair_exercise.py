"""Cases and mistakes of `fair_ratio`: like compared with like."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.by_hand import fair_ratio


def _pairs(rng: np.random.Generator) -> Iterator[tuple]:
    for pairs in (7, 16, 30):
        kinds = rng.random((pairs, 3)) < (0.8, 0.3, 0.5)
        kinds[~kinds.any(axis=1), 0] = True  # something ran the model
        other = kinds.copy()
        other[::3] = ~other[::3]  # on other units
        other[1::3, 2] |= True  # or on one more
        other[2::6, 1] ^= True  # or the GPU alone makes the difference
        other[~other.any(axis=1), 0] = True
        layers = [side * rng.integers(1, 400, (pairs, 3)) for side in (kinds, other)]
        reference = rng.lognormal(1, 1, pairs)
        yield reference * rng.lognormal(1, 0.8, pairs), reference, *layers
    yield rng.lognormal(1, 1, 1), rng.lognormal(1, 1, 1), np.array([[90, 0, 4]]), np.array([[120, 0, 4]])
    yield rng.lognormal(1, 1, 2), rng.lognormal(1, 1, 2), np.array([[0, 0, 9]] * 2), np.array([[9, 0, 0], [5, 0, 3]])


def _of(
    chosen: Callable[[np.ndarray, np.ndarray], np.ndarray],
    ratio: Callable[[np.ndarray, np.ndarray], float] = lambda device, reference: float(np.median(device / reference)),
) -> Callable[..., float | None]:
    """The ratio of other pairs, or another one of the same pairs."""

    def found(
        device_ms: np.ndarray, reference_ms: np.ndarray, device_layers: np.ndarray, reference_layers: np.ndarray
    ) -> float | None:
        kept = chosen(device_layers, reference_layers)
        return ratio(device_ms[kept], reference_ms[kept]) if kept.any() else None

    return found


def _same(device: np.ndarray, reference: np.ndarray) -> np.ndarray:
    return np.asarray(((device > 0) == (reference > 0)).all(axis=1))


def _nan_for_none(
    device_ms: np.ndarray, reference_ms: np.ndarray, device_layers: np.ndarray, reference_layers: np.ndarray
) -> float:
    """As NumPy's median of nothing, but for its warning, which is not to stand in a learner's notebook."""
    found = fair_ratio(device_ms, reference_ms, device_layers, reference_layers)
    return math.nan if found is None else found


FAIR = (
    Mistake(
        "all pairs",
        _of(lambda device, reference: np.ones(len(device), dtype=bool)),
        "pairs that ran on an NPU here and on a CPU there compare two units: leave them out.",
    ),
    Mistake(
        "as many layers",
        _of(lambda device, reference: np.asarray((device == reference).all(axis=1))),
        "a runtime may merge layers, so their number differs. Which KINDS of unit ran any layer is what counts.",
    ),
    Mistake(
        "one unit in common",
        _of(lambda device, reference: np.asarray(((device > 0) & (reference > 0)).any(axis=1))),
        "where one side ran a part on the CPU and the other did not, units differ: ALL kinds must be the same.",
    ),
    Mistake(
        "as many kinds",
        _of(lambda device, reference: np.asarray((device > 0).sum(axis=1) == (reference > 0).sum(axis=1))),
        "one kind here and one there may be NPU and CPU: it matters WHICH kinds, not how many.",
    ),
    Mistake(
        "the first unit alone",
        _of(lambda device, reference: (device[:, 0] > 0) == (reference[:, 0] > 0)),
        "compare every column, not the NPU alone.",
    ),
    Mistake(
        "the GPU overlooked",
        _of(lambda device, reference: _same(device[:, ::2], reference[:, ::2])),
        "there are three kinds of unit, and the GPU is one.",
    ),
    Mistake(
        "the ratio of the medians",
        _of(_same, lambda device, reference: float(np.median(device) / np.median(reference))),
        "the medians may belong to two models. A pair is one model: divide within each pair, then take the median.",
    ),
    Mistake(
        "the mean",
        _of(_same, lambda device, reference: float(np.mean(device / reference))),
        "one pair of eighty would carry the mean away: take the median.",
    ),
    Mistake(
        "upside down",
        _of(_same, lambda device, reference: float(np.median(reference / device))),
        "asked is how many times LONGER the device takes: its time over the reference's.",
    ),
    Mistake(
        "not a number",
        _nan_for_none,
        "of no pair there is no median, and a NaN would wander on into tables: return None there.",
    ),
)


def register(check: Checks) -> None:
    """The exercise."""
    check.function(
        fair_ratio,
        cases=_pairs,
        nudge="For each pair: on which kinds of unit did it run here, and on which there? Keep those that agree.",
        mistakes=FAIR,
    )
