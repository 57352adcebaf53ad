"""Cases and mistakes of the exercise on where a grid should end: `best_clip`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.quantization.by_hand import best_clip, dequantize, quantize, scales


def _channels(rng: np.random.Generator) -> Iterator[tuple]:
    for shape, bits in (((12, 9), 2), ((9, 14), 3), ((40, 6), 2), ((6, 40), 3)):
        for axis in (0, 1):
            yield rng.standard_t(3, shape), bits, rng.permutation(rng.uniform(0.1, 1, 12)), axis
    for axis in (0, 1):
        positive = rng.gamma(0.5, size=(12, 12))  # what is clipped pulls the mean
        yield positive, 2, rng.permutation(np.linspace(0.1, 1, 12)), axis
        yield rng.choice([0.3, 0.55, 1.0], (7, 8)) * rng.uniform(0.9, 1.1, (7, 8)), 2, np.linspace(0.2, 1, 17), axis
    far = rng.choice([-1.0, 1.0], (300, 3)) * rng.uniform(0.9, 1.1, (300, 3))
    far[0] = 8  # one that is far off in each column: the grid ends far below it
    yield far, 2, rng.permutation([0.13, 0.3, 0.5, 1.0]), 1
    yield rng.uniform(-1, 1, (50, 3)), 8, np.linspace(0.2, 1, 5), 1  # evenly spread: nothing to clip
    empty = rng.standard_t(3, (6, 4))
    empty[2] = 0  # all shares alike
    yield empty, 3, np.array([0.7, 0.4, 1.0]), 0
    yield rng.normal(size=(3, 1)), 4, np.array([rng.uniform(0.5, 1)]), 1  # one share


Measure = Callable[[np.ndarray, np.ndarray, np.ndarray, int], np.ndarray]


def _errors(matrix: np.ndarray, bits: int, shares: np.ndarray, axis: int, measure: Measure) -> np.ndarray:
    """An error for each share and channel; `measure(near, matrix, end, across)`."""
    found = []
    for share in shares:
        scale = share * scales(matrix, bits, axis)
        near = dequantize(quantize(matrix, scale, bits), scale)
        found.append(measure(near, matrix, scale * (2 ** (bits - 1) - 1), 1 - axis))
    return np.stack(found)


def _squares(near: np.ndarray, matrix: np.ndarray, end: np.ndarray, across: int) -> np.ndarray:
    return np.asarray(((near - matrix) ** 2).sum(axis=across, keepdims=True))


def _by(measure: Measure, pick: Callable[[np.ndarray], np.ndarray] = lambda errors: errors.argmin(0)) -> Callable:
    def found(matrix: np.ndarray, bits: int, shares: np.ndarray, axis: int) -> np.ndarray:
        return np.asarray(shares[pick(_errors(matrix, bits, shares, axis, measure))])

    return found


def _climbing(order: Callable[[np.ndarray], np.ndarray]) -> Callable:
    """From one end of the shares on, as long as it gets better."""

    def found(matrix: np.ndarray, bits: int, shares: np.ndarray, axis: int) -> np.ndarray:
        tried = order(shares)
        errors = _errors(matrix, bits, tried, axis, _squares)
        worse = np.concatenate([errors[1:] >= errors[:-1], np.ones_like(errors[:1], dtype=bool)])
        return np.asarray(tried[worse.argmax(0)])

    return found


def _of_whole(matrix: np.ndarray, bits: int, shares: np.ndarray, axis: int) -> np.ndarray:
    errors = _errors(matrix, bits, shares, axis, _squares).reshape(len(shares), -1).sum(1)
    return np.full_like(scales(matrix, bits, axis), shares[errors.argmin()], dtype=float)


CLIP = (
    Mistake(
        "never clips",
        _by(_squares, lambda errors: np.full(errors.shape[1:], len(errors) - 1)),
        "that is always the last share: at few bits a smaller range often errs less in sum. Try them all.",
    ),
    Mistake(
        "down from the largest share",
        _climbing(lambda shares: np.sort(shares)[::-1]),
        "you stop where it first gets worse: the error has several valleys. Try every share.",
    ),
    Mistake(
        "up from the smallest share",
        _climbing(np.sort),
        "going up from the smallest share you stop in the first valley: another may lie deeper. Try every share.",
    ),
    Mistake(
        "until it gets worse",
        _climbing(lambda shares: shares),
        "the shares come in any order, and the error has several valleys: look at all of them before you choose.",
    ),
    Mistake(
        "the spread of the errors",
        _by(lambda near, matrix, end, across: np.std(near - matrix, axis=across, keepdims=True)),
        "np.std leaves out what all errors have in common, and clipping moves all in one direction: sum the squares.",
    ),
    Mistake(
        "the largest error",
        _by(lambda near, matrix, end, across: np.abs(near - matrix).max(axis=across, keepdims=True)),
        "you look at the largest single error: take the sum (or mean) of the squares over the channel.",
    ),
    Mistake(
        "errors without squares",
        _by(lambda near, matrix, end, across: np.abs(near - matrix).sum(axis=across, keepdims=True)),
        "the squares are asked for: one large error counts more than many small ones.",
    ),
    Mistake(
        "errors that cancel out",
        _by(lambda near, matrix, end, across: np.abs((near - matrix).sum(axis=across, keepdims=True))),
        "errors of both signs cancel out in your sum: square them first.",
    ),
    Mistake(
        "against the clipped values",
        _by(
            lambda near, matrix, end, across: ((near - np.clip(matrix, -end, end)) ** 2).sum(axis=across, keepdims=True)
        ),
        "you compare with the clipped weights, so clipping costs nothing: compare with the original ones.",
    ),
    Mistake(
        "one share for all",
        _of_whole,
        "each channel has a share of its own: sum the squares over the other axis only.",
    ),
    Mistake(
        "the other axis",
        lambda matrix, bits, shares, axis: best_clip(matrix, bits, shares, 1 - axis),
        "one share for each index ALONG axis, as in scales: sum over the other one.",
    ),
    Mistake(
        "never below a third",
        lambda matrix, bits, shares, axis: np.maximum(best_clip(matrix, bits, shares, axis), 0.3),
        "one weight may lie so far off that an eighth of the range is best: leave no share out.",
    ),
    Mistake(
        "the place in the list",
        lambda matrix, bits, shares, axis: _errors(matrix, bits, shares, axis, _squares).argmin(0),
        "that is the place in the list: return the share that stands there.",
    ),
    Mistake(
        "the last of several alike",
        _by(_squares, lambda errors: len(errors) - 1 - errors[::-1].argmin(0)),
        "where several shares are alike, as in a channel of zeros, the first one counts: np.argmin finds it.",
    ),
    Mistake(
        "the worst",
        _by(_squares, lambda errors: errors.argmax(0)),
        "that is the share with the LARGEST error.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        best_clip,
        cases=_channels,
        nudge="Round with every share, there and back. Which sum of squares belongs to which channel?",
        mistakes=CLIP,
    )
