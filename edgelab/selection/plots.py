"""The figures and tables of `10_selection`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from edgelab.course import plots, scoreboard
from edgelab.selection.evidence import Evidence, intervals
from edgelab.selection.form import Requirements
from edgelab.selection.judge import Verdict
from edgelab.selection.shift import alarm_rate, alarm_threshold
from edgelab.selection.update import WayOn
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples

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
    told: list[str] = []
    for row, first in zip(rows, on_front, strict=True):
        found = intervals(row, rows, requirements)
        share, size = found[measure], found["mb"].value
        ends = [[100 * (share.value - share.low)], [100 * (share.high - share.value)]]
        colour, marker = (plots.ORANGE, "o") if first else (plots.GREY, "X")
        axes.errorbar(size, 100 * share.value, ends, fmt=marker, color=colour, markersize=9, elinewidth=1.8)
        place, side = ((-9, -14), "right") if len(told) % 2 == 0 else ((9, 6), "left")  # neighbours are near each other
        axes.annotate(row.name, (size, 100 * share.value), place, textcoords="offset points", fontsize=10, ha=side)
        told.append(f"{row.name}: {100 * share.value:.1f} % in {size:.2f} MB{'' if first else ', beaten'}")
    plots.log_axis(axes)
    bound = requirements.asked.get(f"min_{measure}")
    if bound is not None:
        axes.axhline(100 * bound, color=plots.GREY, linestyle="--", linewidth=1.2)
    axes.margins(x=0.35)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel("size of the whole bundle, MB (log scale)")
    axes.set_ylabel(f"{'right calls' if measure == 'calls' else 'right labels'}, validation, %")
    return drawn, "; ".join(told)


def values_of(rows: Sequence[Evidence], measures: Sequence[str], requirements: Requirements) -> "np.ndarray":
    """What was measured, [rows, measures], named as the form's fields without `min_` and `max_`; NaN where it was not."""
    import numpy as np

    found = [intervals(row, rows, requirements) for row in rows]
    return np.array([[each[name].value if name in each else np.nan for name in measures] for each in found])


def scored(rows: Sequence[Evidence], taken: Mapping[str, LatencySamples], data: str) -> "list[scoreboard.Row]":
    """The rows as the scoreboard has them, on validation of the data of that name; `taken` are the latencies on this machine,
    by name."""
    return [
        scoreboard.measured(
            "10_selection",
            row.name,
            row.right_label,
            taken[row.name],
            size_bytes=row.size_bytes,
            call_exact_match=None if row.right_call is None else float(row.right_call.mean()),
            precision=row.name.split()[-1],
            data=data,
            split="validation",
        )
        for row in rows
    ]


def ways_on(ways: Sequence[WayOn]) -> "pd.DataFrame":
    """The ways on after an update, a row each: what they cost in labels and errors, and what stays on the device."""
    import pandas as pd

    rows = {
        way.name: {"labelled": way.labelled, "kept and wrong": f"{way.wrong:.3f}", "kept": f"{way.kept:.2f}"}
        for way in ways
    }
    return pd.DataFrame(rows).T


def regrets(verdicts: Sequence[Verdict]) -> "pd.DataFrame":
    """What a choice costs in each situation beside the best in hindsight, in dollars for 1,000 requests."""
    import pandas as pd

    rows = {
        v.situation: {
            "the choice costs": f"{v.cost:.2f}",
            "best in hindsight": v.best,
            "which costs": f"{v.best_cost:.2f}",
            "regret": f"{v.regret:.2f}",
            "truly the best": f"{v.still_best:.2f}",
        }
        for v in verdicts
    }
    return pd.DataFrame(rows).T


def alarms(ordinary: "np.ndarray", new: "np.ndarray", window: int) -> "tuple[Figure, str, dict[float, Interval]]":
    """The share of windows that raise an alarm over the share of them that is new traffic, drawn, in words, and by share. The
    distance that is an alarm is found on ordinary scores alone."""
    limit = alarm_threshold(ordinary, window)
    rates = {s: alarm_rate(ordinary, new, s, limit, window=window, trials=200) for s in (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)}
    drawn = plots.lines(
        {f"windows of {window}": rates}, "share of the window that is new", "windows that raise an alarm"
    )
    drawn.axes[0].invert_xaxis()  # rising from left to right
    drawn.axes[0].legend(frameon=False, loc="upper left")
    told = "; ".join(f"{100 * share:.0f} % new: {100 * rate.value:.0f} % alarms" for share, rate in rates.items())
    return drawn, f"An alarm above a gap of {limit:.2f}. {told}", rates


def stacked(costs: Mapping[str, Mapping[str, float]], label: str) -> "Figure":
    """A bar a way to serve, its items side by side in it."""
    drawn, axes = plots.figure(height=1.2 + 0.5 * len(costs))
    items = [item for item in next(iter(costs.values())) if any(of[item] for of in costs.values())]
    left = dict.fromkeys(costs, 0.0)
    for colour, item in zip((*plots.COLOURS, "#222222"), items, strict=False):
        widths = [of[item] for of in costs.values()]
        axes.barh(list(costs), widths, 0.6, left=list(left.values()), color=colour, label=item)
        left = {name: left[name] + width for name, width in zip(costs, widths, strict=True)}
    axes.invert_yaxis()
    axes.set_xlabel(label)
    axes.legend(frameon=False, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0, fontsize=9)
    return drawn
