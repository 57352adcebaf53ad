"""Cases and mistakes of the exercise on emulated pauses: `with_pauses`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.tiers.pauses import with_pauses

# --- with_pauses -----------------------------------------------------------------------------------


def _loads(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, duty, period, work in ((12, 0.25, 100.0, 9.0), (40, 0.5, 20.0, 6.0), (5, 0.2, 10.0, 7.0)):
        arrivals = np.cumsum(rng.exponential(12.0, requests))
        yield arrivals.tolist(), (work * rng.uniform(0.3, 1.7, requests)).tolist(), duty, period
    yield [0.0, 2.0, 50.0], [float(rng.integers(3, 9)), 3.0, 1.0], 0.9, 20.0  # nothing meets a pause
    # Done just in time, come just as the pause begins, come within the pause, and one that meets two pauses.
    yield [5.0, 30.0, 55.0, 80.0], [5.0, 2.0, 1.0, 25.0], 0.5, 20.0
    yield [], [], 0.5, 20.0


def _waits(
    arrivals_ms: list[float],
    work_ms: list[float],
    duty: float,
    period_ms: float,
    *,
    awake: float | None = None,
    alone: bool = False,
    several: bool = True,
    early: bool = False,
) -> list[float]:
    """The waits with something changed: how long it is awake, whether requests hold up each other, pauses beyond the first,
    a request that is done just in time."""
    awake, now, waits = duty * period_ms if awake is None else awake, 0.0, []
    for arrival, work in zip(arrivals_ms, work_ms, strict=True):
        now, pauses = arrival if alone else max(now, arrival), 0
        while several or pauses == 0:
            left = max(0.0, awake - now % period_ms)
            if work < left or (work == left and not (early and left)):
                break
            work, now, pauses = work - left, (now // period_ms + 1) * period_ms, pauses + 1
        now += work
        waits.append(now - arrival)
    return waits


def _without_pauses(arrivals_ms: list[float], work_ms: list[float]) -> list[float]:
    return with_pauses(arrivals_ms, work_ms, 1.0, 1e12)


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        with_pauses,
        cases=_loads,
        nudge="Keep one clock. How much of the time awake is left at it? If the work does not fit, on to the next period.",
        mistakes=(
            Mistake(
                "no pauses",
                lambda arrivals_ms, work_ms, duty, period_ms: _without_pauses(arrivals_ms, work_ms),
                "that is a device that never stops: a request that is not done when it does waits for the next period.",
            ),
            Mistake(
                "slower all the time",
                lambda arrivals_ms, work_ms, duty, period_ms: _without_pauses(arrivals_ms, [w / duty for w in work_ms]),
                "on average, yes; but most requests meet no pause at all, and a few a whole one.",
            ),
            Mistake(
                "a pause for each",
                lambda arrivals_ms, work_ms, duty, period_ms: [
                    wait + (1 - duty) * period_ms for wait in _without_pauses(arrivals_ms, work_ms)
                ],
                "only a request that is not done in the time awake that is left meets a pause.",
            ),
            Mistake(
                "each alone on the device",
                lambda arrivals_ms, work_ms, duty, period_ms: _waits(arrivals_ms, work_ms, duty, period_ms, alone=True),
                "one after the other: a request begins when it is there AND the one before is done.",
            ),
            Mistake(
                "one pause at most",
                lambda arrivals_ms, work_ms, duty, period_ms: _waits(
                    arrivals_ms, work_ms, duty, period_ms, several=False
                ),
                "a long request can meet several pauses: a while, not an if.",
            ),
            Mistake(
                "awake in the pause",
                lambda arrivals_ms, work_ms, duty, period_ms: _waits(
                    arrivals_ms, work_ms, duty, period_ms, awake=(1 - duty) * period_ms
                ),
                "duty is the share in which it works; the pause is the rest.",
            ),
            Mistake(
                "stopped at the goal",
                lambda arrivals_ms, work_ms, duty, period_ms: _waits(arrivals_ms, work_ms, duty, period_ms, early=True),
                "a request that is done just when the device stops is done: it waits for nothing.",
            ),
            Mistake(
                "when the answer comes",
                lambda arrivals_ms, work_ms, duty, period_ms: [
                    arrival + wait
                    for arrival, wait in zip(
                        arrivals_ms, with_pauses(arrivals_ms, work_ms, duty, period_ms), strict=True
                    )
                ],
                "that is the moment of the answer: the wait runs from the arrival, so subtract it.",
            ),
        ),
    )
