"""A staged rollout over a simulated fleet: who has the new release, what telemetry says of it, when it is rolled back.

A part of the fleet is held back and keeps the old release: what a day brings to all, a holiday or a new song, is no
fault of the release. Each device is asked *once* in a rollout: its privacy budget is spent once, and looks are
independent of each other. Telemetry sees only what users correct; it may be noisy (`Report`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.selection.sequential import Rule
from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Estimate:
    """A mean over the devices asked, with its standard error: which devices were asked, and the noise that was added."""

    value: float
    standard_error: float


# Takes what each asked device counted, int [devices]; gives what is known of their mean. In 09, a local-differential-privacy report.
Report = Callable[[np.ndarray], Estimate]


@dataclass(frozen=True)
class Release:
    """A release as it is in truth, which no telemetry sees.

    Args:
        wrong: share of requests that it gets wrong.
        broken: share of devices on which it gets every request wrong.
    """

    name: str
    wrong: float
    broken: float = 0.0


@dataclass(frozen=True)
class Fleet:
    """Simulated devices.

    Args:
        devices: how many.
        requests: of one device in a day, on average.
        spread: shape of the gamma distribution of a device's requests; smaller is more uneven.
        noticed: share of wrong answers that the user corrects: only those are counted.
        held_back: share of the devices that keep the old release until the end.
    """

    devices: int = 100_000
    requests: float = 8.0
    spread: float = 1.0
    noticed: float = 0.5
    held_back: float = 0.1


@dataclass(frozen=True)
class Plan:
    """Stages, as shares of the devices that are not held back; how many looks (one a day) each lasts; how many days a
    rollback takes to reach the devices."""

    stages: tuple[float, ...] = (0.01, 0.05, 0.25, 1.0)
    looks_a_stage: int = 3
    rollback_days: float = 1.0

    @property
    def looks(self) -> int:
        """How many there are in all."""
        return len(self.stages) * self.looks_a_stage


@dataclass(frozen=True)
class Look:
    """What one day's telemetry says: `new` and `old` corrections of a device, on average over so many devices asked."""

    stage: float
    new: Estimate
    old: Estimate
    new_devices: int
    old_devices: int


@dataclass(frozen=True)
class Rollout:
    """What became of a rollout: the `stage` at which it stopped and after how many `looks`, or None and all looks; how
    many requests were `exposed` to the new release (in expectation), and how many of those it got wrong that the old one had
    got right, `harmed` (negative: it is better)."""

    stopped_at: float | None
    looks: int
    exposed: float
    harmed: float


@dataclass(frozen=True)
class Power:
    """Of many rollouts: the share that a rule stops, with its interval; of each stage; and what they cost on average."""

    release: str
    stopped: Interval
    by_stage: dict[float, float]
    exposed: float
    harmed: float


def exact_report(counts: np.ndarray) -> Estimate:
    """Telemetry without noise: the mean of what the devices counted, and its standard error."""
    raise NotImplementedError


def simulate_looks(
    fleet: Fleet, plan: Plan, old: Release, new: Release, report: Report = exact_report, *, seed: int = 0
) -> tuple[Look, ...]:
    """What telemetry would say at each look if nothing stopped the rollout."""
    raise NotImplementedError


def so_far(looks: Sequence[Look]) -> tuple[np.ndarray, np.ndarray]:
    """New less old over all looks up to each one, and its standard error, both [looks]: what a `Rule` is given. Looks are
    weighed by how many devices were asked, never by their own spread: that would favour days that look good."""
    raise NotImplementedError


def follow(looks: Sequence[Look], rule: Rule, fleet: Fleet, plan: Plan, old: Release, new: Release) -> Rollout:
    """The rollout that a rule makes of these looks: stopped and rolled back at the first where it says so."""
    raise NotImplementedError


def power(
    fleet: Fleet,
    plan: Plan,
    old: Release,
    new: Release,
    rules: dict[str, Rule],
    report: Report = exact_report,
    *,
    rollouts: int = 200,
    seed: int = 0,
) -> dict[str, Power]:
    """What each rule does in the same simulated rollouts; of a `new` that is no worse, `stopped` is the false stops."""
    raise NotImplementedError
