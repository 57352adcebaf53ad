"""Cases and mistakes of the exercises on how sure a choice is: `clears_together`, `smallest_of_each`."""

from collections.abc import Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.selection.by_hand import clears_together, smallest_of_each

# --- clears_together ---------------------------------------------------------------------------------


def _samples(rng: np.random.Generator) -> Iterator[tuple]:
    for measures, examples, draws in ((2, 40, 30), (3, 25, 60), (1, 50, 20)):
        outcomes = rng.random((measures, examples)) < rng.uniform(0.6, 0.9, (measures, 1))
        yield outcomes, outcomes.mean(axis=1) - 0.003, rng.integers(examples, size=(draws, examples))
    apart = np.arange(24) < 12
    yield np.stack([apart, ~apart]), np.array([0.47, 0.47]), rng.integers(24, size=(80, 24))  # never both by much
    drawn = rng.integers(8, size=(40, 8))
    yield np.stack([np.arange(8) < 6, np.ones(8, bool)]), np.array([0.75, 1.0]), drawn  # exactly at the bound
    near = rng.random((2, 2000)) < 0.8
    yield near, near.mean(axis=1), rng.integers(2000, size=(200, 2000))  # some miss by one example in 2,000
    yield np.ones((2, 5), bool), np.array([1.0, 0.5]), rng.integers(5, size=(3, 5))
    yield np.array([[True], [False]]), np.array([0.5, 0.5]), np.zeros((int(rng.integers(2, 6)), 1), int)  # one example


def _shares(outcomes: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    return outcomes[:, drawn].mean(axis=2)


def _of(bounds: Sequence[float]) -> np.ndarray:
    return np.asarray(bounds)[:, None]


def _redrawn(outcomes: np.ndarray, bounds: Sequence[float], drawn: np.ndarray) -> np.ndarray:
    """Each measure on other draws than the one before."""
    rows = [outcomes[i][np.roll(drawn, i, axis=0)].mean(axis=1) for i in range(len(outcomes))]
    reached: np.ndarray = np.stack(rows) >= _of(bounds)
    return np.asarray(np.all(reached, axis=0))


CLEARS = (
    Mistake(
        "a draw for each measure",
        _redrawn,
        "draw the examples once for ALL measures: what goes wrong in one often goes wrong in the other.",
    ),
    Mistake(
        "rounded",
        lambda outcomes, bounds, drawn: (_shares(outcomes, drawn).round(2) >= _of(bounds).round(2)).all(axis=0),
        "do not round: a share just below its bound does not reach it.",
    ),
    Mistake(
        "nearly reached",
        lambda outcomes, bounds, drawn: (_shares(outcomes, drawn) >= _of(bounds) - 1e-3).all(axis=0),
        "a share just below its bound does not reach it, however little it lacks.",
    ),
    Mistake(
        "just above",
        lambda outcomes, bounds, drawn: (_shares(outcomes, drawn) > _of(bounds)).all(axis=0),
        "a share exactly at its bound clears it.",
    ),
    Mistake(
        "any of them",
        lambda outcomes, bounds, drawn: (_shares(outcomes, drawn) >= _of(bounds)).any(axis=0),
        "the bar is cleared where EVERY measure reaches its bound.",
    ),
    Mistake(
        "the sample itself",
        lambda outcomes, bounds, drawn: np.full(len(drawn), bool((outcomes.mean(axis=1) >= bounds).all())),
        "that is the sample once more: what would have been measured on each row of drawn?",
    ),
    Mistake(
        "on average",
        lambda outcomes, bounds, drawn: _shares(outcomes, drawn).mean(axis=0) >= np.mean(bounds),
        "a good measure must not make up for a bad one: compare each with its own bound.",
    ),
    Mistake(
        "the probability alone",
        lambda outcomes, bounds, drawn: float(clears_together(outcomes, bounds, drawn).mean()),
        "one True or False for each draw is asked for; their mean comes later.",
    ),
    Mistake(
        "each measure by itself",
        lambda outcomes, bounds, drawn: _shares(outcomes, drawn) >= _of(bounds),
        "that is a row for each measure: when are all of them reached in the same draw?",
    ),
    Mistake(
        "the first measure",
        lambda outcomes, bounds, drawn: (_shares(outcomes, drawn) >= _of(bounds))[0],
        "the other measures have bounds, too.",
    ),
)

# --- smallest_of_each --------------------------------------------------------------------------------


def _drawn_truths(rng: np.random.Generator) -> Iterator[tuple]:
    for models, draws in ((4, 40), (3, 25), (6, 60)):
        common = rng.random(draws)  # good draws are good for all
        clears = common + 0.5 * rng.random((models, draws)) > rng.uniform(0.3, 1.0, (models, 1))
        yield clears, rng.permutation(1000 * np.arange(1, models + 1))
    yield np.zeros((3, 10), bool), rng.permutation([10, 20, 30])  # none ever clears
    yield np.ones((3, 10), bool), rng.permutation([10, 20, 30])  # all always do
    yield rng.random((1, 12)) < 0.5, np.array([int(rng.integers(1, 99))])


def _by_product(clears: np.ndarray, sizes: Sequence[int]) -> np.ndarray:
    """As if the models cleared independently of each other."""
    shares, nobody = np.zeros(len(clears) + 1), 1.0
    for model in np.argsort(sizes):
        shares[model] = nobody * clears[model].mean()
        nobody *= 1 - clears[model].mean()
    shares[-1] = nobody
    return shares


SMALLEST = (
    Mistake(
        "multiplied",
        _by_product,
        "the models were judged on the same examples, so they clear together: count draws, do not multiply probabilities.",
    ),
    Mistake(
        "in the order of the list",
        lambda clears, sizes: smallest_of_each(clears, np.arange(len(sizes))),
        "the first in the list is not the smallest: go through the models by their size.",
    ),
    Mistake(
        "the largest",
        lambda clears, sizes: smallest_of_each(clears, -np.asarray(sizes)),
        "that is the LARGEST that clears.",
    ),
    Mistake(
        "each by itself",
        lambda clears, sizes: np.append(clears.mean(axis=1), (~clears.any(axis=0)).mean()),
        "that is how often each clears; it is only chosen where no smaller one does.",
    ),
    Mistake(
        "none is left out",
        lambda clears, sizes: smallest_of_each(clears, sizes)[:-1],
        "in some draws none clears: that is the last of models + 1 shares.",
    ),
    Mistake(
        "of those with a winner",
        lambda clears, sizes: np.append(
            smallest_of_each(clears, sizes)[:-1] / max(clears.any(axis=0).mean(), 1e-12),
            (~clears.any(axis=0)).mean(),
        ),
        "divide by ALL draws, those in which none clears as well: the shares must sum to 1.",
    ),
    Mistake(
        "sorted by size",
        lambda clears, sizes: np.append(
            smallest_of_each(clears, sizes)[:-1][np.argsort(sizes)], (~clears.any(axis=0)).mean()
        ),
        "the shares are right and stand in the order of size: put them back in the order of the models.",
    ),
    Mistake(
        "counts",
        lambda clears, sizes: smallest_of_each(clears, sizes) * clears.shape[1],
        "those are counts: shares of the draws are asked for.",
    ),
)


def register(check: Checks) -> None:
    """Add both exercises to a notebook's registry."""
    check.function(
        clears_together,
        cases=_samples,
        nudge="For one draw: which examples count, which share does each measure have on them, and which of the shares must be enough?",
        mistakes=CLEARS,
    )
    check.function(
        smallest_of_each,
        cases=_drawn_truths,
        nudge="In one draw: who clears, who of these is the smallest? Do that for every draw, and count.",
        mistakes=SMALLEST,
    )
