"""Which model ships: the smallest that clears the bar, judged by the lower end of its interval."""

from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Candidate:
    """A model that could ship. `retention` is the share that it gets right over the teacher's, on validation: of labels,
    or of calls."""

    name: str
    size_bytes: int
    retention: Interval


def smallest_clearing(sizes: np.ndarray, retention_low: np.ndarray, bar: float) -> int:
    """Index of the smallest candidate whose retention is at least `bar` at the *lower end* of its interval.

    Args:
        sizes: size of each candidate in bytes, [candidates].
        retention_low: lower end of each one's 95 % interval, [candidates].

    Returns:
        The index, or -1 when no candidate clears the bar.
    """
    clearing = np.flatnonzero(np.asarray(retention_low) >= bar)
    if len(clearing) == 0:
        return -1
    return int(clearing[np.argmin(np.asarray(sizes)[clearing])])


def choose(candidates: list[Candidate], bar: float) -> Candidate | None:
    """`smallest_clearing` on candidates; None when none clears the bar."""
    sizes = np.array([c.size_bytes for c in candidates])
    index = smallest_clearing(sizes, np.array([c.retention.low for c in candidates]), bar)
    return None if index < 0 else candidates[index]


def misses(card: dict[str, float], bar: dict[str, float]) -> list[str]:
    """What a model's card fails of a release bar, as readable reasons; empty when it may ship.

    A bar is data: `min_<metric>` and `max_<metric>` bound the card's `<metric>`.

    Raises:
        ValueError: the bar bounds a metric that the card does not have.
    """
    reasons = []
    for name, bound in bar.items():
        side, _, metric = name.partition("_")
        if side not in ("min", "max") or metric not in card:
            raise ValueError(f"expected min_ or max_ and one of {', '.join(sorted(card))}, found {name!r}")
        if not ((card[metric] >= bound) if side == "min" else (card[metric] <= bound)):  # NaN fails, too
            reasons.append(f"{metric} is {card[metric]:g}, {side} {bound:g}")
    return reasons
