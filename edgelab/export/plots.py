"""The figures of `03_export`, each with its words."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course import plots
from edgelab.course.results import in_words
from edgelab.export.widgets import compute_optimisation

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure


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
    series = {f"{bits} bits of fraction": [float(found[name]) for name in shown] for bits, found in by_bits.items()}
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
    series = {"400 requests": ([float(each) for each in tokens], costs)}
    drawn = plots.curves(series, "tokens that the file is fixed to", "battery a request", mark=mark)
    return drawn, f"lowest at {tokens[best]} tokens: {costs[best]:.1f}; at 32: {costs[26]:.1f}; at 64: {costs[58]:.1f}"
