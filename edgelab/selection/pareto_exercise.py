"""Cases and mistakes of the exercise on which models are worth a look: `pareto_front`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.selection.pareto import pareto_front


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
    for gap in (1e-3, 1e-6):  # beaten by a hair, as one example in a thousand or in a million makes it
        hair = 0.9 - gap * np.array([[0, 0], [1, 0], [0, 1]])
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
        "alike to np.isclose",
        lambda values, larger: _front(values, larger, lambda a, b: bool((a >= b).all() and not np.allclose(a, b))),
        "np.isclose takes what is nearly alike for alike: compare the numbers themselves.",
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


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        pareto_front,
        cases=_models,
        nudge="When does one model make another superfluous? Say it of two, in words, and mind those that are equal.",
        mistakes=PARETO,
    )
