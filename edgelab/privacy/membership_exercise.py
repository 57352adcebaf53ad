"""Cases and mistakes of the exercise on membership inference: `recognized`."""

import math
from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake


def recognized(taught: np.ndarray, others: np.ndarray, false_alarms: float) -> float:
    """The share of taught phrases that an attacker recognizes who says "taught" above a threshold on its scores, set such that
    at most the share `false_alarms` of the others is accused, too. Scores [phrases] of either; there are some of both."""
    allowed = math.floor(false_alarms * len(others) + 1e-9)  # 0.05 times 20 is one, whatever floats say
    if allowed >= len(others):
        return 1.0
    threshold = np.sort(others)[::-1][allowed]  # the first of the others that must not be accused
    return float(np.mean(taught > threshold))


# --- the exercise ----------------------------------------------------------------------------------


def _scores(rng: np.random.Generator) -> Iterator[tuple]:
    for taught, others, false_alarms in (
        (80, 60, 0.05),
        (40, 200, 0.01),
        (33, 20, 0.05),
        (50, 7, 0.3),
        (24, 10, 0.25),
        (60, 7, 0.27),
    ):
        yield rng.normal(0.8, 1, taught), rng.normal(0, 1, others), false_alarms
    yield rng.integers(0, 5, 60) / 4 + 0.25, rng.integers(0, 5, 50) / 4, 0.2  # ties
    yield rng.normal(1, 1, 30), rng.normal(0, 1, 30), 0.0  # nobody may be accused
    yield rng.normal(0, 1, 12), rng.normal(0, 1, 9), 1.0  # everybody may
    yield np.full(8, 0.5), np.full(9, 0.5), 0.1


def _above(threshold: Callable[..., float], *, also_at: bool = False) -> Callable[..., float]:
    def wrong(taught: np.ndarray, others: np.ndarray, false_alarms: float) -> float:
        limit = threshold(taught, others, false_alarms)
        return float(np.mean(taught >= limit if also_at else taught > limit))

    return wrong


def _of_others(others: np.ndarray, false_alarms: float, more: int = 0) -> float:
    """The score of the first of the others that is not accused, or of one further on."""
    allowed = math.floor(false_alarms * len(others) + 1e-9) + more
    return float("-inf") if allowed >= len(others) else float(np.sort(others)[::-1][max(0, allowed)])


def _area(taught: np.ndarray, others: np.ndarray) -> float:
    return float(np.mean((taught[:, None] > others) + 0.5 * (taught[:, None] == others)))


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        recognized,
        cases=_scores,
        nudge="How many of the others may be accused, in whole numbers? Which of their scores must then stay below the threshold?",
        mistakes=(
            Mistake(
                "the area",
                lambda taught, others, false_alarms: _area(taught, others),
                "the area under the curve averages over all thresholds; one person is hurt at a single one.",
            ),
            Mistake(
                "the middle",
                _above(lambda taught, others, false_alarms: float(np.median(others))),
                "above the median half of the others are accused: the threshold follows from false_alarms.",
            ),
            Mistake(
                "set by the taught",
                _above(lambda taught, others, false_alarms: float(np.quantile(taught, 1 - false_alarms))),
                "the threshold is set by the others: it is they who must not be accused.",
            ),
            Mistake(
                "interpolated",
                _above(lambda taught, others, false_alarms: float(np.quantile(others, 1 - false_alarms))),
                "np.quantile puts the threshold between two scores, or allows one more: sort the others and count.",
            ),
            Mistake(
                "the one at the threshold, too",
                _above(lambda taught, others, false_alarms: _of_others(others, false_alarms), also_at=True),
                "who scores as high as the first that must stay free cannot be accused: above the threshold, not at it.",
            ),
            Mistake(
                "one too many",
                _above(lambda taught, others, false_alarms: _of_others(others, false_alarms, more=1)),
                "that accuses one of the others more than allowed: count down from the highest again.",
            ),
            Mistake(
                "rounded up",
                lambda taught, others, false_alarms: recognized(
                    taught, others, math.floor(false_alarms * len(others) + 0.5) / len(others)
                ),
                "1.89 of the others may not be accused, one may: at most the share means rounding down.",
            ),
            Mistake(
                "not below them all",
                lambda taught, others, false_alarms: (
                    float(np.mean(taught > np.min(others)))
                    if false_alarms >= 1
                    else recognized(taught, others, false_alarms)
                ),
                "where all may be accused, no threshold is too low: it may lie below every score.",
            ),
            Mistake(
                "nobody accused",
                _above(lambda taught, others, false_alarms: float(np.max(others))),
                "some of the others may be accused: as many as false_alarms allows.",
            ),
            Mistake(
                "the others",
                lambda taught, others, false_alarms: float(np.mean(others > _of_others(others, false_alarms))),
                "that is the share of the others that is accused: asked is how many taught ones lie above.",
            ),
        ),
    )
