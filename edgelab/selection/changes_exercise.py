"""Cases and mistakes of the exercise on what would have to change for a model to win: `winning_bounds`."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.selection.by_hand import winning_bounds


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
        yield 0.5 if larger else -0.5, [0.0, -1.0 if larger else 1.0], larger  # a rival at 0 is one
        near = float(rng.normal())
        yield near, [near - 1e-6 if larger else near + 1e-6], larger  # better by a hair


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
        "about as good",
        lambda own, rivals, larger: (
            None if any(abs(own - rival) < 1e-3 for rival in rivals) else winning_bounds(own, rivals, larger)
        ),
        "better by however little is better: between the two a bound still fits.",
    ),
    Mistake(
        "nothing at 0",
        lambda own, rivals, larger: winning_bounds(own, [rival for rival in rivals if rival], larger),
        "0 is a value as any other: a rival at 0 is in the way, too.",
    ),
    Mistake(
        "infinite on the wrong side",
        lambda own, rivals, larger: winning_bounds(own, rivals, larger) if len(rivals) else (own, np.inf),
        "without rivals of a share every LOWER bound will do: from -np.inf to its own value.",
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
    """Add the exercise to a notebook's registry."""
    check.function(
        winning_bounds,
        cases=_values,
        nudge="Which bound does the model still clear itself, and from which one on does the last smaller model fail?",
        mistakes=WINNING,
    )
