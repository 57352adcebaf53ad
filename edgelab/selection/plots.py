"""The figures and tables of `10_selection`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edgelab.course import plots, scoreboard
from edgelab.selection.evidence import Evidence, intervals
from edgelab.selection.form import Requirements
from edgelab.stats.intervals import Interval

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from matplotlib.figure import Figure

NOT_HERE = "not measured here"
# Name of a column, the measure, its factor and format.
COLUMNS = (
    ("calls, %", "calls", 100, ".1f"),
    ("labels, %", "accuracy", 100, ".1f"),
    ("high stakes, %", "high_stakes", 100, ".2f"),
    ("private out, %", "private", 100, ".1f"),
    ("p95, ms", "p95_ms", 1, ".1f"),
    ("memory, MB", "memory_mb", 1, ".0f"),
    ("reach, %", "coverage", 100, ".0f"),
    ("size, MB", "mb", 1, ".2f"),
)


def board(rows: Sequence[Evidence], requirements: Requirements) -> "pd.DataFrame":
    """A line a row, each measure with its interval where it has one; below, the models that other notebooks put on the
    scoreboard, which nobody measured here."""
    import pandas as pd

    table, without = {}, "calls" if rows[0].right_call is None else "accuracy"
    columns = [column for column in COLUMNS if column[1] != without]  # both would not fit the page
    for row in rows:
        found = intervals(row, rows, requirements)
        table[row.name] = {title: _told(found.get(name), scale, form) for title, name, scale, form in columns}
    here = {name.partition(",")[0] for name in table}
    for other in scoreboard.rows():
        name = f"{other.model}, {other.precision}"
        if other.notebook != "10_selection" and name not in table and other.model not in here:
            table[name] = {title: NOT_HERE if i == 0 else "" for i, (title, *_) in enumerate(columns)}
    return pd.DataFrame(table).T


def _told(interval: Interval | None, scale: float, form: str) -> str:
    if interval is None:
        return NOT_HERE
    value, low, high = (format(scale * end, form) for end in (interval.value, interval.low, interval.high))
    return value if low == high else f"{value} [{low}, {high}]"


def front_of(
    rows: Sequence[Evidence], measure: str, on_front: "np.ndarray", requirements: Requirements
) -> "tuple[Figure, str]":
    """A share with its interval over the size, a point a model; those on the front in orange, the bar dashed. In words, too."""
    drawn, axes = plots.figure(height=4.2)
    told = []
    for row, first in zip(rows, on_front, strict=True):
        found = intervals(row, rows, requirements)
        share, size = found[measure], found["mb"].value
        ends = [[100 * (share.value - share.low)], [100 * (share.high - share.value)]]
        colour, marker = (plots.ORANGE, "o") if first else (plots.GREY, "X")
        axes.errorbar(size, 100 * share.value, ends, fmt=marker, color=colour, markersize=9, elinewidth=1.8)
        axes.annotate(row.name, (size, 100 * share.value), (9, 4), textcoords="offset points", fontsize=10)
        told.append(f"{row.name}: {100 * share.value:.1f} % in {size:.2f} MB{'' if first else ', beaten'}")
    plots.log_axis(axes)
    bound = requirements.asked.get(f"min_{measure}")
    if bound is not None:
        axes.axhline(100 * bound, color=plots.GREY, linestyle="--", linewidth=1.2)
    axes.margins(x=0.3)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel("size of the whole bundle, MB (log scale)")
    axes.set_ylabel(f"{'right calls' if measure == 'calls' else 'right labels'}, validation, %")
    return drawn, "; ".join(told)


def stacked(costs: Mapping[str, Mapping[str, float]], label: str) -> "Figure":
    """A bar a way to serve, its items side by side in it."""
    drawn, axes = plots.figure(height=1.2 + 0.5 * len(costs))
    items = [item for item in next(iter(costs.values())) if any(of[item] for of in costs.values())]
    left = dict.fromkeys(costs, 0.0)
    for colour, item in zip((*plots.COLOURS, "#56B4E9"), items, strict=False):
        widths = [of[item] for of in costs.values()]
        axes.barh(list(costs), widths, 0.6, left=list(left.values()), color=colour, label=item)
        left = {name: left[name] + width for name, width in zip(costs, widths, strict=True)}
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0, fontsize=9)
    return drawn
