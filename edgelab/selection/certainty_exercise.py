"""Cases and mistakes of the exercises on who is worth a look and how sure a choice is: `pareto_front`, `clears_together`,
`smallest_of_each`, `winning_bounds`."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.selection.by_hand import clears_together, smallest_of_each, winning_bounds
from edgelab.selection.pareto import pareto_front

# --- pareto_front ----------------------------------------------------------------------------------


def _models(rng: np.random.Generator) -> Iterator[tuple]:
    for models, larger in ((7, [True, False]), (9, [True, False, False]), (12, [False, True])):
        yield rng.integers(0, 5, (models, len(larger))).astype(float), np.array(larger)  # ties in a measure
        yield rng.normal(size=(models, len(larger))), np.array(larger)
    twin = rng.normal(size=(1, 2))
    yield np.concatenate([twin, twin, twin + [[-1, 1]]]), np.array([True, False])  # two alike in everything
    yield rng.normal(size=(1, 3)), np.array([True, False, True])  # alone
    unmeasured = rng.normal(size=(6, 2))
    unmeasured[rng.integers(6), rng.integers(2)] = np.nan
    yield unmeasured, np.array([True, False])
    yield np.array([[0.9, np.nan], [0.5, 3.0], [0.4, 4.0]]) + rng.random(), np.array([True, False])
    yield rng.normal(size=(8, 1)), np.array([False])
    hair = 0.9 - np.array(
        [[0.0, 0.0], [1e-3, 0.0], [0.0, 1e-3]]
    )  # beaten by a hair, as one example in a thousand makes it
    yield hair[rng.permutation(3)], np.array([True, True])


def _front(values: np.ndarray, larger: np.ndarray, beats: Callable[[np.ndarray, np.ndarray], bool]) -> np.ndarray:
    """The models that none beats, of those measured; `beats(mine, other)` of two rows in which larger is better."""
    good = np.where(larger, values, -values)
    known = ~np.isnan(values).any(axis=1)
    models = range(len(good))
    beaten = [any(bool(known[j]) and j != i and beats(good[j], good[i]) for j in models) for i in models]
    return np.asarray(known & ~np.array(beaten, dtype=bool))


def _with_unmeasured(values: np.ndarray, larger: np.ndarray) -> np.ndarray:
    good = np.where(larger, values, -values)
    beaten = np.asarray((good[None] >= good[:, None]).all(-1) & (good[None] > good[:, None]).any(-1))
    return np.asarray(~beaten.any(axis=1))


PARETO = (
    Mistake(
        "about as good",
        lambda values, larger: _front(values, larger, lambda a, b: bool((a >= b).all() and (a > b + 0.01).any())),
        "better is better, by however little: how sure that is comes later.",
    ),
    Mistake(
        "twins beat each other",
        lambda values, larger: _front(values, larger, lambda a, b: bool((a >= b).all())),
        "two models alike in everything do not beat each other: one must also be BETTER in something.",
    ),
    Mistake(
        "better in everything",
        lambda values, larger: _front(values, larger, lambda a, b: bool((a > b).all())),
        "as good in one measure and better in another is enough to beat: only one measure must be better.",
    ),
    Mistake(
        "better in something",
        lambda values, larger: _front(values, larger, lambda a, b: bool((a > b).any())),
        "better in one measure is not enough: it must be at least as good in all the others.",
    ),
    Mistake(
        "larger is always better",
        lambda values, larger: pareto_front(values, np.ones_like(larger)),
        "of some measures less is better: larger_is_better says of which.",
    ),
    Mistake(
        "the wrong way round",
        lambda values, larger: pareto_front(values, ~larger),
        "that is the front of the worst: where is larger better, and where smaller?",
    ),
    Mistake(
        "not measured, on the front",
        _with_unmeasured,
        "a model with a NaN was not measured in something: nobody knows whether it belongs there, so it does not.",
    ),
    Mistake(
        "those that are beaten",
        lambda values, larger: ~pareto_front(values, larger),
        "True is for those that nobody beats.",
    ),
    Mistake(
        "their places",
        lambda values, larger: np.flatnonzero(pareto_front(values, larger)),
        "an array of True and False is asked for, one for each model.",
    ),
)

# --- clears_together -------------------------------------------------------------------------------


def _samples(rng: np.random.Generator) -> Iterator[tuple]:
    for measures, examples, draws in ((2, 40, 30), (3, 25, 60), (1, 50, 20)):
        outcomes = rng.random((measures, examples)) < rng.uniform(0.6, 0.9, (measures, 1))
        yield outcomes, outcomes.mean(axis=1) - 0.003, rng.integers(examples, size=(draws, examples))
    apart = np.arange(24) < 12
    yield np.stack([apart, ~apart]), np.array([0.47, 0.47]), rng.integers(24, size=(80, 24))  # never both by much
    drawn = rng.integers(8, size=(40, 8))
    yield np.stack([np.arange(8) < 6, np.ones(8, bool)]), np.array([0.75, 1.0]), drawn  # exactly at the bound
    near = rng.random((2, 300)) < 0.8
    yield near, near.mean(axis=1), rng.integers(300, size=(60, 300))  # some miss by one example in 300
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

# --- smallest_of_each ------------------------------------------------------------------------------


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

# --- winning_bounds --------------------------------------------------------------------------------


def _values(rng: np.random.Generator) -> Iterator[tuple]:
    for larger in (True, False):
        for rivals in (1, 3, 4):
            values = rng.normal(size=rivals + 1)
            yield float(values[0]), values[1:].tolist(), larger
            best = values.max() if larger else values.min()
            yield float(best + (0.1 if larger else -0.1)), values[1:].tolist(), larger  # it wins
        own = float(rng.normal())
        yield own, [own, own - 1, own + 1][: int(rng.integers(1, 3))], larger  # as good as one of them
        yield own, [], larger
        yield 0.0, [-0.5, -1.0], larger


def _ends(rival: float, own: float, larger: bool) -> tuple[float, float]:
    return (rival, own) if larger else (own, rival)


def _by(pick: Callable[[Sequence[float], bool], float], own: float, rivals: Sequence[float], larger: bool) -> object:
    """With another rival than the best."""
    rival = pick(rivals, larger) if len(rivals) else (-np.inf if larger else np.inf)
    wins = own > rival if larger else own < rival
    return _ends(rival, own, larger) if wins else None


WINNING = (
    Mistake(
        "against the weakest",
        lambda own, rivals, larger: _by(lambda r, up: min(r) if up else max(r), own, rivals, larger),
        "the bound must keep out EVERY smaller model, the best of them, too.",
    ),
    Mistake(
        "against the first",
        lambda own, rivals, larger: _by(lambda r, _: r[0], own, rivals, larger),
        "that looks at the first rival alone.",
    ),
    Mistake(
        "larger is always better",
        lambda own, rivals, larger: winning_bounds(own, rivals, True),
        "of milliseconds and megabytes less is better: then the best rival is the SMALLEST, and the bound lies above it.",
    ),
    Mistake(
        "a bound for any",
        lambda own, rivals, larger: _ends(winning_or_best(own, rivals, larger), own, larger),
        "where a smaller model is as good or better, no bound parts them: return None.",
    ),
    Mistake(
        "a tie is a win",
        lambda own, rivals, larger: (own, own) if own in rivals else winning_bounds(own, rivals, larger),
        "whoever is as good as a smaller model never wins by this measure: a bound that both clear picks the smaller.",
    ),
    Mistake(
        "the higher end first",
        lambda own, rivals, larger: None if (w := winning_bounds(own, rivals, larger)) is None else w[::-1],
        "the lower end comes first.",
    ),
    Mistake(
        "nobody in the way",
        lambda own, rivals, larger: winning_bounds(own, rivals, larger) if len(rivals) else None,
        "without rivals every bound that it clears will do: the other end is infinite.",
    ),
)


def winning_or_best(own: float, rivals: Sequence[float], larger: bool) -> float:
    """The best rival's value, whether or not it can be kept out."""
    nobody = -np.inf if larger else np.inf
    return float(max(rivals, default=nobody) if larger else min(rivals, default=nobody))


def register(check: Checks) -> None:
    """Add the four exercises to a notebook's registry, in its order."""
    check.function(
        pareto_front,
        cases=_models,
        nudge="When does one model make another superfluous? Say it of two, in words, and mind those that are equal.",
        mistakes=PARETO,
    )
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
    check.function(
        winning_bounds,
        cases=_values,
        nudge="Which bound does the model still clear itself, and from which one on does the last smaller model fail?",
        mistakes=WINNING,
    )
