"""The fault to find in `05_measurement`: a log of eight runs, seven of which cannot be what they say.

Each run's latencies are drawn, and what its tester did wrong is done to them; the log's numbers are computed from that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.load import open_latencies

if TYPE_CHECKING:
    import pandas as pd

EVERY_MS = 10.0  # of the run on a schedule
CAUSES = {
    "unsorted": "a percentile was read from latencies that nobody had sorted",
    "parallel": "several requests were under way at a time, and the log says one",
    "warm-up": "the first request, which loads everything, was counted",
    "units": "one unit was compared with another",
    "polite": "whoever was to ask on a schedule waited for the answers",
    "clock": "the clock is too coarse for what it timed",
    "few": "there are too few requests for this percentile",
    "sound": "nothing: these numbers can be",
}
LOG_FAULTS = {
    "A": "warm-up",
    "B": "units",
    "C": "sound",
    "D": "unsorted",
    "E": "polite",
    "F": "few",
    "G": "parallel",
    "H": "clock",
}


@dataclass(frozen=True)
class Logged:
    """One run: its latencies in ms in the order taken, how long it took, and what its tester wrote beside them."""

    latencies_ms: np.ndarray
    seconds: float
    sent: str = "when answered"
    unit: str = "CPU"
    times_faster: str = "1.2x, CPU"
    percentile: Callable[[np.ndarray, float], float] = lambda values, q: float(np.percentile(values, q))


@cache
def runs() -> dict[str, Logged]:
    """The eight runs by their letters; always the same."""
    rng = np.random.default_rng(5)

    def usual(requests: int, middle_ms: float) -> np.ndarray:
        return middle_ms * np.exp(0.25 * np.abs(rng.standard_normal(requests)) + 0.02 * rng.standard_normal(requests))

    def one_by_one(latencies_ms: np.ndarray, shared: float = 1.0, **said: object) -> Logged:
        return Logged(latencies_ms, 1.02 * latencies_ms.sum() / shared / 1000, **said)  # type: ignore[arg-type]

    def by_place(values: np.ndarray, q: float) -> float:
        return float(values[int(q / 100 * len(values))])

    first = usual(1000, 2.1)
    first[0] = 2490.0
    stalled = usual(1000, 2.0)
    stalled[400] = 900.0
    polite = np.arange(1000) * EVERY_MS + np.maximum(0, np.arange(1000) > 400) * (900.0 - EVERY_MS)
    unsorted = usual(1000, 3.1)
    unsorted[[900, 990]] = 6.4, 3.2  # where the tester looked
    return {
        "A": one_by_one(first, times_faster="1.6x, CPU"),
        "B": one_by_one(usual(1000, 1.9), unit="NPU", times_faster="24x, CPU"),
        "C": one_by_one(usual(1000, 2.4), times_faster="1.4x, CPU"),
        "D": one_by_one(unsorted, percentile=by_place),
        "E": Logged(stalled, (polite[-1] + stalled[-1]) / 1000, sent=f"each {EVERY_MS:g} ms"),
        "F": one_by_one(usual(50, 2.3), times_faster="1.5x, CPU"),
        "G": one_by_one(usual(1000, 5.2), shared=1.9, times_faster="1.1x, CPU"),
        "H": one_by_one(np.where(rng.random(1000) < 0.13, 15.6, 0.0), times_faster="1.3x, CPU"),
    }


def log() -> "pd.DataFrame":
    """What the testers wrote: one tester, one request at a time, all in ms but for the seconds."""
    import pandas as pd

    rows = {}
    for letter, run in runs().items():
        values = run.latencies_ms
        rows[letter] = {
            "requests": len(values),
            "sent": run.sent,
            "seconds": f"{run.seconds:.2f}",
            "mean": f"{values.mean():.2f}",
            **{f"p{q}": f"{run.percentile(values, q):.1f}" for q in (50, 90, 99)},
            "max": f"{values.max():.1f}",
            "first": f"{values[0]:.1f}",
            "unit": run.unit,
            "faster than": run.times_faster,
        }
    return pd.DataFrame(rows).T


def on_schedule() -> np.ndarray:
    """What those who asked each 10 ms would have waited in run E, whose tester waited, in ms."""
    service = runs()["E"].latencies_ms
    return open_latencies(EVERY_MS * np.arange(len(service)), service)


def judge_faults(faults: dict) -> list[str]:
    """Which runs are explained wrongly."""
    if set(faults) != set(LOG_FAULTS):
        return [f"expected the runs {', '.join(LOG_FAULTS)}"]
    unknown = [letter for letter, cause in faults.items() if cause not in list(CAUSES)]
    if unknown:
        return [f"{letter}: expected one of {', '.join(CAUSES)}" for letter in unknown]
    return [f"{letter}: not {faults[letter]!r}" for letter, right in LOG_FAULTS.items() if faults[letter] != right]


def _with(**changes: str) -> dict:
    return LOG_FAULTS | changes


MISTAKES = (
    Mistake(
        "a slow start, unseen",
        _with(A="sound"),
        "run A: how can the mean lie above the p99? Which request is the slowest?",
    ),
    Mistake(
        "A on a schedule",
        _with(A="polite"),
        "run A was to send when answered, so nobody fell behind. Which request is the slowest?",
    ),
    Mistake(
        "24 times", _with(B="sound"), "run B: on which unit did it run, and on which did what it is compared with?"
    ),
    Mistake("a fault in C", _with(C="few"), "run C: a thousand requests bound a p99 by every rule of this notebook."),
    Mistake(
        "rising percentiles", _with(D="sound"), "run D: 99 of 100 requests are within the p99, so 90 of them are, too."
    ),
    Mistake(
        "D by chance", _with(D="few"), "run D: no number of requests makes a p99 smaller than a p90 of the same sample."
    ),
    Mistake("on time", _with(E="sound"), "run E: how long do a thousand requests take that are sent each 10 ms?"),
    Mistake("E's first", _with(E="warm-up"), "run E: its first request was quick. How long should the run have taken?"),
    Mistake(
        "fifty", _with(F="sound"), "run F: what is the p99 of fifty samples, and what does percentile_bounds say of it?"
    ),
    Mistake(
        "too many a second",
        _with(G="sound"),
        "run G: requests times the mean is the time they took in all. Compare the seconds.",
    ),
    Mistake("G's clock", _with(G="clock"), "run G's latencies are fine ones; but their sum is longer than the run."),
    Mistake(
        "no time at all",
        _with(H="sound"),
        "run H: half of the requests took no time at all, and the others all the same.",
    ),
)


def register(check: Checks) -> None:
    """The exercise."""
    check.design(
        "log_faults",
        LOG_FAULTS,
        judge=judge_faults,
        nudge="Take a row at a time: do the percentiles rise, does requests x mean fit the seconds, is like compared with like?",
        mistakes=MISTAKES,
    )
