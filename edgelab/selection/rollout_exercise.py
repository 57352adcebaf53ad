"""The rule of `10_selection` that stops a rollout (`stop`), judged on many releases, good and bad."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course.exercises import Mistake
from edgelab.selection.rollout import Fleet, Plan, Release, asked
from edgelab.selection.sequential import evidence_rule, naive_rule, split_rule

if TYPE_CHECKING:
    import pandas as pd

FLEET, PLAN = Fleet(devices=20_000), Plan()
OLD, WORSE = Release("old", 0.25), Release("worse", 0.30)
ROLLOUTS = 400
STOPPED_GOOD, CAUGHT, HARMED = 0.08, 0.95, 9000.0
ALPHA = 0.05


@dataclass(frozen=True)
class Schedule:
    """How a rollout goes by one rule: the shares of good and of bad releases that are stopped, the answers that a bad one
    spoils on average, and the days until everybody has a good one."""

    stopped_good: float
    caught: float
    harmed: float
    days: int


def stop(difference: np.ndarray, standard_error: np.ndarray) -> bool:
    """Whether to stop and roll back: the latest difference is above 0 by more than chance makes it at any of twelve looks."""
    bound = NormalDist().inv_cdf(1 - 0.05 / 12)
    return bool(difference[-1] > bound * standard_error[-1])


@functools.cache
def _looks(plan: Plan, new: Release) -> tuple[np.ndarray, np.ndarray]:
    """What telemetry would say so far at each look, [rollouts, looks], and its standard error, [looks]: as `simulate_looks`
    draws it, device by device, by its normal approximation, which takes no time."""
    of_new, of_old = asked(FLEET, plan)
    rate = FLEET.requests * FLEET.noticed * np.array([new.wrong, OLD.wrong])
    spread = rate + rate**2 / FLEET.spread  # of one device's corrections
    variance = spread[0] / of_new + spread[1] / of_old
    weight = 1 / (1 / of_new + 1 / of_old)
    generator = np.random.default_rng(len(plan.stages))
    each = rate[0] - rate[1] + np.sqrt(variance) * generator.standard_normal((ROLLOUTS, plan.looks))
    total = np.cumsum(weight)
    return np.cumsum(weight * each, axis=1) / total, np.sqrt(np.cumsum(weight**2 * variance)) / total


def _stopped_after(rule: Callable, plan: Plan, new: Release) -> np.ndarray:
    """After how many looks each rollout is stopped, int [rollouts]; 0: never."""
    difference, error = _looks(plan, new)
    found = []
    for each in difference:
        looks = range(1, plan.looks + 1)
        found.append(next((k for k in looks if bool(rule(each[:k].copy(), error[:k].copy()))), 0))
    return np.array(found)


def schedule_of(rule: Callable, plan: Plan = PLAN) -> Schedule:
    """What a rule makes of many good and many bad releases under a plan."""
    good, bad = _stopped_after(rule, plan, OLD), _stopped_after(rule, plan, WORSE)
    others = FLEET.devices * (1 - FLEET.held_back)
    upgraded = np.repeat([round(stage * others) for stage in plan.stages], plan.looks_a_stage)
    days = np.concatenate([[0.0], np.cumsum(upgraded)])  # device-days after each look
    seen = np.where(bad > 0, bad, plan.looks)
    back = np.where(bad > 0, plan.rollback_days * upgraded[seen - 1], 0.0)
    harmed = (days[seen] + back) * FLEET.requests * (WORSE.wrong - OLD.wrong)
    return Schedule(float((good > 0).mean()), float((bad > 0).mean()), float(harmed.mean()), plan.looks)


def judge_rule(rule: Callable) -> list[str]:
    """What a stopping rule does wrong over many rollouts; empty if it will do."""
    found = schedule_of(rule)
    complaints = []
    if found.stopped_good > STOPPED_GOOD:
        complaints.append(
            f"{found.stopped_good:.0%} of the releases that are no worse are stopped, at most {STOPPED_GOOD:.0%}"
        )
    if found.caught < CAUGHT:
        complaints.append(f"{found.caught:.0%} of the worse releases are stopped, at least {CAUGHT:.0%}")
    if found.harmed > HARMED:
        complaints.append(f"a worse release spoils {found.harmed:,.0f} answers on average, at most {HARMED:,.0f}")
    return complaints


def _z(bound: float) -> Callable:
    return lambda difference, standard_error: bool(difference[-1] > bound * standard_error[-1])


MISTAKES = (
    Mistake(
        "5 % at each look",
        _z(1.645),
        "1.645 errs at 5 % of LOOKS. You look twelve times, and each look may err: how much may each spend?",
    ),
    Mistake(
        "an interval above 0 at each look",
        _z(1.96),
        "an interval of 95 % at each of twelve looks errs far oftener than in 5 % of rollouts: the bound must be higher.",
    ),
    Mistake(
        "whatever lies above 0",
        lambda difference, standard_error: bool(difference[-1] > 0),
        "half of all looks lie above 0 by chance: how large is the standard error?",
    ),
    Mistake(
        "a difference of its own",
        lambda difference, standard_error: bool(difference[-1] > 0.1),
        "0.1 means much on many devices and nothing on few: measure the difference by its standard error.",
    ),
    Mistake(
        "at the end",
        lambda difference, standard_error: len(difference) == 12 and bool(difference[-1] > 1.645 * standard_error[-1]),
        "one look at the end keeps the 5 %, but by then everybody has the bad release: look earlier, with a higher bound.",
    ),
    Mistake(
        "at the first look",
        lambda difference, standard_error: len(difference) == 1 and bool(difference[-1] > 1.645 * standard_error[-1]),
        "after the first look nobody looks any more: with 1 % of the fleet most harm is not seen yet.",
    ),
    Mistake(
        "beyond all doubt",
        _z(5.0),
        "so high a bound never errs, and stops late: what do the requests until then cost?",
    ),
    Mistake(
        "never",
        lambda difference, standard_error: False,
        "a rule that never stops is no rule.",
    ),
    Mistake(
        "the better ones",
        lambda difference, standard_error: bool(difference[-1] < -1.645 * standard_error[-1]),
        "the difference is new less old, and counts corrections: ABOVE 0 the new release is worse.",
    ),
)


def rules_compared(rule: Callable) -> "pd.DataFrame":
    """A learner's rule beside the library's in the same simulated rollouts: what is stopped, and what a bad release spoils."""
    import pandas as pd

    rules = {
        "yours": rule,
        "5 % at each look": naive_rule(ALPHA),
        "5 % over all looks": split_rule(PLAN.looks, ALPHA),
        "evidence_rule": evidence_rule(0.2, ALPHA),
    }
    rows = {}
    for name, each in rules.items():
        found = schedule_of(each)
        rows[name] = {
            "good ones stopped, %": round(100 * found.stopped_good, 1),
            "bad ones stopped, %": round(100 * found.caught, 1),
            "answers spoiled": round(found.harmed),
        }
    return pd.DataFrame(rows).T
