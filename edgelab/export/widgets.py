"""The explorers of `03_export`: where a graph's nodes land, and what optimisation makes of them."""

from collections.abc import Sequence

import ipywidgets
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu
from edgelab.export.placement import Placement
from edgelab.export.plots import compute_optimisation
from edgelab.export.preflight import Preflight
from edgelab.stats.samples import LatencySamples

MOST = 12  # operators in a figure


def compute_placement(placement: Placement) -> pd.DataFrame:
    """A target's share of each operator, the operators with most nodes left over first."""
    rows = sorted(placement.operators.items(), key=lambda item: (item[1][0] - item[1][1], -item[1][1], item[0]))
    return pd.DataFrame(
        {
            "operator": [name for name, _ in rows],
            "taken": [taken for _, (taken, _) in rows],
            "left to the CPU": [count - taken for _, (taken, count) in rows],
        }
    )


def show_placement(reports: dict[str, Preflight]) -> ipywidgets.VBox:
    """Choose a model, open or fixed shapes, a target: where each operator's nodes land."""
    first = next(iter(reports.values()))
    phones = [p for p in first.placements if p.open_shapes or p.shapes != first.placements[0].shapes]
    targets = list(dict.fromkeys(p.target for p in phones))
    shapes = list(dict.fromkeys(p.shapes for p in phones))

    def draw(model: str, sizes: str, target: str) -> tuple[Figure, str, pd.DataFrame]:
        chosen = next(p for p in reports[model].placements if (p.target, p.shapes) == (target, sizes))
        table = compute_placement(chosen)
        shown = table[:MOST]
        series = {name: shown[name].tolist() for name in ("taken", "left to the CPU")}
        words = f"{target} takes {chosen.taken} of {chosen.nodes} nodes in {chosen.partitions} partitions: {chosen.verdict}."
        return _nodes(shown["operator"].tolist(), series, f"nodes, at most {MOST} operators"), words, table

    return explorer([menu("model", list(reports)), menu("shapes", shapes), menu("target", targets)], draw)


def show_optimisation(
    counts: dict[str, dict[str, dict[str, int]]], latency: dict[str, dict[str, LatencySamples]]
) -> ipywidgets.VBox:
    """Choose a model and a level: its operators before and after, and the measured latency. Both arguments go by
    model, then by level; the first level is the file as it is."""
    models = list(counts)
    levels = list(counts[models[0]])

    def draw(model: str, level: str) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_optimisation(counts[model][levels[0]], counts[model][level])
        changed = table[(table["before"] != table["after"]) | (table["operator"] == "all")][:MOST]
        series = {name: changed[name].tolist() for name in ("before", "after")}
        before, after = table["before"][0], table["after"][0]
        words = f"{level}: {before} nodes become {after}; p50 {latency[model][level].percentile(50):.3f} ms."
        return _nodes(changed["operator"].tolist(), series, "nodes: all, then what changed"), words, table

    return explorer([menu("model", models), menu("level", levels)], draw)


def _nodes(operators: Sequence[str], series: dict[str, Sequence[float]], label: str) -> Figure:
    """Bars of counts: no half node on the axis."""
    drawn = plots.bars(operators, series, label)
    drawn.axes[0].xaxis.set_major_locator(MaxNLocator(integer=True))
    return drawn
