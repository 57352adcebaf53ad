"""Scoreboards of which the truth is known: whether a stated probability comes true as often as it says.

Each example has a difficulty that all models meet, so that they fail on the same ones; each latency depends on the one before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from edgelab.selection.evidence import Evidence
from edgelab.selection.form import HERE, Requirements
from edgelab.stats.bootstrap import draws, percentile_bounds
from edgelab.stats.intervals import Interval, accuracy_interval

REFERENCE = "teacher"
SPREAD = 0.25  # the standard deviation of a latency's logarithm
LABEL_ALONE = 0.2  # of the wrong calls, the share whose label is right
_quantile = NormalDist().inv_cdf


@dataclass(frozen=True)
class World:
    """What scoreboards are drawn from; what has two ends is drawn evenly between them, for each model anew.

    Args:
        models: how many could ship, the first the smallest, each a megabyte larger than the one before.
        examples, timed: of a scoreboard; how many latencies of each model.
        calls: the true share of right calls.
        stakes: the true share of wrong calls of high stakes; below that of wrong labels.
        p95_ms: the true 95th percentile.
        teacher: the true share of right calls of the reference.
        shared: the correlation of two models' skill on an example.
        stalls: the correlation of a latency's logarithm with the one before.
    """

    models: int = 6
    examples: int = 500
    timed: int = 400
    calls: tuple[float, float] = (0.84, 0.95)
    stakes: tuple[float, float] = (0.0, 0.04)
    p95_ms: tuple[float, float] = (1.5, 2.5)
    teacher: tuple[float, float] = (0.90, 0.999)
    shared: float = 0.7
    stalls: float = 0.3


@dataclass(frozen=True)
class Known:
    """A scoreboard and, of each model that could ship, the true value of each measure of the form."""

    rows: list[Evidence]
    truth: dict[str, dict[str, float]]

    def clears(self, requirements: Requirements) -> dict[str, bool]:
        """Whether each model truly clears everything asked."""

        def met(true: dict[str, float], field: str, bound: float) -> bool:
            side, _, measure = field.partition("_")
            return true[measure] >= bound if side == "min" else true[measure] <= bound

        asked = requirements.asked.items()
        return {name: all(met(true, field, bound) for field, bound in asked) for name, true in self.truth.items()}


def scoreboard(world: World, generator: np.random.Generator) -> Known:
    """Draw truths, then a sample that shows them."""
    difficulty = generator.standard_normal(world.examples)

    def trouble() -> np.ndarray:
        own = generator.standard_normal(world.examples)
        return np.sqrt(world.shared) * difficulty + np.sqrt(1 - world.shared) * own

    reference = generator.uniform(*world.teacher)
    teacher_right = trouble() < _quantile(reference)
    rows = [Evidence(REFERENCE, teacher_right, 80_000_000, right_call=teacher_right, ships=False)]
    truth = {}
    for i in range(world.models):
        calls, stakes, p95_ms = (generator.uniform(*ends) for ends in (world.calls, world.stakes, world.p95_ms))
        accuracy = calls + LABEL_ALONE * (1 - calls)
        met = trouble()
        noise = _autoregressive(world.timed, world.stalls, generator)
        latency_ms = p95_ms * np.exp(SPREAD * (noise - _quantile(0.95)))
        row = Evidence(
            f"model {i}",
            met < _quantile(accuracy),
            (i + 1) * 1_000_000,
            right_call=met < _quantile(calls),
            high_stakes_wrong=met > _quantile(1 - stakes),
            latency_ms={HERE: tuple(latency_ms)},
        )
        rows.append(row)
        retention = calls / reference
        truth[row.name] = {"calls": calls, "accuracy": accuracy, "high_stakes": stakes, "retention": retention}
        truth[row.name] |= {"p95_ms": p95_ms, "mb": i + 1.0}
    return Known(rows, truth)


def _autoregressive(length: int, correlation: float, generator: np.random.Generator) -> np.ndarray:
    """Standard normal values, each correlated so with the one before, [length]."""
    fresh = generator.standard_normal(length)
    values = np.empty(length)
    values[0] = fresh[0]
    for i in range(1, length):
        values[i] = correlation * values[i - 1] + np.sqrt(1 - correlation**2) * fresh[i]
    return values


# --- how well stated probabilities come true -------------------------------------------------------


@dataclass(frozen=True)
class Cases:
    """What was stated, what came true (0 or 1), and on which scoreboard: all [cases]."""

    stated: np.ndarray
    true: np.ndarray
    board: np.ndarray


def collect(state: Callable[[Known], dict[str, tuple[float, bool]]], boards: list[Known]) -> Cases:
    """The cases of many scoreboards: `state` gives, for each name, the stated probability and whether it came true."""
    found = [(p, y, i) for i, known in enumerate(boards) for p, y in state(known).values()]
    stated, true, board = (np.array(column, dtype=np.float64) for column in zip(*found, strict=True))
    return Cases(stated, true, board.astype(int))


@dataclass(frozen=True)
class Reliability:
    """How stated and true frequencies agree; intervals by bootstrap over scoreboards, whose cases belong together.

    Args:
        bins: of each range of stated probability its cases, their mean, and how often they came true.
        bias: mean of true minus stated; 0 where it is calibrated.
        overconfidence: how much surer the statements are than right: mean of max(p, 1 - p), minus the share of them that lie
            on the right side of one half; 0 where it is calibrated, above 0 where the doubt is understated.
        brier: mean squared distance of stated from true; `expected_brier` what it is where the statements are calibrated.
    """

    bins: tuple[tuple[int, float, Interval], ...]
    bias: Interval
    overconfidence: Interval
    brier: Interval
    expected_brier: float


def reliability(
    cases: Cases, *, edges: tuple[float, ...] = (0, 0.1, 0.3, 0.7, 0.9, 1), resamples: int = 1000
) -> Reliability:
    """Of cases of many scoreboards; bins without a case are left out."""
    stated, true = cases.stated, cases.true
    sure = np.maximum(stated, 1 - stated)
    right = np.where(stated >= 0.5, true, 1 - true)

    def mean(values: np.ndarray, keep: np.ndarray) -> Interval:
        boards = int(cases.board.max()) + 1
        sums = np.bincount(cases.board[keep], values[keep], boards)
        counts = np.bincount(cases.board[keep], minlength=boards)
        drawn = [sums[d].sum() / counts[d].sum() for d in draws(boards, resamples, 0) if counts[d].sum()]
        found = percentile_bounds(sums.sum() / counts.sum(), drawn)
        if set(values[keep]) <= {0.0, 1.0}:  # a share: what all cases agree in is still not certain
            plain = accuracy_interval(values[keep])
            found = Interval(found.value, min(found.low, plain.low), max(found.high, plain.high))
        return found

    place = np.clip(np.searchsorted(edges, stated, side="right") - 1, 0, len(edges) - 2)
    bins = []
    for i in np.unique(place):
        here = place == i
        bins.append((int(here.sum()), float(stated[here].mean()), mean(true, here)))
    everywhere = np.ones(len(stated), dtype=bool)
    return Reliability(
        tuple(bins),
        mean(true - stated, everywhere),
        mean(sure - right, everywhere),
        mean((true - stated) ** 2, everywhere),
        float((stated * (1 - stated)).mean()),
    )
