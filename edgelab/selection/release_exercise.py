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
from edgelab.selection.rollout_exercise import Schedule, schedule_of
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

FILE = data_home() / "figures" / "release_scores.npz"
SPLITS = ("validation", "test", "hard", "plain")
STAKES = ("send_money", "place_order", "delete_data")
MODELS = ("convolution int4", "convolution int8", "six layers int4", "six layers int8")

# The brief: what goes wrong costs, in dollars for one request.
WRONG, STAKE, CLOUD, PRIVATE, MEGABYTE = 0.02, 0.50, 0.002, 0.01, 0.0004
# How often the cloud is right, and what traffic the judge expects: held-out requests, hard ones, plain ones from outside.
CLOUD_RIGHT = {"validation": 0.95, "test": 0.95, "hard": 0.80, "plain": 0.90}
TRAFFIC = {"test": 0.5, "hard": 0.2, "plain": 0.3}
# Medians of the pairs that ran on the CPU of both (`ratios_to_galaxy_s25.csv`), the machine that timed them taken for an S25.
TIERS = {"flagship": 1.0, "mid-range": 2.14, "entry": 2.55}
LATE_MS, REGRET, PRIVATE_MOST, DAYS, HARMED = 40.0, 0.05, 0.06, 12, 9000.0

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
    return cost + 1000 * MEGABYTE * float(scores()[f"{model} mb"]) / 1000


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
