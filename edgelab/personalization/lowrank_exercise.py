"""Cases and mistakes of the exercises on low-rank updates: `with_pair`, `largest_rank`."""

import math
from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.personalization.lowrank import largest_rank, with_pair

# --- with_pair -------------------------------------------------------------------------------------


def _layers(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, inputs, outputs, rank in ((3, 6, 4, 2), (5, 7, 7, 3), (1, 4, 9, 1), (0, 3, 2, 1)):
        shapes = ((texts, inputs), (outputs, inputs), (rank, inputs), (outputs, rank))
        yield (*(rng.normal(size=shape) for shape in shapes), float(rng.uniform(1.5, 4)))
    yield (
        *(rng.normal(size=shape) for shape in ((2, 3), (3, 3), (1, 3))),
        np.zeros((3, 1)),
        2.0,
    )  # nothing learned yet
    x, a, b = (rng.uniform(1, 2, shape) for shape in ((2, 3), (2, 3), (4, 2)))
    yield 1e-300 * x, rng.normal(size=(4, 3)), 1e300 * a, 1e10 * b, 2.0  # b @ a is beyond what a number can be


PAIR = (
    Mistake("no scale", lambda x, weight, a, b, scale: with_pair(x, weight, a, b, 1.0), "scale is not used."),
    Mistake(
        "everything scaled",
        lambda x, weight, a, b, scale: scale * with_pair(x, weight, a, b, 1.0),
        "scale belongs to the pair alone: with b zero the layer must answer as before.",
    ),
    Mistake(
        "the pair alone",
        lambda x, weight, a, b, scale: scale * ((x @ a.T) @ b.T),
        "the weight's own product is missing: the pair is ADDED to it.",
    ),
    Mistake("the weight alone", lambda x, weight, a, b, scale: x @ weight.T, "that is the layer without its pair."),
    Mistake(
        "not transposed",
        lambda x, weight, a, b, scale: x @ weight + scale * ((x @ a) @ b),
        "weights stand as [outputs, inputs], texts as rows: each product needs a .T.",
    ),
    Mistake(
        "taken off",
        lambda x, weight, a, b, scale: with_pair(x, weight, a, b, -scale),
        "the pair's part is added, not taken off.",
    ),
    Mistake(
        "scale over rank",
        lambda x, weight, a, b, scale: with_pair(x, weight, a, b, scale / len(a)),
        "scale is already alpha over the rank: do not divide again.",
    ),
    Mistake(
        "one column a text",
        lambda x, weight, a, b, scale: with_pair(x, weight, a, b, scale).T,
        "a row for each text: [texts, outputs].",
    ),
    Mistake(
        "the update formed",
        lambda x, weight, a, b, scale: x @ (weight + scale * (b @ a)).T,
        "b @ a is as large as the weight (and overflows in one of the cases): x meets the thin ones one after the other.",
    ),
)

# --- largest_rank ----------------------------------------------------------------------------------


def _rooms(rng: np.random.Generator) -> Iterator[tuple]:
    for count in (1, 6, 4):
        shapes = [(int(rng.integers(8, 400)), int(rng.integers(8, 400))) for _ in range(count)]
        each = int(rng.choice([1, 2, 4]))
        one = each * sum(map(sum, shapes))
        yield shapes, one * 5 + int(rng.integers(1, one)), each
        yield shapes, one * 3, each  # fits exactly
        yield shapes, one * 3 - 1, each  # misses by a byte
        yield shapes, one - 1, each  # not even rank 1
    yield shapes, 4 * sum(map(sum, shapes)) * 7 + 3  # without bytes_each, as the notebook asks
    yield [(8, 8)], 0, 4
    yield [], int(rng.integers(100)), 4


def _rank(numbers: object, rounded: object = math.floor, least: int = 0) -> object:
    """`largest_rank` with other numbers for a rank of 1, or rounded otherwise."""

    def found(shapes: list, room_bytes: int, bytes_each: int = 4) -> int:
        one = numbers(shapes, bytes_each)  # type: ignore[operator]
        return max(least, rounded(room_bytes / one)) if one else 0  # type: ignore[operator]

    return found


def _true(shapes: list, each: int) -> int:
    return each * sum(map(sum, shapes))


RANK = (
    Mistake(
        "the whole weight",
        _rank(lambda shapes, each: each * sum(o * i for o, i in shapes)),
        "outputs * inputs are the weight's numbers: a pair of rank 1 has outputs + inputs.",
    ),
    Mistake(
        "numbers for bytes",
        _rank(lambda shapes, each: sum(map(sum, shapes))),
        "room_bytes are bytes: each number takes bytes_each of them.",
    ),
    Mistake("rounded up", _rank(_true, math.ceil), "it must fit: round down."),
    Mistake(
        "half the pair",
        _rank(lambda shapes, each: each * sum(i for _, i in shapes)),
        "a pair has two matrices, [rank, inputs] and [outputs, rank].",
    ),
    Mistake(
        "one layer alone",
        _rank(lambda shapes, each: each * sum(shapes[0]) if shapes else 0),
        "every weight of shapes gets a pair: they share the room.",
    ),
    Mistake("at least 1", _rank(_true, math.floor, 1), "where rank 1 does not fit the answer is 0."),
    Mistake("four bytes always", _rank(lambda shapes, each: 4 * sum(map(sum, shapes))), "bytes_each need not be 4."),
    Mistake("a part of a rank", _rank(_true, float), "a rank is a whole number."),
    Mistake(
        "bytes_each must be said",
        lambda shapes, room_bytes, bytes_each: largest_rank(shapes, room_bytes, bytes_each),
        "leave the first line as it is: without bytes_each it is 4.",
    ),
    Mistake(
        "two bytes unless said",
        lambda shapes, room_bytes, bytes_each=2: largest_rank(shapes, room_bytes, bytes_each),
        "leave the first line as it is: bytes_each is 4 where it is not given.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        with_pair,
        cases=_layers,
        nudge="What must come out while b is still zero? And which product comes first, so that nothing large is formed?",
        mistakes=PAIR,
    )
    check.function(
        largest_rank,
        cases=_rooms,
        nudge="How many numbers has a pair of rank 1 beside ONE weight? How many bytes are that for all of them?",
        mistakes=RANK,
    )
