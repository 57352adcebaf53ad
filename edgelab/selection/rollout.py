"""A staged rollout over a simulated fleet: who has the new release, what telemetry says of it, when it is rolled back.

A part of the fleet is held back and keeps the old release: what a day brings to all, a holiday or a new song, is no
fault of the release. Each device is asked *once* in a rollout: its privacy budget is spent once, and looks are
independent of each other. Telemetry sees only what users correct; it may be noisy (`Report`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.selection.sequential import Rule
from edgelab.stats.intervals import Z95, Interval, accuracy_interval


@dataclass(frozen=True)
class Estimate:
    """A mean over the devices asked, with its standard error: which devices were asked, and the noise that was added."""

    value: float
    standard_error: float


# Takes what each asked device counted, int [devices]; gives what is known of the mean of it, or of what is made of it, such
# as whether it is above 0. The standard error is of both: of which devices were asked, and of any noise.
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

    @property
    def all_wrong(self) -> float:
        """Of all requests the share that it gets wrong."""
        return self.broken + (1 - self.broken) * self.wrong


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
    many requests the new release answered, `exposed`, and how many more of them it got wrong than the old one would have,
    `harmed`; both in expectation, and the latter below 0 where it is better."""

    stopped_at: float | None
    looks: int
    exposed: float
    harmed: float


@dataclass(frozen=True)
class Power:
    """Of many rollouts the share that a rule stops, with its interval, in all and at each stage; and the requests exposed
    and harmed by one, on average."""

    stopped: Interval
    by_stage: dict[float, float]
    exposed: float
    harmed: float


def exact_report(counts: np.ndarray) -> Estimate:
    """Telemetry without noise: the mean of what the devices counted, and its standard error.

    Raises:
        ValueError: fewer than two devices.
    """
    if len(counts) < 2:
        raise ValueError(f"expected the counts of two devices or more, found {len(counts)}")
    return Estimate(float(np.mean(counts)), float(np.std(counts, ddof=1) / np.sqrt(len(counts))))


def estimate_of(interval: Interval) -> Estimate:
    """A 95 % interval as an estimate with its standard error: the way from telemetry that tells intervals, as 09's does."""
    return Estimate(interval.value, (interval.high - interval.low) / (2 * Z95))


def simulate_looks(
    fleet: Fleet, plan: Plan, old: Release, new: Release, report: Report = exact_report, *, seed: int = 0
) -> tuple[Look, ...]:
    """What telemetry would say at each look if nothing stopped the rollout. A `ValueError` as of `asked`."""
    generator = np.random.default_rng(seed)
    new_asked, old_asked = asked(fleet, plan)
    stages = np.repeat(plan.stages, plan.looks_a_stage)
    return tuple(
        Look(
            float(stage),
            report(corrections(fleet, new, int(of_new), generator)),
            report(corrections(fleet, old, int(of_old), generator)),
            int(of_new),
            int(of_old),
        )
        for stage, of_new, of_old in zip(stages, new_asked, old_asked, strict=True)
    )


def asked(fleet: Fleet, plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """How many devices are asked at each look, with the new release and with the old one, both int [looks]: each device
    that gets the new release at a stage is asked at one of its looks; those held back share all looks evenly.

    Raises:
        ValueError: fewer than two at some look.
    """
    upgraded = np.diff([0, *_upgraded(fleet, plan)])  # anew at each stage
    held_back = fleet.devices - _upgraded(fleet, plan)[-1]
    new = np.concatenate([_even(devices, plan.looks_a_stage) for devices in upgraded])
    old = _even(held_back, plan.looks)
    if min(new.min(), old.min()) < 2:
        raise ValueError(
            f"expected two devices or more at each look, found {min(new.min(), old.min())}: "
            "take a larger fleet, larger stages, more devices held back, or fewer looks"
        )
    return new, old


def information(fleet: Fleet, plan: Plan) -> np.ndarray:
    """How much is known after each look, [looks], in devices: as much as from so many pairs of one device each. Known
    before the rollout begins, so that `sequential.spending_rule` can plan on it."""
    return np.cumsum(_pairs(*asked(fleet, plan)))


def corrections(fleet: Fleet, release: Release, devices: int, generator: np.random.Generator) -> np.ndarray:
    """How many answers the user of each device corrects in a day, int [devices]: Poisson of a rate that is gamma over
    devices, which together is negative binomial."""
    broken = generator.binomial(devices, release.broken)
    mean = fleet.requests * fleet.noticed * np.where(np.arange(devices) < broken, 1.0, release.wrong)
    return generator.negative_binomial(fleet.spread, fleet.spread / (fleet.spread + mean))


def so_far(looks: Sequence[Look]) -> tuple[np.ndarray, np.ndarray]:
    """New less old over all looks up to each one, and its standard error, both [looks]: what a `Rule` is given. Looks are
    weighed by how many devices were asked, never by their own spread: that would favour days that look good.

    Raises:
        ValueError: an estimate that is no finite number: a rule would never stop on it.
    """
    difference = np.array([look.new.value - look.old.value for look in looks])
    variance = np.array([look.new.standard_error**2 + look.old.standard_error**2 for look in looks])
    if not (np.isfinite(difference).all() and np.isfinite(variance).all()):
        raise ValueError("expected finite estimates and standard errors, found one that is none")
    weight = _pairs(np.array([look.new_devices for look in looks]), np.array([look.old_devices for look in looks]))
    total = np.cumsum(weight)
    return np.cumsum(weight * difference) / total, np.sqrt(np.cumsum(weight**2 * variance)) / total


def follow(looks: Sequence[Look], rule: Rule, fleet: Fleet, plan: Plan, old: Release, new: Release) -> Rollout:
    """The rollout that a rule makes of these looks: stopped and rolled back at the first where it says so."""
    difference, standard_error = so_far(looks)
    days = np.repeat(_upgraded(fleet, plan), plan.looks_a_stage)  # devices with the new release, on each day
    copies = ((difference[:k].copy(), standard_error[:k].copy()) for k in range(1, len(looks) + 1))
    stopped = next((k for k, known in enumerate(copies, 1) if rule(*known)), None)
    seen = len(looks) if stopped is None else stopped
    device_days = float(days[:seen].sum()) + (0.0 if stopped is None else plan.rollback_days * float(days[seen - 1]))
    exposed = device_days * fleet.requests
    return Rollout(
        None if stopped is None else looks[seen - 1].stage, seen, exposed, exposed * (new.all_wrong - old.all_wrong)
    )


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
    found: dict[str, list[Rollout]] = {name: [] for name in rules}
    for each in np.random.SeedSequence(seed).generate_state(rollouts):
        looks = simulate_looks(fleet, plan, old, new, report, seed=int(each))
        for name, rule in rules.items():
            found[name].append(follow(looks, rule, fleet, plan, old, new))
    return {name: _summary(outcomes, plan) for name, outcomes in found.items()}


def _summary(outcomes: list[Rollout], plan: Plan) -> Power:
    return Power(
        accuracy_interval(np.array([outcome.stopped_at is not None for outcome in outcomes])),
        {stage: float(np.mean([outcome.stopped_at == stage for outcome in outcomes])) for stage in plan.stages},
        float(np.mean([outcome.exposed for outcome in outcomes])),
        float(np.mean([outcome.harmed for outcome in outcomes])),
    )


def _upgraded(fleet: Fleet, plan: Plan) -> list[int]:
    """How many devices have the new release at each stage."""
    others = round(fleet.devices * (1 - fleet.held_back))
    return [round(stage * others) for stage in plan.stages]


def _even(devices: int, parts: int) -> np.ndarray:
    """So many devices in parts that differ by one at most, int [parts]."""
    return np.diff(np.linspace(0, devices, parts + 1).round().astype(int))


def _pairs(new_devices: np.ndarray, old_devices: np.ndarray) -> np.ndarray:
    """The variance of a difference of two means, one device each, over that of so many devices."""
    return 1 / (1 / new_devices + 1 / old_devices)
