"""Cases and mistakes of the exercise `auroc`: how well a score tells right answers from wrong ones."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.stats.ranking import auroc


def _judged(rng: np.random.Generator) -> Iterator[tuple]:
    for requests in (12, 300):
        score = rng.normal(size=requests)
        right = rng.random(requests) < 0.5 + 0.4 * np.tanh(score)
        right[:2] = True, False
        yield score, right
        yield np.round(score), right  # ties
    yield rng.integers(3, size=60) / 2, np.arange(60) < 45
    yield rng.permutation(9).astype(float), np.arange(9) == 4  # one right answer
    yield np.ones(7), np.arange(7) < 3
    yield rng.normal(size=5), np.ones(5, dtype=bool)  # nothing to tell apart
    yield rng.normal(size=5), np.zeros(5, dtype=bool)


def _pairs(score: np.ndarray, right: np.ndarray, of_gap: Callable[[np.ndarray], np.ndarray]) -> float:
    """The mean of `of_gap` over all pairs of a right and a wrong answer.

    Raises:
        ValueError: there are none.
    """
    if right.all() or not right.any():
        raise ValueError("only one kind")
    return float(of_gap(score[right][:, None] - score[~right][None]).mean())


MISTAKES = (
    Mistake(
        "ties count nothing",
        lambda score, right: _pairs(score, right, lambda gap: gap > 0),
        "two equal scores are half a success: a coin would decide.",
    ),
    Mistake(
        "ties count whole",
        lambda score, right: _pairs(score, right, lambda gap: gap >= 0),
        "equal scores tell nothing apart: they count half, not whole.",
    ),
    Mistake(
        "the wrong one higher",
        lambda score, right: _pairs(score, right, lambda gap: (gap < 0) + 0.5 * (gap == 0)),
        "how often does the RIGHT answer score higher?",
    ),
    Mistake(
        "from -1 to 1",
        lambda score, right: _pairs(score, right, np.sign),
        "a share of pairs, from 0 to 1: successes less failures is another measure.",
    ),
    Mistake(
        "how much higher",
        lambda score, right: _pairs(score, right, lambda gap: gap),
        "only WHETHER the right one scores higher counts, not by how much.",
    ),
    Mistake(
        "above the mean score",
        lambda score, right: (
            _pairs(score, right, lambda gap: gap > 0)
            if _one_kind(right)
            else float(((score >= score.mean()) == right).mean())
        ),
        "no threshold comes in: compare each right answer with each wrong one.",
    ),
    Mistake(
        "all pairs of two",
        lambda score, right: (
            _pairs(score, right, lambda gap: gap > 0)
            * right.sum()
            * (~right).sum()
            / (len(right) * (len(right) - 1) / 2)
        ),
        "divide by the pairs of a right and a wrong answer, not by all pairs.",
    ),
    Mistake(
        "no error for one kind",
        lambda score, right: 0.5 if _one_kind(right) else auroc(score, right),
        "where all answers are right, or all wrong, there is no pair: raise a ValueError.",
    ),
)


def _one_kind(right: np.ndarray) -> bool:
    return bool(right.all() or not right.any())


def register(check: Checks) -> None:
    """The one."""
    check.function(
        auroc,
        cases=_judged,
        nudge="Compare every right answer with every wrong one. How many pairs are that, and in how many is the right one higher?",
        mistakes=MISTAKES,
    )
