"""What starting costs: programs run in fresh processes, since the running one has everything loaded already."""

import random
import subprocess
import sys
import time
from dataclasses import dataclass

from edgelab.machine.memory import PeakMemory
from edgelab.stats.samples import LatencySamples

Program = tuple[str, ...]  # what follows `python`: ("-m", "edgelab.bundle", folder, text)


@dataclass(frozen=True)
class Fresh:
    """The first line that a program printed, and how long after the start of its process it came."""

    line: str
    milliseconds: float


def run_fresh(program: Program) -> Fresh:
    """Run a Python program in a process of its own until it ends. One that fails is a `RuntimeError`, with its last line
    of complaint."""
    start = time.perf_counter_ns()
    process = _start(program)
    assert process.stdout is not None  # `_start` asks for a pipe
    line = process.stdout.readline()
    milliseconds = (time.perf_counter_ns() - start) / 1e6
    _end(process)
    return Fresh(line.strip(), milliseconds)


def peak_of(program: Program, *, every_s: float = 0.01) -> PeakMemory:
    """Run a program as above and watch its memory, a hundred times a second: the peak of `peak_bytes` (RSS) and, on Linux,
    of `peak_pss_bytes` (PSS). Watching slows it down, so nothing is timed here. It fails as above."""
    process = _start(program)
    with PeakMemory(lambda: process.pid, every_s, shared=True) as memory:
        _end(process)
    return memory


def _start(program: Program) -> subprocess.Popen:
    command = [sys.executable, "-u", *program]  # unbuffered: the line comes when it is printed, not at the end
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _end(process: subprocess.Popen) -> None:
    """Wait for a program.

    Raises:
        RuntimeError: it failed; the message is its last line of complaint.
    """
    _, complaint = process.communicate()
    if process.returncode:
        raise RuntimeError(complaint.strip().splitlines()[-1] if complaint.strip() else "a fresh process died silently")


def first_answers(programs: dict[str, Program], *, rounds: int = 3) -> dict[str, LatencySamples]:
    """Time from the start of a process to its first line, each program once a round, in an order drawn anew.

    The files come from the disk's cache wherever they have been used before: a first start after installing is slower.
    """
    draw, order = random.Random(0), list(programs)
    taken: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(rounds):
        draw.shuffle(order)
        for name in order:
            taken[name].append(run_fresh(programs[name]).milliseconds)
    return {name: LatencySamples(name, tuple(values)) for name, values in taken.items()}
