"""Weaker devices emulated on this machine: less time, less memory, one thread, older instructions.

An emulated tier is this machine with one thing taken away. It shows what that one thing does to an answer's time; it is
no forecast for a phone, whose processor, memory and system differ in all of them at once.
"""

import contextlib
import importlib.util
import json
import os
import platform
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from edgelab.machine.memory import tree_bytes
from edgelab.measurement.load import Load, poisson_arrivals

if TYPE_CHECKING:
    import pandas as pd

MODULE = ("-m", "edgelab.tiers.emulated")
LOOK_S = 0.01  # how often the memory of an emulated process is looked at


@dataclass(frozen=True)
class EmulatedTier:
    """What is taken away.

    Args:
        duty: the share of each `period_s` in which the process may run: it is stopped for the rest, as by a system that
            gives an app a part of a processor.
        memory_bytes: it is ended as soon as it is resident with more, as phones' systems end an app.
        address_bytes: it cannot ask for more address space: memory that it asks for is refused. Linux alone.
        threads: for the model; 0 as many as the runtime likes.
        runtime: `onnxruntime` or `openvino` (in float32). Only tiers of one runtime compare.
        isa: OpenVINO generates no instructions beyond these, as `AVX2` or `SSE41`. ONNX Runtime has no such switch.
    """

    name: str
    duty: float = 1.0
    period_s: float = 0.1
    memory_bytes: int | None = None
    address_bytes: int | None = None
    threads: int = 1
    runtime: str = "onnxruntime"
    isa: str | None = None


MB = 1_000_000
TIERS = {
    tier.name: tier
    for tier in (
        EmulatedTier("as it is"),
        EmulatedTier("all threads", threads=0),
        EmulatedTier("half the time", duty=0.5),
        EmulatedTier("a tenth of the time", duty=0.1),
        EmulatedTier("60 MB of memory", memory_bytes=60 * MB),
        EmulatedTier("150 MB of addresses", address_bytes=150 * MB),
        EmulatedTier("OpenVINO", runtime="openvino"),
        EmulatedTier("OpenVINO, AVX2", runtime="openvino", isa="AVX2"),
        EmulatedTier("OpenVINO, SSE4.1", runtime="openvino", isa="SSE41"),
    )
}


@dataclass(frozen=True)
class Emulated:
    """A bundle on an emulated tier, in as many fresh processes as there are first answers.

    `loads` hold when each request was due, begun and answered, one for each process. `ended` says what ended a process
    before it had answered them all (no error: a result), `unavailable` why the tier cannot be emulated here at all.
    `kernels` are OpenVINO's, by the instructions in their names.
    """

    tier: EmulatedTier
    first_answer_ms: tuple[float, ...] = ()
    loads: tuple[Load, ...] = ()
    peak_bytes: int = 0
    kernels: dict[str, int] = field(default_factory=dict)
    ended: str = ""
    unavailable: str = ""

    @property
    def service_ms(self) -> tuple[float, ...]:
        """From begun to answered, of all requests: the work, and the stops that fell into it."""
        return tuple(ms for load in self.loads for ms in load.service.milliseconds)

    @property
    def latency_ms(self) -> tuple[float, ...]:
        """From due to answered, of all requests: what whoever asked has waited."""
        return tuple(ms for load in self.loads for ms in load.latency.milliseconds)


def emulate(
    folder: Path,
    tier: EmulatedTier,
    texts: Sequence[str],
    *,
    per_second: float = 100,
    requests: int = 100,
    seed: int = 0,
) -> Emulated:
    """Ask a bundle on an emulated tier, in one fresh process: a first text, then `requests` that come at random, so many
    a second, whether or not the last was answered. The same seed gives all tiers the same requests at the same times."""
    if reason := unavailable(tier):
        return Emulated(tier, unavailable=reason)
    rng = np.random.default_rng(seed)
    settings = {
        "folder": str(folder),
        "threads": tier.threads,
        "runtime": tier.runtime,
        "address_bytes": tier.address_bytes,
        "texts": [texts[i % len(texts)] for i in range(requests)],
        "arrivals_ms": poisson_arrivals(per_second, requests, rng).tolist(),
    }
    # The second name is read by builds of OpenVINO that cap kernels of its own as well.
    limits = {"ONEDNN_MAX_CPU_ISA": tier.isa, "OV_CPU_MAX_ISA": tier.isa} if tier.isa else {}
    with tempfile.TemporaryFile("w+") as complaints:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, *MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
            env=os.environ | limits,
        )
        with _Limits(process, tier) as limited:
            first_at, result = _talk(process, json.dumps(settings))
        complaints.seek(0)
        said = [line for line in complaints.read().splitlines() if line.strip()]
    first = ((first_at - begun) * 1000,) if first_at else ()
    peak = max(limited.peak_bytes, result["peak_bytes"] if result else 0)
    kernels = result["kernels"] if result else {}
    return Emulated(
        tier, first, _load(result), peak, kernels, _ended(tier, process.returncode, limited, peak, first, said)
    )


def unavailable(tier: EmulatedTier) -> str:
    """Why this machine cannot emulate a tier; empty where it can."""
    if tier.address_bytes and sys.platform != "linux":
        return f"address space is limited on Linux alone, this is {platform.system()}"
    if tier.isa and tier.runtime != "openvino":
        return f"{tier.runtime} picks its instructions itself: only OpenVINO can be held to older ones"
    if tier.isa and platform.machine().lower() not in ("x86_64", "amd64"):
        return f"OpenVINO can be held to older instructions on x86 alone, this is {platform.machine()}"
    if tier.runtime == "openvino" and importlib.util.find_spec("openvino") is None:
        return "OpenVINO is not installed: `pip install openvino` adds it"
    return ""


class _Limits:
    """Holds a process to a tier while the block runs: stops and continues it, and ends it where it takes too much memory.
    Both go by psutil, which knows how on Linux, macOS and Windows."""

    def __init__(self, process: subprocess.Popen, tier: EmulatedTier) -> None:
        self.peak_bytes, self.killed_at = 0, 0
        self._process, self._tier, self._done = process, tier, threading.Event()
        jobs = [self._look, *([self._stop_and_go] if tier.duty < 1 else [])]
        self._threads = [threading.Thread(target=job, daemon=True) for job in jobs]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()
        if self._process.poll() is None:  # whoever waited was interrupted
            self._process.kill()

    def _look(self) -> None:
        limit = self._tier.memory_bytes
        while not self._done.wait(LOOK_S):
            now = tree_bytes(self._process.pid)
            self.peak_bytes = max(self.peak_bytes, now)
            if limit and now > limit:
                self.killed_at = now
                self._process.kill()
                return

    def _stop_and_go(self) -> None:
        import psutil

        runs, stops = self._tier.duty * self._tier.period_s, (1 - self._tier.duty) * self._tier.period_s
        with contextlib.suppress(psutil.Error):  # it has ended
            process = psutil.Process(self._process.pid)
            while not self._done.wait(runs):
                process.suspend()
                self._done.wait(stops)
                process.resume()


def _talk(process: subprocess.Popen, settings: str) -> tuple[float | None, dict[str, Any] | None]:
    """When its first line came, and its result; None for what it did not live to say."""
    assert process.stdin is not None and process.stdout is not None  # `emulate` asks for pipes
    with contextlib.suppress(BrokenPipeError):
        process.stdin.write(settings)
        process.stdin.close()
    line, at = process.stdout.readline(), time.perf_counter()
    rest = process.stdout.read()
    process.wait()
    return at if line else None, json.loads(rest) if rest and not process.returncode else None


def _load(result: dict[str, Any] | None) -> tuple[Load, ...]:
    if result is None:
        return ()
    return (Load(tuple(result["due_ms"]), tuple(result["begun_ms"]), tuple(result["ended_ms"])),)


def _ended(
    tier: EmulatedTier, code: int, limited: _Limits, peak: int, first: tuple[float, ...], said: list[str]
) -> str:
    """What ended a process before it was done, in words; empty where nothing did."""
    when = "after its first answer" if first else "before its first answer"
    if limited.killed_at:
        return f"{when}, by the memory limit: {limited.killed_at / MB:.0f} MB resident"
    if code:
        how = signal.Signals(-code).name if code < 0 else "an error"
        return f"{when}, by {how}: {(said or ['it said nothing'])[-1]}"
    if tier.memory_bytes and peak > tier.memory_bytes:
        return f"its peak of {peak / MB:.0f} MB passed the memory limit between two looks"
    return ""


def emulate_all(
    folder: Path,
    tiers: Sequence[EmulatedTier],
    texts: Sequence[str],
    *,
    rounds: int = 3,
    per_second: float = 100,
    requests: int = 100,
) -> list[Emulated]:
    """Each tier once a round, in an order drawn anew, so a slow moment of the machine does not fall on one tier alone."""
    draw = random.Random(0)
    found: dict[str, list[Emulated]] = {tier.name: [] for tier in tiers}
    for number in range(rounds):
        for tier in draw.sample(list(tiers), len(tiers)):
            found[tier.name].append(emulate(folder, tier, texts, per_second=per_second, requests=requests, seed=number))
    return [_joined(found[tier.name]) for tier in tiers]


def _joined(runs: list[Emulated]) -> Emulated:
    return Emulated(
        runs[0].tier,
        tuple(ms for run in runs for ms in run.first_answer_ms),
        tuple(load for run in runs for load in run.loads),
        max(run.peak_bytes for run in runs),
        runs[0].kernels,
        next((run.ended for run in runs if run.ended), ""),
        runs[0].unavailable,
    )


def changes(found: Sequence[Emulated]) -> "pd.DataFrame":
    """A line a tier: first answer (the median of its starts), p50 and p99 of the work and of the wait in ms, the peak of
    memory, and what happened to it."""
    import pandas as pd

    rows = []
    for result in found:
        row = {"emulated": result.tier.name}
        for name, values, q in (
            ("first answer, ms", result.first_answer_ms, 50),
            ("work p50, ms", result.service_ms, 50),
            ("work p99, ms", result.service_ms, 99),
            ("wait p50, ms", result.latency_ms, 50),
            ("wait p99, ms", result.latency_ms, 99),
        ):
            value = np.percentile(values, q) if values else None
            row[name] = "-" if value is None else f"{value:.3g}" if value < 999 else f"{value:.0f}"
        row["peak, MB"] = f"{result.peak_bytes / MB:.0f}" if result.peak_bytes else "-"
        row["what happened"] = result.unavailable or result.ended or "answered all"
        rows.append(row)
    return pd.DataFrame(rows)
