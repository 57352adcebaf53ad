"""What may be shown of a room to others: of groups of k devices or more, the share that keeps each limit.

A share alone, and no percentile over devices: of five devices the median is one device's own number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.fleet.table import Row
from edgelab.stats.intervals import Interval, accuracy_interval

LIMITS: dict[str, Callable[[Row], float]] = {
    "90 % of answers": lambda row: row["p90_ms"],
    "first answer": lambda row: row["download_ms"] + row["session_ms"] + row["first_ms"],
}


@dataclass(frozen=True)
class Group:
    """So many devices, and for each limit the share of them that keeps it, with Wilson's 95 % interval."""

    name: str
    devices: int
    within: tuple[Interval, ...]


def latest(rows: Sequence[Row]) -> list[Row]:
    """The last row of each device: one that measured again counts once."""
    return list({row["device"]: row for row in rows}.values())


def released(rows: Sequence[Row], limits_ms: dict[str, float], k: int) -> list[Group]:
    """The groups that may be shown, the largest first, then the pool of the others, then all; none where there are fewer
    than k devices.

    Devices are grouped by kind and system. Groups of fewer than k go into a pool, "other"; if the pool itself has fewer
    than k, the smallest group that could be shown joins it, since all less the groups shown would give it away. So each
    line, and whatever lines can be added or subtracted to, is of k devices or more. Two tables of different moments can
    be subtracted, too: they differ by the devices that came between. And in a group where all keep a limit, or none,
    each one's answer is known: k protects who it was, not what holds for everybody.

    Args:
        limits_ms: of names of `LIMITS`, at most so many ms.
    """
    devices = latest(rows)
    if len(devices) < k:
        return []
    groups: dict[str, list[Row]] = {}
    for row in devices:
        groups.setdefault(f"{row['kind']}, {row['system']}", []).append(row)
    by_size = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    shown, small = [g for g in by_size if len(g[1]) >= k], [g for g in by_size if len(g[1]) < k]
    pool = [row for _, members in small for row in members]
    if 0 < len(pool) < k and shown:
        pool += shown.pop()[1]
    lines = [*shown, *([("other", pool)] if pool and shown else []), ("all", devices)]
    return [Group(name, len(members), _shares(members, limits_ms)) for name, members in lines]


def _shares(rows: Sequence[Row], limits_ms: dict[str, float]) -> tuple[Interval, ...]:
    return tuple(
        accuracy_interval(np.array([LIMITS[name](row) <= limit for row in rows])) for name, limit in limits_ms.items()
    )
