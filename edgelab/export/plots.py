"""The figures of `03_export`, each with its words."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.evaluation import evaluate
from edgelab.course import plots, scoreboard
from edgelab.course.results import in_words
from edgelab.export.runtimes import Result, open_runtimes

if TYPE_CHECKING:
    import pandas as pd

    from edgelab.bundle.predict import Bundle
    from edgelab.datasets.dataset import Dataset


def compute_optimisation(before: dict[str, int], after: dict[str, int]) -> "pd.DataFrame":
    """Nodes before and after: all of them together, then of each operator, the largest changes first."""
    import pandas as pd

    names = sorted(before | after, key=lambda name: (-abs(after.get(name, 0) - before.get(name, 0)), name))
    rows = [("all", sum(before.values()), sum(after.values()))]
    rows += [(name, before.get(name, 0), after.get(name, 0)) for name in names]
    return pd.DataFrame(rows, columns=["operator", "before", "after"])


def rewriting(levels: "Mapping[str, dict[str, int]]") -> "pd.DataFrame":
    """Shows the operators whose number changed from the first level to the last; returns the table."""
    counts = list(levels.values())
    changes = compute_optimisation(counts[0], counts[-1])
    changes = changes[changes["before"] != changes["after"]]
    alone = changes[changes["operator"] != "all"]
    series = {"before": alone["before"].tolist(), "after": alone["after"].tolist()}
    told = [f"{name} {old} to {new}" for name, old, new in alone.itertuples(index=False)]
    drawn = plots.bars(list(alone["operator"]), series, "nodes in the teacher")
    plots.show_figure(drawn, "Nodes before and after: " + "; ".join(told))
    return changes


def medians(found: "pd.Series", label: str) -> "pd.DataFrame":
    """Shows a bar for each median, in milliseconds; returns the table."""
    told = {str(name): float(ms) for name, ms in found.items()}
    drawn = plots.bars(list(told), {"median": list(told.values())}, label)
    plots.show_figure(drawn, in_words(told, ".1f") + " ms")
    return found.round(1).to_frame()


def losses(by_bits: "Mapping[int, pd.Series]") -> "pd.DataFrame":
    """For so many bits of fraction, how far each operator alone moves the output: shows those that move it, the one that does
    most first; returns the table."""
    import pandas as pd

    table = pd.DataFrame({f"{bits} bits of fraction": found for bits, found in by_bits.items()})
    table = table[(table > 0).any(axis=1)].sort_values(list(table.columns), ascending=False)
    series: dict[str, Sequence[float]] = {name: table[name].tolist() for name in table}
    told = [f"{name}: {in_words(dict(table[name]), '.3f')}" for name in table]
    plots.show_figure(plots.bars(list(table.index), series, "largest change of a logit"), ". ".join(told))
    return table.round(4)


def battery_curve(lengths: np.ndarray, battery: Callable[[np.ndarray, int], float]) -> "pd.DataFrame":
    """Shows what a request costs by the length that the file is fixed to; returns a table of some lengths."""
    import pandas as pd

    costs = {tokens: float(battery(lengths, tokens)) for tokens in range(6, 81)}
    best = min(costs, key=lambda tokens: costs[tokens])
    series: dict[str, tuple[Sequence[float], Sequence[float]]] = {
        f"{len(lengths)} requests": (list(costs), list(costs.values()))
    }
    drawn = plots.curves(series, "tokens that the file is fixed to", "battery a request", mark=(best, costs[best]))
    plots.show_figure(
        drawn, f"lowest at {best} tokens: {costs[best]:.1f}; at 32: {costs[32]:.1f}; at 64: {costs[64]:.1f}"
    )
    some = (8, 12, 16, 20, 24, 32, 48, 64, 77)
    return pd.DataFrame({"tokens": some, "battery a request": [round(costs[tokens], 1) for tokens in some]})


def runtime_rows(bundle: "Bundle", name: str, results: Sequence[Result], data: "Dataset") -> list:
    """The scoreboard's rows of one model, one for each runtime here, on a data set's test texts."""
    timed = {r.runtime: r.latency for r in results if r.latency is not None}
    rows = []
    for runtime, one in open_runtimes(bundle)[0].items():
        found = evaluate(one, data.test)
        told: dict[str, Any] = {"size_bytes": bundle.size_bytes, "runtime": runtime, "data": data.name}
        for key in ("slot_exact_match", "call_exact_match"):
            measured = getattr(found, key)
            told[key] = measured.value if measured else None
        rows.append(scoreboard.measured("03_export", name, found.correct, timed[runtime], **told))
    return rows
