"""The judge: what a choice would have cost on traffic and tiers that it was not made on, beside the best in hindsight.

The best in hindsight was picked on the same traffic, so that a part of the regret is luck: read its interval, and how probable it is
that nothing else truly costs less.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.selection.certainty import draw_shares, possible
from edgelab.selection.evidence import Evidence, EvidenceError, compared
from edgelab.selection.form import HERE
from edgelab.stats.bootstrap import percentile_bounds
from edgelab.stats.dependence import effective_samples
from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Harm:
    """What goes wrong costs, in the currency of 04's price of the cloud; assumptions of whoever judges, none measured.

    Args:
        wrong: of a call that is wrong (a label, where there are no slots).
        high_stakes: of one of high stakes that was not asked for, on top.
        late: of an answer that comes later than `late_ms`.
        late_ms: that limit.
        cloud: of a request of a device that the model does not reach, which the cloud answers instead.
        megabyte: of each megabyte of the bundle, for one request: delivery, updates, people who remove the app.
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
    """What a model costs for 1,000 requests, on the examples of its row and the latencies of a tier. An `EvidenceError` where
    lateness is priced and the row has no latency there."""
    wrong, stakes = 1 - float(_right(row).mean()), float(_stakes(row).mean())
    return float(_cost(row, harm, wrong, stakes, _late(row, harm, tier).mean()))


def judge(
    choice: str,
    situations: Mapping[str, Sequence[Evidence]],
    harm: Harm,
    *,
    tier: str = HERE,
    draws: int = 4000,
    seed: int = 0,
) -> list[Verdict]:
    """The choice in each situation: its name -> the rows of all models on that traffic (test, drifted, of another tier). An
    `EvidenceError` where the chosen model has no row, or rows cannot be compared."""
    return [_verdict(choice, name, rows, harm, tier, draws, seed) for name, rows in situations.items()]


def _verdict(
    choice: str, situation: str, rows: Sequence[Evidence], harm: Harm, tier: str, draws: int, seed: int
) -> Verdict:
    """
    Raises:
        EvidenceError: the chosen model has no row.
    """
    compared(rows)
    models = [row for row in rows if row.ships]
    names = [row.name for row in models]
    if choice not in names:
        raise EvidenceError(f"{situation}: expected a row of {choice}, found {', '.join(names)}")
    costs = np.array([cost(row, harm, tier=tier) for row in models])
    drawn = _drawn_costs(models, harm, tier, draws, np.random.default_rng(seed))
    mine, best = names.index(choice), int(costs.argmin())
    return Verdict(
        situation,
        _around(costs[mine], drawn[:, mine]),
        names[best],
        float(costs[best]),
        _around(costs[mine] - costs[best], drawn[:, mine] - drawn[:, best]),
        float((drawn[:, mine] <= drawn.min(axis=1)).mean()),
    )


def _drawn_costs(
    models: Sequence[Evidence], harm: Harm, tier: str, draws: int, generator: np.random.Generator
) -> np.ndarray:
    """What each model may truly cost, [draws, models]: shares of all models together, as in `certainty`."""
    columns = [column for row in models for column in (_right(row), _stakes(row))]
    kinds = [possible(("right_call", "high_stakes_wrong"))] * len(models)
    shares = draw_shares(np.stack(columns, axis=1), kinds, draws, generator)
    found = []
    for i, row in enumerate(models):
        late = _late(row, harm, tier)
        worth = effective_samples(late.astype(float), 50) if late.any() else len(late)
        late_share = generator.beta(worth * late.mean() + 1, worth * (1 - late.mean()) + 1, draws)
        stakes = shares[:, 2 * i + 1] if row.high_stakes_wrong is not None else np.zeros(draws)
        found.append(_cost(row, harm, 1 - shares[:, 2 * i], stakes, late_share))
    return np.stack(found, axis=1)


def _cost(
    row: Evidence, harm: Harm, wrong: float | np.ndarray, stakes: float | np.ndarray, late: float | np.ndarray
) -> np.ndarray:
    """For 1,000 requests, given the shares that go wrong."""
    reached = 1.0 if row.coverage is None else row.coverage
    served = harm.wrong * wrong + harm.high_stakes * stakes + harm.late * late
    return np.asarray(1000 * (reached * served + (1 - reached) * harm.cloud + harm.megabyte * row.size_bytes / 1e6))


def _right(row: Evidence) -> np.ndarray:
    return row.right_label if row.right_call is None else row.right_call


def _stakes(row: Evidence) -> np.ndarray:
    return np.zeros(row.examples, dtype=bool) if row.high_stakes_wrong is None else row.high_stakes_wrong


def _late(row: Evidence, harm: Harm, tier: str) -> np.ndarray:
    """Whether each latency is too long, bool [samples]; one that is not, where lateness costs nothing.

    Raises:
        EvidenceError: it costs something, and there is no latency.
    """
    samples = row.latency_ms.get(tier)
    if samples:
        return np.asarray(samples) > harm.late_ms
    if harm.late:
        raise EvidenceError(f"{row.name}: expected latencies on {tier}, found none; a lateness that costs 0 needs none")
    return np.zeros(1, dtype=bool)


def _around(value: float, drawn: np.ndarray) -> Interval:
    """The interval of draws, widened to hold the value: of what was never seen, all draws lie above it."""
    found = percentile_bounds(value, drawn)
    return Interval(float(value), min(found.low, float(value)), max(found.high, float(value)))
