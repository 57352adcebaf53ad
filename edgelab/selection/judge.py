"""The judge: what a choice would have cost on traffic and tiers that it was not made on, beside the best in hindsight."""

from collections.abc import Mapping
from dataclasses import dataclass

from edgelab.selection.evidence import Evidence
from edgelab.selection.form import HERE
from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Harm:
    """What goes wrong costs, in the currency of `routing.Terms.price`; assumptions of whoever judges, none measured.

    Args:
        wrong: of a call that is wrong.
        high_stakes: of one of high stakes that was not asked for, on top.
        late: of an answer that comes later than `late_ms`.
        late_ms: that limit.
        cloud: of a request of a device that the model does not reach, which the cloud answers instead.
        megabyte: of each megabyte of the bundle, for a request: delivery, updates, people who remove the app.
    """

    wrong: float = 0.02
    high_stakes: float = 1.0
    late: float = 0.005
    late_ms: float = 100.0
    cloud: float = 0.001
    megabyte: float = 0.00001


@dataclass(frozen=True)
class Verdict:
    """What the choice costs in one situation, for 1,000 requests.

    Args:
        cost: the chosen model's, with its interval.
        best: the name of the model that costs least here.
        best_cost: what that one costs.
        regret: cost - best_cost with its paired interval; 0 where the choice is the best.
        still_best: the probability that no other model truly costs less here.
    """

    situation: str
    cost: Interval
    best: str
    best_cost: float
    regret: Interval
    still_best: float


def cost(row: Evidence, harm: Harm, *, tier: str = HERE) -> float:
    """What a model costs for 1,000 requests, on the examples of its row and the latencies of a tier."""
    raise NotImplementedError


def judge(
    choice: str,
    situations: Mapping[str, list[Evidence]],
    harm: Harm,
    *,
    tier: str = HERE,
    resamples: int = 2000,
    seed: int = 0,
) -> list[Verdict]:
    """The choice in each situation: its name -> the rows of all models on that traffic (test, drifted, another tier).

    Raises:
        EvidenceError: the chosen model has no row in a situation.
    """
    raise NotImplementedError
