"""Does the probability that `edgelab.selection` states come true as often as it says? Scoreboards of known truth.

python -m benchmarks.selection     minutes of one core; prints the tables and writes them into README.md

No model is trained: truths are drawn, samples that show them are drawn, and what is stated from a sample is held against its truth.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.pocket_card import put, table
from edgelab.selection.certainty import NONE, probability_clears, probability_smallest
from edgelab.selection.decision import decide
from edgelab.selection.evidence import Evidence, intervals
from edgelab.selection.form import Requirements
from edgelab.selection.simulated import Cases, Known, Reliability, World, collect, reliability, scoreboard
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.workspace import write_atomic

README = Path(__file__).parent / "README.md"
BOARDS, MORE = 200, 2000
DRAWS = 1000  # for each scoreboard: so many scoreboards average what single draws miss

CALLS = Requirements(min_calls=0.91)
ALL = Requirements(min_calls=0.91, min_retention=0.93, max_high_stakes=0.025, max_p95_ms=2.1)
FEW = World(examples=40, calls=(0.85, 0.9999), stakes=(0.0, 0.0001))
SETTINGS: dict[str, tuple[World, Requirements]] = {
    "calls": (World(), CALLS),
    "retention": (World(), Requirements(min_retention=0.94)),
    "high stakes": (World(), Requirements(max_high_stakes=0.02)),
    "p95": (World(), Requirements(max_p95_ms=2.0)),
    "all at once": (World(), ALL),
    "calls, 40 examples, high shares": (FEW, Requirements(min_calls=0.95)),
    "p95, long stalls": (World(stalls=0.8), Requirements(max_p95_ms=2.0)),
    "calls, 12 models that fail alike": (World(models=12, shared=0.95), CALLS),
    "calls, truths within 2 points": (World(calls=(0.9, 0.92)), CALLS),
    "calls, truths just below the bar": (World(calls=(0.89, 0.91)), CALLS),
}

Method = Callable[[Sequence[Evidence], Requirements], dict[str, float]]


def posterior(rows: Sequence[Evidence], requirements: Requirements) -> dict[str, float]:
    """What the package states."""
    return probability_clears(rows, requirements, draws=DRAWS)


def best_guess(rows: Sequence[Evidence], requirements: Requirements) -> dict[str, float]:
    """1 where every measured value keeps what is asked, else 0."""

    def keeps(found: dict[str, Interval], field: str, bound: float) -> bool:
        value = found[field[4:]].value
        return value >= bound if field.startswith("min_") else value <= bound

    measured = {row.name: intervals(row, rows, requirements) for row in rows if row.ships}
    asked = requirements.asked.items()
    return {name: float(all(keeps(found, *each) for each in asked)) for name, found in measured.items()}


def plain_bootstrap(rows: Sequence[Evidence], requirements: Requirements) -> dict[str, float]:
    """The share of resamples (Efron 1979: with replacement, from what was seen alone) in which the shares keep what is asked; of
    calls and labels only."""
    generator = np.random.default_rng(0)
    n = rows[0].examples
    counts = generator.multinomial(n, np.full(n, 1 / n), size=DRAWS)
    columns = {"min_calls": "right_call", "min_accuracy": "right_label"}
    return {
        row.name: float(
            np.mean(np.all([counts @ getattr(row, columns[f]) / n >= b for f, b in requirements.asked.items()], axis=0))
        )
        for row in rows
        if row.ships
    }


def boards(world: World, number: int, seed: int = 0) -> list[Known]:
    generator = np.random.default_rng(seed)
    return [scoreboard(world, generator) for _ in range(number)]


def cases(method: Method, known: list[Known], requirements: Requirements) -> Cases:
    """Of each model of each scoreboard what the method states, and whether it truly clears."""

    def state(one: Known) -> dict[str, tuple[float, bool]]:
        stated, true = method(one.rows, requirements), one.clears(requirements)
        return {name: (stated[name], true[name]) for name in true}

    return collect(state, known)


def smallest_cases(known: list[Known], requirements: Requirements) -> Cases:
    """Of each model, and of none, the stated probability that it is the smallest that truly clears, and whether it is."""

    def state(one: Known) -> dict[str, tuple[float, bool]]:
        stated, true = probability_smallest(one.rows, requirements, draws=DRAWS), one.clears(requirements)
        smallest = next((name for name, clears in true.items() if clears), NONE)  # rows stand by their size
        return {name: (stated[name], name == smallest) for name in stated}

    return collect(state, known)


def calibration(number: int) -> tuple[str, Reliability]:
    """A row for each setting, and the bins of all measures at once."""
    rows, bins = [], None
    for name, (world, requirements) in SETTINGS.items():
        found = reliability(cases(posterior, boards(world, number), requirements))
        rows.append([name, *_row(found)])
        bins = found if name == "all at once" else bins
    assert bins is not None
    found = reliability(smallest_cases(boards(World(), number), ALL))
    rows.append(["all at once, and that it is the smallest", *_row(found)])
    header = ["asked", "true minus stated", "surer than right", "Brier", "Brier if calibrated"]
    return table(header, rows), bins


def _row(found: Reliability) -> list[str]:
    return [f"{found.bias:.3f}", f"{found.overconfidence:.3f}", f"{found.brier:.3f}", f"{found.expected_brier:.3f}"]


def binned(found: Reliability) -> str:
    rows = [[cases, f"{stated:.3f}", f"{true:.3f}"] for cases, stated, true in found.bins]
    return table(["cases", "stated, mean", "came true [95 %]"], rows)


def methods(number: int) -> str:
    """Other ways to state it, where they are worst."""
    known, asked = boards(FEW, number), Requirements(min_calls=0.95)
    ways: dict[str, Method] = {
        "posterior": posterior,
        "plain bootstrap": plain_bootstrap,
        "best guess, 0 or 1": best_guess,
    }
    rows = [[name, *_row(reliability(cases(way, known, asked)))] for name, way in ways.items()]
    return table(["40 examples", "true minus stated", "surer than right", "Brier", "Brier if calibrated"], rows)


def shipped(number: int) -> str:
    """What the rule ships, against its truth: how many models there are to choose from, and whether their truths lie anywhere or
    all just below the bar, where whatever ships is a mistake."""
    rows = []
    for told, world in {"anywhere": World(), "just below": World(calls=(0.89, 0.91))}.items():
        for models in (2, 6, 12):
            stated, true, missed, none = [], [], 0, 0
            for known in boards(replace(world, models=models), number):
                decision, clears = decide(known.rows, CALLS, draws=DRAWS), known.clears(CALLS)
                if decision.chosen is None:
                    none, missed = none + 1, missed + any(clears.values())
                    continue
                stated.append(decision.probability)
                true.append(clears[decision.chosen])
            share = f"{accuracy_interval(np.array(true)):.3f}" if true else "-"
            mean = f"{np.mean(stated):.3f}" if stated else "-"
            wrongly = f"{accuracy_interval(np.array([not t for t in true] + [False] * none)):.3f}"
            rows.append([told, models, len(stated), mean, share, wrongly, f"{missed} of {none}"])
    header = [
        "truths",
        "models",
        "shipped",
        "stated, mean",
        "truly clears",
        "of all boards, wrongly shipped",
        "none shipped, though one truly clears",
    ]
    return table(header, rows)


def text() -> str:
    first, bins = calibration(BOARDS)
    more, more_bins = calibration(MORE)
    return "\n\n".join(
        [
            f"{BOARDS} scoreboards:",
            first,
            f"{MORE:,} scoreboards:",
            more,
            f"All at once, {BOARDS} and {MORE:,} scoreboards:",
            binned(bins),
            binned(more_bins),
            f"Other ways to state it, {BOARDS} scoreboards:",
            methods(BOARDS),
            f"What ships by the rule, calls of {CALLS.min_calls:.0%} asked, {MORE // 2:,} scoreboards each:",
            shipped(MORE // 2),
        ]
    )


def main() -> None:
    report = text()
    write_atomic(README, put(README.read_text("utf-8"), "selection", report))
    print(report)


if __name__ == "__main__":
    main()
