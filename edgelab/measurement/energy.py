"""Energy of a piece of work: read from the processor's own counters where the machine has them, else a labelled model.

A guess that looks like a reading is worse than none: several tools fall back to a constant without a word (codecarbon
issues #232, #244, #304, #915). Here every result says what it is.
"""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

POWERCAP = Path("/sys/class/powercap")
ASSUMED_WATTS_PER_CORE = 5.0  # of the model, where nothing can be read: an assumption, to be replaced by your device's


@dataclass(frozen=True)
class Energy:
    """`measured` tells a reading from the model; `how` says so in words, to be shown beside the number."""

    joules: float
    seconds: float
    cpu_seconds: float
    measured: bool
    how: str

    @property
    def watts(self) -> float:
        """The mean power."""
        return self.joules / self.seconds


@dataclass(frozen=True)
class Counter:
    """One package's energy counter of Linux's powercap interface (RAPL), in microjoules; it starts over at `limit`."""

    folder: Path
    limit: int

    def read(self) -> int:
        """The counter now, in microjoules."""
        return int((self.folder / "energy_uj").read_text())

    def joules(self, before: int, after: int) -> float:
        """From one reading to a later one, if it started over no more than once."""
        return (after - before + (self.limit + 1 if after < before else 0)) / 1e6


def counters(root: Path = POWERCAP) -> tuple[list[Counter], str]:
    """The processor packages' counters, and why there are none."""
    if not root.is_dir():
        return [], f"no {root} here, as in virtual machines and outside Linux"
    packages = [d for d in sorted(root.glob("*:*")) if _read(d / "name").startswith("package")]
    if not packages:
        return [], f"{root} has no processor package"
    readable = [Counter(d, int(_read(d / "max_energy_range_uj") or 0)) for d in packages if _read(d / "energy_uj")]
    if len(readable) < len(packages):
        return [], f"{packages[0]}/energy_uj may not be read: it is root's alone (CVE-2020-8694)"
    return readable, ""


def energy_of(
    work: Callable[[], object],
    *,
    root: Path = POWERCAP,
    watts_per_core: float = ASSUMED_WATTS_PER_CORE,
    clock: Callable[[], float] = time.perf_counter,
    cpu_clock: Callable[[], float] = time.process_time,
) -> Energy:
    """Run `work` and give its energy.

    A reading is that of the whole processor: idle parts and other work included. The model is this process's CPU-seconds
    times the assumed watts of a busy core: it knows nothing of memory, screen or radio.
    """
    found, why = counters(root)
    before = [counter.read() for counter in found]
    start, cpu_start = clock(), cpu_clock()
    work()
    seconds, cpu_seconds = clock() - start, cpu_clock() - cpu_start
    if found:
        joules = sum(c.joules(b, c.read()) for c, b in zip(found, before, strict=True))
        return Energy(joules, seconds, cpu_seconds, True, "measured: RAPL, the whole processor")
    how = f"MODEL, not measured: CPU-seconds x {watts_per_core:g} W assumed for a core ({why})"
    return Energy(cpu_seconds * watts_per_core, seconds, cpu_seconds, False, how)


def _read(path: Path) -> str:
    try:
        return path.read_text().strip() if os.access(path, os.R_OK) else ""
    except OSError:
        return ""
