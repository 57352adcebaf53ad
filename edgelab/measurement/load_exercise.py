"""Cases and mistakes of the exercises on loads: `open_latencies`, `with_omitted`."""

import math
from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.load import open_latencies, with_omitted

# --- open_latencies -----------------------------------------------------------------------------


def _arrivals(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, load in ((12, 0.5), (60, 0.9), (30, 1.3), (1, 1.0)):
        yield np.cumsum(rng.exponential(10.0, requests)), load * rng.exponential(10.0, requests)
    # Some come at the same moment, the first one at 0; one takes no time.
    yield np.sort(rng.integers(0, 8, 20) * 10.0) * np.r_[0, np.ones(19)], np.r_[0.0, rng.exponential(6.0, 19)]


def _never_idle(arrivals_ms: np.ndarray, service_ms: np.ndarray) -> np.ndarray:
    return np.cumsum(service_ms) + arrivals_ms[0] - arrivals_ms


def _behind_one(arrivals_ms: np.ndarray, service_ms: np.ndarray) -> np.ndarray:
    """As if the one before had begun when it was due."""
    before = np.concatenate([[-np.inf], (arrivals_ms + service_ms)[:-1]])
    return np.maximum(arrivals_ms, before) + service_ms - arrivals_ms


def _two_servers(arrivals_ms: np.ndarray, service_ms: np.ndarray) -> np.ndarray:
    free, found = [0.0, 0.0], []
    for arrival, service in zip(arrivals_ms, service_ms, strict=True):
        ended = max(free[0], arrival) + service
        free = sorted([ended, free[1]])
        found.append(ended - arrival)
    return np.array(found)


OPEN = (
    Mistake(
        "service times",
        lambda arrivals_ms, service_ms: np.array(service_ms, dtype=float),
        "that is what the server works, as a closed load sees it: the wait before it is missing.",
    ),
    Mistake(
        "waiting alone",
        lambda arrivals_ms, service_ms: open_latencies(arrivals_ms, service_ms) - service_ms,
        "the latency ends when the answer is there: add the request's own service time to its wait.",
    ),
    Mistake(
        "when the answer comes",
        lambda arrivals_ms, service_ms: open_latencies(arrivals_ms, service_ms) + arrivals_ms,
        "that is the moment of the answer: the latency runs from the arrival, so subtract it.",
    ),
    Mistake(
        "a server that is never idle",
        _never_idle,
        "a server cannot work ahead: it begins when the request is due or when it is free, whichever is LATER.",
    ),
    Mistake(
        "only the one before counts",
        _behind_one,
        "the one before may itself have begun late: remember when the server was really free.",
    ),
    Mistake(
        "behind all that came before",
        lambda arrivals_ms, service_ms: np.cumsum(service_ms),
        "those who were answered before this one came are gone: nobody waits for them any more.",
    ),
    Mistake("two servers", _two_servers, "there is ONE server: keep one number, when it will be free."),
)


# --- with_omitted -------------------------------------------------------------------------------


def _logs(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, every in ((8, 10.0), (50, 25.0), (30, 4.0)):
        values = rng.lognormal(1, 1, requests)
        stalled, twice, once = rng.choice(requests, 3, replace=False)
        values[stalled], values[twice], values[once] = every * rng.uniform(3, 9), 2 * every, every
        yield values, every
    yield rng.uniform(1, 9, 12), 10.0  # nobody was held up
    yield np.array([rng.uniform(30, 90)]), 10.0


def _once(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    seen = []
    for latency in latencies_ms:
        seen += [latency, latency - every_ms] if latency >= 2 * every_ms else [latency]
    return np.array(seen)


def _copies(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    return np.repeat(latencies_ms, [max(1, int(x // every_ms)) for x in latencies_ms])


def _added_last(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    """Right but for the order: all that was logged, then all that is added."""
    added = [with_omitted([latency], every_ms)[1:] for latency in latencies_ms]
    return np.concatenate([latencies_ms, *added])


def _only_above(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    """`>` for "at least": what is left of exactly one interval is not added."""
    counts = [max(1, math.ceil(latency / every_ms) - 1) for latency in latencies_ms]
    return np.concatenate([x - every_ms * np.arange(n) for x, n in zip(latencies_ms, counts, strict=True)])


def _to_zero(latencies_ms: np.ndarray, every_ms: float) -> np.ndarray:
    return np.concatenate([np.arange(x, 0, -every_ms) for x in latencies_ms])


OMITTED = (
    Mistake(
        "nothing added",
        lambda latencies_ms, every_ms: np.array(latencies_ms),
        "a request that took several intervals held up the ones that were due meanwhile: they are missing.",
    ),
    Mistake("one added", _once, "a long stall holds up more than one request: go on, each one interval less."),
    Mistake(
        "copies",
        _copies,
        "who comes later waits less: each held-up request waits one interval less than the one before.",
    ),
    Mistake(
        "added at the end",
        _added_last,
        "the values are right, their order is not: what is added for a latency comes right after it.",
    ),
    Mistake(
        "sorted",
        lambda latencies_ms, every_ms: np.sort(with_omitted(latencies_ms, every_ms)),
        "the values are right, their order is not: keep that of the log.",
    ),
    Mistake(
        "more than one interval",
        _only_above,
        "at least one interval: where exactly one is left, it is added, too.",
    ),
    Mistake(
        "down to nothing",
        _to_zero,
        "stop once less than an interval is left: that request was sent and is in the log itself.",
    ),
)


def register(check: Checks) -> None:
    """The queue; what a log left out comes after the fault, and is registered on its own."""
    check.function(
        open_latencies,
        cases=_arrivals,
        nudge="Keep one number while you go through the requests: when the server will be free.",
        mistakes=OPEN,
    )


def register_omitted(check: Checks) -> None:
    """What a log left out."""
    check.function(
        with_omitted,
        cases=_logs,
        nudge="After a latency come those of the requests that it held up: latency - every, latency - 2 every, ...",
        mistakes=OMITTED,
    )
