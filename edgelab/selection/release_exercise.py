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
WRONG, STAKE, CLOUD, PRIVATE, MEGABYTE = 0.02, 0.50, 0.008, 0.01, 0.0004
# How often the cloud is right, and what traffic the judge expects: held-out requests, hard ones, plain ones from outside.
CLOUD_RIGHT = {"validation": 0.95, "test": 0.95, "hard": 0.80, "plain": 0.90}
TRAFFIC = {"test": 0.5, "hard": 0.2, "plain": 0.3}
# Medians of the pairs that ran on the CPU of both (`ratios_to_galaxy_s25.csv`), the machine that timed them taken for an S25.
TIERS = {"flagship": 1.0, "mid-range": 2.14, "entry": 2.55}
LATE_MS, REGRET, PRIVATE_MOST, DAYS, HARMED = 10.0, 0.03, 0.065, 12, 5000.0

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(21))  # tried in hindsight

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


def p95_on(model: str, tier: str) -> float:
    """The 95th percentile of a request on a tier, in ms."""
    return TIERS[tier] * float(scores()[f"{model} p95_ms"])


def private_share(model: str, escalate_below: float, traffic: Mapping[str, float]) -> float:
    """The share of requests with which a private value leaves."""
    return sum(share * float(served(model, escalate_below, split).private.mean()) for split, share in traffic.items())


@functools.cache
def best_in_hindsight() -> float:
    """What the cheapest model and threshold that keep the promises would cost on the judge's traffic, in dollars."""
    quick = [model for model in MODELS if max(p95_on(model, tier) for tier in TIERS) <= LATE_MS]
    pairs = [(model, threshold) for model in quick for threshold in THRESHOLDS]
    return min(dollars(*pair, TRAFFIC) for pair in pairs if private_share(*pair, TRAFFIC) <= PRIVATE_MOST)


def on_validation(thresholds: tuple[float, ...] = (0.0, 0.5, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95, 1.0)) -> "pd.DataFrame":
    """What a learner chooses by, a row a model: dollars for 1,000 requests of validation at each threshold and, behind the
    stroke, the share of them with which a private value leaves, in %; the size, and p95 here."""
    import pandas as pd

    rows, traffic = {}, {"validation": 1.0}
    for model in MODELS:
        row = {
            f"{t:g}": f"{dollars(model, t, traffic):.2f}/{100 * private_share(model, t, traffic):.0f}"
            for t in thresholds
        }
        size, p95 = float(scores()[f"{model} mb"]), p95_on(model, "flagship")
        rows[model] = row | {"MB": f"{size:.2f}", "p95, ms": f"{p95:.1f}"}
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
    least, cost = best_in_hindsight(), dollars(model, threshold, TRAFFIC)
    complaints = []
    if cost > (1 + REGRET) * least:
        complaints.append(
            f"1,000 requests of the judge's traffic cost ${cost:.2f}; the best in hindsight costs ${least:.2f}, "
            f"and at most {REGRET:.0%} more are allowed"
        )
    for tier in TIERS:
        if (p95 := p95_on(model, tier)) > LATE_MS:
            complaints.append(f"{tier}: 95 of 100 answers take up to {p95:.1f} ms, at most {LATE_MS:g}")
    if (sent := private_share(model, threshold, TRAFFIC)) > PRIVATE_MOST:
        complaints.append(f"private values leave with {sent:.1%} of the requests, at most {PRIVATE_MOST:.1%}")
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
    Mistake(
        "the cheapest on this desk",
        _with(model="six layers int8", escalate_below=0.9),
        "the table's p95 is that of the machine that measured: how many times as long does an entry phone take?",
    ),
    Mistake(
        "the cheapest on validation",
        _with(escalate_below=0.8),
        "that is where validation is cheapest; the judge's requests are harder. On which side of it do those cost least?",
    ),
    Mistake(
        "the smallest, as cheap as on validation",
        _with(model="convolution int4", escalate_below=0.8),
        "the cheapest threshold of validation lies too low for harder requests, for the smallest model as well.",
    ),
    Mistake(
        "the brief copied",
        _with(escalate_below=0.95),
        "the table has 6 % of validation leave with a private value, within the brief; harder requests hold more of them. Leave room.",
    ),
    Mistake(
        "nothing to the cloud for its score",
        _with(escalate_below=0.0),
        "who never hands over pays 2 cents for each wrong answer: what does the table say of higher thresholds?",
    ),
    Mistake(
        "everything to the cloud",
        _with(escalate_below=1.0),
        "the cloud answers nearly everything, is paid for each, and gets every private value.",
    ),
    Mistake(
        "everybody at once",
        _with(first_stage=1.0),
        "a bad release is everywhere before the first look: begin with fewer phones.",
    ),
    Mistake(
        "a quarter at once",
        _with(first_stage=0.25),
        "three days on a quarter of all phones spoil too many answers if the release is bad.",
    ),
    Mistake(
        "as careful as can be",
        _with(first_stage=0.001),
        "on so few phones little is counted, so that a bad release is noticed late; and a good one takes weeks.",
    ),
)
