"""Latency, one request at a time, subjects interleaved; and how many times faster one is."""

import random
import time
from collections.abc import Callable

import numpy as np

from edgelab.stats.bootstrap import percentile_bounds
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples


def measure_latency(
    subjects: dict[str, Callable[[str], object]],
    texts: list[str],
    *,
    warmup: int = 20,
    block: int = 1,
    seed: int = 0,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> dict[str, LatencySamples]:
    """One request at a time, subjects interleaved: each block of `block` texts goes to every subject, so a slow moment
    of the machine falls on all of them alike. The order is drawn anew for one block and turned round for the next, so
    what it costs to be the first, or to follow a large model, falls on all alike, too.

    Blocks of 1 time a small model as it answers right after others, which leave nothing of it in the processor's
    caches; longer ones time it as it answers one request after another. The first `warmup` texts are run, not kept.
    """
    draw, order = random.Random(seed), list(subjects)
    taken: dict[str, list[float]] = {name: [] for name in order}
    for kept, asked in ((False, texts[:warmup]), (True, texts)):
        for number, start in enumerate(range(0, len(asked), block)):
            if number % 2:
                order.reverse()
            else:
                draw.shuffle(order)
            for name in order:
                for text in asked[start : start + block]:
                    begin = clock()
                    subjects[name](text)
                    elapsed = (clock() - begin) / 1e6
                    if kept:
                        taken[name].append(elapsed)
    return {name: LatencySamples(name, tuple(values)) for name, values in taken.items()}


def speedup(
    slow: LatencySamples,
    fast: LatencySamples,
    *,
    q: float = 50,
    block: int = 1,
    resamples: int = 2000,
    seed: int = 0,
) -> Interval:
    """How many times faster `fast` is at the q-th percentile, with a percentile bootstrap interval.

    The samples are of the same requests in the same order, and drawn in pairs; `block` neighbours at a time, since the
    moods of a machine last longer than a request (Kuensch 1989).

    Raises:
        ValueError: not the same requests, or a block of none or of more than all.
    """
    a, b = np.array(slow.milliseconds), np.array(fast.milliseconds)
    if a.shape != b.shape or a.size == 0:
        raise ValueError(f"expected latencies of the same requests, found {a.size} and {b.size}")
    if not 1 <= block <= a.size:
        raise ValueError(f"expected a block of 1 to {a.size} requests, found {block}")
    starts = np.random.default_rng(seed).integers(a.size - block + 1, size=(resamples, -(-a.size // block)))
    drawn = (starts[:, :, None] + np.arange(block)).reshape(resamples, -1)[:, : a.size]
    ratios = np.percentile(a[drawn], q, axis=1) / np.percentile(b[drawn], q, axis=1)
    return percentile_bounds(slow.percentile(q) / fast.percentile(q), ratios)
