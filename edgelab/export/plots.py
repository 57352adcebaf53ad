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
    from matplotlib.figure import Figure

    from edgelab.bundle.predict import Bundle
    from edgelab.datasets.dataset import Dataset


def compute_optimisation(before: dict[str, int], after: dict[str, int]) -> "pd.DataFrame":
    """Nodes before and after: all of them together, then of each operator, the largest changes first."""
    import pandas as pd

    names = sorted(before | after, key=lambda name: (-abs(after.get(name, 0) - before.get(name, 0)), name))
    rows = [("all", sum(before.values()), sum(after.values()))]
    rows += [(name, before.get(name, 0), after.get(name, 0)) for name in names]
    return pd.DataFrame(rows, columns=["operator", "before", "after"])


def rewriting(levels: "Mapping[str, dict[str, int]]") -> "tuple[Figure, str, pd.DataFrame]":
    """The operators whose number changed from the first level to the last: bars, words, table."""
    counts = list(levels.values())
    changes = compute_optimisation(counts[0], counts[-1])
    changed = changes[(changes["before"] != changes["after"]) & (changes["operator"] != "all")]
    series = {"before": changed["before"].tolist(), "after": changed["after"].tolist()}
    told = [f"{name} {old} to {new}" for name, old, new in changed.itertuples(index=False)]
    drawn = plots.bars(list(changed["operator"]), series, "nodes in the teacher")
    return drawn, "Nodes before and after: " + "; ".join(told), changes[changes["before"] != changes["after"]]


def medians(found: "pd.Series", label: str) -> "tuple[Figure, str]":
    """A bar for each median."""
    told = {str(name): float(ms) for name, ms in found.items()}
    return plots.bars(list(told), {"median": list(told.values())}, label), in_words(told, ".1f") + " ms"


def losses(by_bits: "Mapping[int, pd.Series]") -> "tuple[Figure, str]":
    """For so many bits of fraction, how far each operator alone moves the output; those that move it most come first."""
    first = next(iter(by_bits.values())).sort_values(ascending=False, kind="stable")
    shown = list(first.index[first > 0])
    series: dict[str, Sequence[float]] = {
        f"{bits} bits of fraction": [float(found[name]) for name in shown] for bits, found in by_bits.items()
    }
    told = "; ".join(
        f"{bits} bits: {in_words({n: float(found[n]) for n in shown}, '.3f')}" for bits, found in by_bits.items()
    )
    return plots.bars(shown, series, "largest change of a logit"), told


def battery_curve(lengths: np.ndarray, battery: Callable[[np.ndarray, int], float]) -> "tuple[Figure, str]":
    """What a request costs by the length that the file is fixed to."""
    tokens: Sequence[int] = range(6, 81)
    costs = [float(battery(lengths, each)) for each in tokens]
    best = int(np.argmin(costs))
    mark = (float(tokens[best]), costs[best])
    series: dict[str, tuple[Sequence[float], Sequence[float]]] = {
        "400 requests": ([float(each) for each in tokens], costs)
    }
    drawn = plots.curves(series, "tokens that the file is fixed to", "battery a request", mark=mark)
    return drawn, f"lowest at {tokens[best]} tokens: {costs[best]:.1f}; at 32: {costs[26]:.1f}; at 64: {costs[58]:.1f}"


def runtime_rows(bundle: "Bundle", name: str, results: Sequence[Result], data: "Dataset") -> list:
    """The scoreboard's rows of one model, one for each runtime here."""
    timed = {r.runtime: r.latency for r in results if r.latency is not None}
    rows = []
    for runtime, one in open_runtimes(bundle)[0].items():
        found = evaluate(one, data.test)
        told: dict[str, Any] = {"size_bytes": bundle.size_bytes, "runtime": runtime, "data": data.name}
        for key in ("slot_exact_match", "call_exact_match") if data.slot_names else ():
            told[key] = getattr(found, key).value
        rows.append(scoreboard.measured("03_export", name, found.correct, timed[runtime], **told))
    return rows
