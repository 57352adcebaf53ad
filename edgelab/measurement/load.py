"""Requests that come one after another, or on a schedule of their own: what the same subject's latency then is."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from edgelab.stats.samples import LatencySamples


@dataclass(frozen=True)
class Load:
    """What happened to each request, in ms from the start of the run: when it was due, begun, answered."""

    due_ms: tuple[float, ...]
    begun_ms: tuple[float, ...]
    ended_ms: tuple[float, ...]

    @property
    def service(self) -> LatencySamples:
        """From begun to answered: the work alone."""
        return LatencySamples("service", tuple(e - b for b, e in zip(self.begun_ms, self.ended_ms, strict=True)))

    @property
    def latency(self) -> LatencySamples:
        """From due to answered: what whoever asked has waited."""
        return LatencySamples("latency", tuple(e - d for d, e in zip(self.due_ms, self.ended_ms, strict=True)))

    @property
    def per_second(self) -> float:
        """Answers a second, over the whole run."""
        return 1000 * len(self.ended_ms) / (max(self.ended_ms) - min(self.due_ms))


def poisson_arrivals(per_second: float, requests: int, rng: np.random.Generator) -> np.ndarray:
    """When requests of many independent people come, in ms, [requests]: exponential gaps of this mean rate."""
    return np.cumsum(rng.exponential(1000 / per_second, requests))


def open_load(
    subject: Callable[[str], object],
    texts: Sequence[str],
    arrivals_ms: Sequence[float] | np.ndarray,
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Load:
    """Each text when it is due, or as soon as the one before is answered: who asks does not wait for the others."""
    due: list[float] = []
    begun: list[float] = []
    ended: list[float] = []
    start = clock()
    for text, arrival in zip(texts, arrivals_ms, strict=True):
        early = arrival - (clock() - start) / 1e6
        if early > 0:
            sleep(early / 1000)
        due.append(float(arrival))
        begun.append((clock() - start) / 1e6)
        subject(text)
        ended.append((clock() - start) / 1e6)
    return Load(tuple(due), tuple(begun), tuple(ended))


def closed_load(
    subject: Callable[[str], object],
    texts: Sequence[str],
    *,
    every_ms: float = 0.0,
    clock: Callable[[], int] = time.perf_counter_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Load:
    """Each text once the one before is answered, at the earliest `every_ms` after it was sent. A request is due when it
    is sent: so a slow answer delays the requests that would show how slow it was, and nobody counts their wait."""
    due: list[float] = []
    ended: list[float] = []
    start = clock()
    for text in texts:
        early = due[-1] + every_ms - (clock() - start) / 1e6 if due else 0
        if early > 0:
            sleep(early / 1000)
        due.append((clock() - start) / 1e6)
        subject(text)
        ended.append((clock() - start) / 1e6)
    return Load(tuple(due), tuple(due), tuple(ended))


def concurrent_load(
    subject: Callable[[str], object],
    texts: Sequence[str],
    workers: int,
    *,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Load:
    """As many requests under way as there are `workers`, each a thread that asks, waits, and asks again."""
    start = clock()

    def ask(text: str) -> tuple[float, float]:
        begun = (clock() - start) / 1e6
        subject(text)
        return begun, (clock() - start) / 1e6

    with ThreadPoolExecutor(workers) as pool:
        times = list(pool.map(ask, texts))
    begun, ended = zip(*times, strict=True)
    return Load(begun, begun, ended)


# --- the same without a subject -----------------------------------------------------------------


def open_latencies(arrivals_ms: Sequence[float] | np.ndarray, service_ms: Sequence[float] | np.ndarray) -> np.ndarray:
    """From due to answered, [requests], where one server answers in the order of arrival (Lindley 1952).

    A request begins when it is due or when the one before is answered, whichever is later.
    """
    latencies, free = [], float("-inf")
    for arrival, service in zip(arrivals_ms, service_ms, strict=True):
        begun = max(free, arrival)
        free = begun + service
        latencies.append(free - arrival)
    return np.array(latencies, dtype=float)


def with_omitted(latencies_ms: Sequence[float] | np.ndarray, every_ms: float) -> np.ndarray:
    """The latencies of a closed load, and those that it omitted: had a request been sent every `every_ms`, then one that
    took longer would have kept the next ones waiting, each `every_ms` less (Tene 2013, HdrHistogram). In that order.

    Raises:
        ValueError: no time between requests.
    """
    if every_ms <= 0:
        raise ValueError(f"expected a time above 0 between requests, found {every_ms:g} ms")
    seen = []
    for latency in latencies_ms:
        wait = latency
        seen.append(wait)
        while wait >= 2 * every_ms:
            wait = wait - every_ms
            seen.append(wait)
    return np.array(seen, dtype=float)
