"""What pauses do to waiting times: a device that works for a part of each period and stands still for the rest of it."""

from collections.abc import Sequence


def with_pauses(arrivals_ms: Sequence[float], work_ms: Sequence[float], duty: float, period_ms: float) -> list[float]:
    """How long each request waits for its answer, in ms, from its arrival.

    Requests are worked on one after the other, in the order in which they arrive.

    Args:
        arrivals_ms: when each comes, ascending, [requests]; 0 is the beginning of a period.
        work_ms: how long the device works on each, without pauses, [requests].
        duty: the share of each period in which it works, from its beginning on; above 0, and 1 never pauses.
        period_ms: how long a period is.
    """
    awake, now, waits = duty * period_ms, 0.0, []
    for arrival, work in zip(arrivals_ms, work_ms, strict=True):
        now = max(now, arrival)
        left = max(0.0, awake - now % period_ms)
        while work > left:
            work, now, left = work - left, (now // period_ms + 1) * period_ms, awake
        now += work
        waits.append(now - arrival)
    return waits
