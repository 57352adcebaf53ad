"""Cases and mistakes of the exercise on finding: `ranks_of_best`."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.retrieval import ranks_of_best

Accepted = Sequence[Sequence[int]]


def _searches(rng: np.random.Generator) -> Iterator[tuple]:
    for questions, notes in ((4, 7), (1, 3), (9, 20)):
        right = [sorted(rng.permutation(notes)[: rng.integers(1, 4)].tolist()) for _ in range(questions)]
        yield rng.normal(size=(questions, notes)), right
    yield rng.integers(0, 2, (6, 8)).astype(float), [(int(rng.integers(0, 8)),) for _ in range(6)]  # ties
    yield (
        rng.integers(0, 2, (3, 40)).astype(float),
        [(int(rng.integers(20, 40)),) for _ in range(3)],
    )  # long rows of ties
    yield np.zeros((2, 5)), [(4,), (0, 3)]
    yield rng.normal(size=(3, 1)), [(0,)] * 3  # one note


def _ranks(
    *, least: bool = False, zero: bool = False, last: bool = False, alone: bool = False, late: bool = False
) -> Callable[[np.ndarray, Accepted], np.ndarray]:
    """The places with something changed: the smallest score first, counted from 0, the last accepted, the first named alone,
    the later of a tie."""

    def answer(scores: np.ndarray, accepted: Accepted) -> np.ndarray:
        found = []
        for row, right in zip(scores if least else -scores, accepted, strict=True):
            order = np.argsort(row, kind="stable")
            order = len(row) - 1 - np.argsort(row[::-1], kind="stable") if late else order
            places = [1 + order.tolist().index(each) for each in (right[:1] if alone else right)]
            found.append((max if last else min)(places) - zero)
        return np.array(found)

    return answer


def _hit(scores: np.ndarray, accepted: Accepted) -> np.ndarray:
    return (ranks_of_best(scores, accepted) == 1).astype(int)


def _better(scores: np.ndarray, accepted: Accepted) -> np.ndarray:
    return np.array([1 + (row > row[list(right)].max()).sum() for row, right in zip(scores, accepted, strict=True)])


def _positions(scores: np.ndarray, accepted: Accepted) -> np.ndarray:
    return np.array([int(row.argmax()) for row in scores])


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        ranks_of_best,
        cases=_searches,
        nudge="Sort each row, the largest first and stable; where in that order does the first accepted one stand?",
        mistakes=(
            Mistake(
                "the smallest first", _ranks(least=True), "the larger the score, the better: sort by minus the scores."
            ),
            Mistake("counted from 0", _ranks(zero=True), "the first place is 1."),
            Mistake(
                "the worst of those accepted",
                _ranks(last=True),
                "of several accepted ones, the first in the order counts.",
            ),
            Mistake("one accepted alone", _ranks(alone=True), "several may be accepted: look at all of them."),
            Mistake(
                "the later of a tie",
                _ranks(late=True),
                "of equal scores the one that stands first comes first: sort stably.",
            ),
            Mistake(
                "only the better ones counted",
                _better,
                "one of equal scores that stands before it comes before it, too.",
            ),
            Mistake("hit or not", _hit, "the place itself, not whether it is the first."),
            Mistake(
                "which one is the best",
                _positions,
                "not which note has the largest score, but at which place the right one comes.",
            ),
        ),
    )
