"""Cases and mistakes of `found_share`: how often a race finds a true difference."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.by_hand import found_share, told_apart


def _pilots(rng: np.random.Generator) -> Iterator[tuple]:
    # Effects of both signs, found by some of the runs and not by others, the last one in the wrong direction by a few; a pilot
    # whose middle is not 1, and skewed.
    for size, effect, runs, rounds in (
        (60, 0.05, 60, 25),
        (100, -0.03, 70, 50),
        (40, 0.02, 40, 60),
        (80, -0.10, 30, 8),
        (50, 0.004, 200, 30),
    ):
        pilot = 1.04 * np.exp(0.06 * rng.standard_normal(size) + 0.05 * rng.exponential(size=size))
        yield pilot, effect, rng.integers(size, size=(runs, rounds))


def _share(
    pilot: np.ndarray,
    drawn: np.ndarray,
    effect: float,
    *,
    middle: Callable = np.median,
    found: Sequence[str] | None = None,
) -> float:
    """The share with something changed: what is called the middle, or what counts as found."""
    runs = (1 + effect) * (pilot / middle(pilot))[drawn]
    wanted = found or ["slower" if effect > 0 else "faster"]
    return sum(told_apart(run) in wanted for run in runs) / len(runs)


def _told_rightly(runs: np.ndarray, effect: float) -> float:
    """The share of these runs, [runs, rounds], whose verdict is the effect's."""
    return sum(told_apart(run) == ("slower" if effect > 0 else "faster") for run in runs) / len(runs)


def _each_run_even(pilot: np.ndarray, effect: float, drawn: np.ndarray) -> float:
    runs = pilot[drawn]
    return _told_rightly((1 + effect) * runs / np.median(runs, axis=1, keepdims=True), effect)


def _added(pilot: np.ndarray, effect: float, drawn: np.ndarray) -> float:
    return _told_rightly((pilot / np.median(pilot))[drawn] + effect, effect)


SHARE = (
    Mistake(
        "without its sign",
        lambda pilot, effect, drawn: _share(pilot, drawn, abs(effect)),
        "an effect of -0.03 makes B FASTER: multiply by 1 + effect as it is, and look for that verdict.",
    ),
    Mistake(
        "slower alone",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, found=["slower"]),
        "where the effect is negative, what is to be found is 'faster'.",
    ),
    Mistake(
        "either verdict counts",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, found=["slower", "faster"]),
        "who is told that a slower build is faster has not found it: the direction must be right.",
    ),
    Mistake(
        "the pilot as it is",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, middle=lambda _: 1.0),
        "the pilot compared a thing with itself, so its median should be 1: divide by it first.",
    ),
    Mistake(
        "centred by the mean",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, middle=np.mean),
        "the verdict is on the median, so the pilot's MEDIAN is what must become 1.",
    ),
    Mistake(
        "each run made even",
        _each_run_even,
        "a run's own median is off by chance, and that is what the verdict must cope with: centre the PILOT, once.",
    ),
    Mistake(
        "the effect added",
        _added,
        "5 % more time makes a ratio of 2 into 2.10, not 2.05: multiply by 1 + effect.",
    ),
    Mistake(
        "how many, not which share",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect) * len(drawn),
        "return a share, from 0 to 1: divide by the number of runs.",
    ),
    Mistake(
        "runs and rounds exchanged",
        lambda pilot, effect, drawn: _share(pilot, drawn.T, effect),
        "drawn is [runs, rounds]: each ROW is one run.",
    ),
    Mistake(
        "divided by the effect",
        lambda pilot, effect, drawn: _share(
            pilot, drawn, 1 / (1 + effect) - 1, found=["slower" if effect > 0 else "faster"]
        ),
        "5 % more time is a ratio of 1.05: multiply by 1 + effect.",
    ),
)


def register(check: Checks) -> None:
    """The exercise."""
    check.function(
        found_share,
        cases=_pilots,
        nudge="Make the pilot a machine without a difference, give it the one asked about, and judge each run.",
        mistakes=SHARE,
    )
