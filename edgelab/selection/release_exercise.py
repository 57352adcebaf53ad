"""The release that `10_selection` ends with: which bundle, which requests it hands to the cloud, and how it goes out; chosen on
validation, judged on traffic and tiers that the choice was not made on.

What each bundle makes of each text was measured once, by `python -m benchmarks.release_scores`, and is read from
`data/figures`; what a choice does to it is computed anew.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.course.exercises import Mistake
from edgelab.selection.rollout import Plan
from edgelab.selection.rollout_exercise import schedule_of
from edgelab.selection.sequential import split_rule
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

FILE = data_home() / "figures" / "release_scores.npz"
SPLITS = ("validation", "test", "hard", "plain")
STAKES = ("send_money", "place_order", "delete_data")
MODELS = ("convolution int4", "convolution int8", "six layers int4", "six layers int8")

# The brief: what goes wrong costs, in dollars for one request; a megabyte of the bundle, for 1,000.
WRONG, STAKE, CLOUD, PRIVATE, MEGABYTE = 0.02, 0.50, 0.002, 0.01, 0.0004
# How often the cloud is right, and what traffic the judge expects: held-out requests, hard ones, plain ones from outside.
CLOUD_RIGHT = {"validation": 0.95, "test": 0.95, "hard": 0.80, "plain": 0.90}
TRAFFIC = {"test": 0.5, "hard": 0.2, "plain": 0.3}
# Medians of the pairs that ran on the CPU of both (`ratios_to_galaxy_s25.csv`), the machine that timed them taken for an S25.
TIERS = {"flagship": 1.0, "mid-range": 2.14, "entry": 2.55}
LATE_MS, REGRET, PRIVATE_MOST, DAYS, HARMED = 40.0, 0.05, 0.06, 12, 5000.0

RELEASE = {"model": "convolution int8", "escalate_below": 0.85, "first_stage": 0.01}


@dataclass(frozen=True)
class Served:
    """What becomes of a split's requests, bool [requests] each."""

    right: np.ndarray
    escalated: np.ndarray
    stakes: np.ndarray  # a tool of high stakes is called on the device that nobody asked for
    private: np.ndarray  # a private value leaves

    @property
    def dollars(self) -> float:
        """For 1,000 requests, without the bundle's bytes."""
        parts = WRONG * ~self.right + STAKE * self.stakes + CLOUD * self.escalated + PRIVATE * self.private
        return 1000 * float(parts.mean())


@functools.cache
def scores() -> dict[str, np.ndarray]:
    """The file's arrays, by their names."""
    with np.load(FILE) as kept:
        return {name: kept[name] for name in kept.files}


def served(model: str, escalate_below: float, split: str) -> Served:
    """A request goes to the cloud if the model says so itself, or its score is below the threshold."""
    kept, name = scores(), f"{split} {model}"
    question = kept[f"{split} question"]
    cloud = np.random.default_rng(SPLITS.index(split)).random(len(question)) < CLOUD_RIGHT[split]
    escalated = kept[f"{name} beyond"] | (kept[f"{name} score"].astype(float) < escalate_below)
    right = np.where(escalated, cloud, kept[f"{name} call"] & ~question)
    return Served(right, escalated, kept[f"{name} stakes"] & ~escalated, kept[f"{split} private"] & escalated)


def dollars(model: str, escalate_below: float, traffic: Mapping[str, float]) -> float:
    """What 1,000 requests of this traffic (shares of splits) cost, the bundle's bytes among it."""
    cost = sum(share * served(model, escalate_below, split).dollars for split, share in traffic.items())
    return cost + MEGABYTE * float(scores()[f"{model} mb"])


THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(21))


@functools.cache
def best_in_hindsight() -> tuple[str, float, float]:
    """Of all models and thresholds the cheapest on the judge's traffic: model, threshold, dollars."""
    found = {(m, t): dollars(m, t, TRAFFIC) for m in MODELS for t in THRESHOLDS}
    model, threshold = min(found, key=lambda pair: found[pair])
    return model, threshold, found[model, threshold]


def on_validation(thresholds: tuple[float, ...] = (0.0, 0.2, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)) -> "pd.DataFrame":
    """What a learner chooses by: dollars for 1,000 requests of validation by model and threshold; size, and p95 here."""
    import pandas as pd

    rows = {}
    for model in MODELS:
        row = {f"{t:g}": f"{dollars(model, t, {'validation': 1.0}):.2f}" for t in thresholds}
        size, p95 = float(scores()[f"{model} mb"]), float(scores()[f"{model} p95_ms"])
        rows[model] = row | {"MB": f"{size:.2f}", "p95, ms": f"{p95:.2f}"}
    return pd.DataFrame(rows).T


def outcome(release: Mapping[str, Any]) -> "pd.DataFrame":
    """What a release does, by kind of traffic and for the judge's mix of them: dollars of 1,000 requests, what is right, what goes
    to the cloud, and with a private value."""
    import pandas as pd

    model, threshold = release["model"], float(release["escalate_below"])
    bytes_cost = MEGABYTE * float(scores()[f"{model} mb"])
    rows = {}
    for split in SPLITS:
        each = served(model, threshold, split)
        shares = (each.right.mean(), each.escalated.mean(), each.private.mean())
        rows[split] = [each.dollars + bytes_cost, *(100 * float(share) for share in shares)]
    rows["the judge's traffic"] = [sum(TRAFFIC[s] * rows[s][i] for s in TRAFFIC) for i in range(4)]
    columns = ["dollars", "right, %", "cloud, %", "private out, %"]
    return pd.DataFrame(rows, index=columns).T.round(2)


def stages_from(first: float) -> Plan:
    """Stages from the first on, each five times as large as the one before, until everybody has it."""
    stages = [first]
    while stages[-1] < 1:
        stages.append(min(1.0, 5 * stages[-1]))
    return Plan(tuple(stages))


def judge_release(release: dict) -> list[str]:
    """What breaks the brief on traffic and tiers that the release was not chosen on; empty if nothing does."""
    if unclear := _unclear(release):
        return unclear
    model, threshold = release["model"], float(release["escalate_below"])
    best_model, best_threshold, least = best_in_hindsight()
    cost = dollars(model, threshold, TRAFFIC)
    complaints = []
    if cost > (1 + REGRET) * least:
        complaints.append(
            f"1,000 requests of the judge's traffic cost ${cost:.2f}; the best in hindsight costs ${least:.2f}, "
            f"and at most {REGRET:.0%} more are allowed"
        )
    for tier, slower in TIERS.items():
        p95 = slower * float(scores()[f"{model} p95_ms"])
        if p95 > LATE_MS:
            complaints.append(f"{tier}: 95 of 100 answers within {p95:.0f} ms, at most {LATE_MS:g}")
    sent = sum(share * served(model, threshold, split).private.mean() for split, share in TRAFFIC.items())
    if sent > PRIVATE_MOST:
        complaints.append(f"private values leave with {sent:.1%} of the requests, at most {PRIVATE_MOST:.0%}")
    plan = stages_from(float(release["first_stage"]))
    try:
        went = schedule_of(split_rule(plan.looks), plan)
    except ValueError:
        return [*complaints, "first_stage: so few phones that nobody could be asked"]
    if went.days > DAYS:
        complaints.append(f"a good release is everywhere after {went.days} days, at most {DAYS}")
    if went.harmed > HARMED:
        complaints.append(f"a bad release spoils {went.harmed:,.0f} answers on average, at most {HARMED:,.0f}")
    return complaints


def _unclear(release: dict) -> list[str]:
    """What is not of the form that the exercise asks for."""
    if set(release) != set(RELEASE):
        return [f"expected the entries {', '.join(RELEASE)}"]
    if release["model"] not in MODELS:
        return [f"model: expected one of {', '.join(MODELS)}"]
    for name, above in (("escalate_below", True), ("first_stage", False)):
        value = release[name]
        number = isinstance(value, Real) and not isinstance(value, bool)
        if not number or not 0 <= value <= 1 or (value < 0.0005 and not above):
            return [f"{name}: expected a share from {0 if above else 0.0005} to 1"]
    return []


def _with(**changes: object) -> dict:
    return RELEASE | changes


MISTAKES = (
    Mistake("kept", _with(escalate_below=0.0), "nothing is escalated for its score: what do wrong answers on hard requests cost?"),
)
