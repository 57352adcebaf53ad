"""Latency under load that lasts: does the machine keep its pace, or does it slow down as it warms up?"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.measurement.comparison import slowed
from edgelab.stats.intervals import Interval, percentile_interval

MARGIN = 0.10  # a slowdown smaller than this is not called throttling: it may be other work on the machine
LEAST_WINDOWS = 18  # 6 a third: the least from which a median's interval has both ends


@dataclass(frozen=True)
class Sustained:
    """One request after another for so long: when each was begun, in seconds, and how long it took, in ms."""

    seconds: tuple[float, ...]
    milliseconds: tuple[float, ...]

    def windows(self, width_s: float) -> tuple[np.ndarray, np.ndarray]:
        """The middle of each window of `width_s` that held a request, and the median latency in it, both [windows]."""
        which = (np.array(self.seconds) // width_s).astype(int)
        found = np.unique(which)
        values = np.array(self.milliseconds)
        return (found + 0.5) * width_s, np.array([np.median(values[which == w]) for w in found])

    def thirds(self, width_s: float) -> tuple[Interval, Interval]:
        """The typical window of the first third and of the last, each with its 95 % interval."""
        _, medians = self.windows(width_s)
        part = max(1, len(medians) // 3)
        return percentile_interval(medians[:part], 50), percentile_interval(medians[-part:], 50)

    def verdict(self, width_s: float = 1.0) -> str:
        """`throttled` if the last third's interval lies wholly above the first one's and its middle at least `MARGIN` above;
        `steady` if the last third's middle is no more than that; else `not decided`, as with fewer than
        `LEAST_WINDOWS`.

        It says when the subject slowed down, not why: heat, a power limit and other work look alike from within.
        """
        first, last = self.thirds(width_s)
        if len(self.windows(width_s)[1]) < LEAST_WINDOWS:
            return "not decided"
        if last.value < first.value * (1 + MARGIN):
            return "steady"
        return "throttled" if last.low > first.high else "not decided"


def sustain(
    subject: Callable[[str], object],
    texts: Sequence[str],
    seconds: float,
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Sustained:
    """Ask without a pause for so many seconds, `texts` over and over."""
    begun: list[float] = []
    taken: list[float] = []
    start = clock()
    while (begin := clock()) - start < seconds * 1e9:
        subject(texts[len(begun) % len(texts)])
        begun.append((begin - start) / 1e9)
        taken.append((clock() - begin) / 1e6)
    return Sustained(tuple(begun), tuple(taken))


def limited(
    subject: Callable[[str], object],
    after_s: float,
    slowdown: float,
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Callable[[str], object]:
    """The same subject on an emulated hot device: from `after_s` of use on, each answer takes `slowdown` of its time more.
    A throttling that is known to be there, to see whether a measurement finds it."""
    hot, first = slowed(subject, slowdown, clock=clock), None

    def answer(text: str) -> object:
        nonlocal first
        first = clock() if first is None else first
        return (hot if clock() - first >= after_s * 1e9 else subject)(text)

    return answer
