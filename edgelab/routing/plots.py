"""The figures of `04_routing`, in the style of `plots`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from edgelab.course.plots import BLUE, COLOURS, GREEN, GREY, ORANGE, RED, figure
from edgelab.course.results import in_words
from edgelab.routing import calibration
from edgelab.routing.calibration import Part
from edgelab.routing.notebook import confident
from edgelab.routing.policy import Policy
from edgelab.routing.simulation import Traffic, reasons

if TYPE_CHECKING:
    import pandas as pd


def routes(
    curves: dict[str, tuple[Sequence[float], Sequence[float]]],
    value: str,
    *,
    points: dict[str, tuple[float, float]] | None = None,
) -> Figure:
    """`value` over the share of requests escalated, a line a router: name -> (shares, values). `random` is dashed and
    `oracle` dotted, both grey; at most two `points`, by name."""
    drawn, axes = figure(height=4.4)
    colours = iter(COLOURS[:-1])
    for name, (shares, values) in curves.items():
        style = {"random": "--", "oracle": ":"}.get(name, "-")
        colour = next(colours) if style == "-" else GREY
        axes.plot([100 * s for s in shares], values, style, color=colour, linewidth=2, label=name)
    for colour, marker, (name, (share, height)) in zip((RED, ORANGE), "os", (points or {}).items(), strict=False):
        axes.plot(100 * share, height, marker, color=colour, markersize=9, label=name)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel("requests escalated, %")
    axes.set_ylabel(value)
    if len(curves) > 1 or points:
        axes.legend(frameon=False, loc="upper center" if points else "lower right")
    return drawn


def reliability(parts: dict[str, list[Part]]) -> Figure:
    """Accuracy with its interval over mean confidence, a colour a series; the larger the dot, the
    more requests; the dashed line is where both agree."""
    drawn, axes = figure(height=4.4)
    axes.plot([0, 1], [0, 1], "--", color=GREY, linewidth=1.2)
    for i, (colour, (name, found)) in enumerate(zip(COLOURS, parts.items(), strict=False)):
        x = [part.confidence for part in found]
        total = sum(part.requests for part in found)
        for at, part in zip(x, found, strict=True):
            axes.plot([at, at], [part.accuracy.low, part.accuracy.high], color=colour, linewidth=1.2)
        sizes = [20 + 400 * part.requests / total for part in found]
        middle = [part.accuracy.value for part in found]
        see_through = (colour, 0.75)  # but for its edge
        axes.scatter(x, middle, sizes, facecolor=see_through, edgecolor=colour, label=name, zorder=3 + i)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel("confidence: probability of the answer")
    axes.set_ylabel("accuracy")
    axes.legend(frameon=False, loc="upper left", markerscale=0.6)
    return drawn


def cumulative(values: dict[str, Sequence[float]], label: str, *, mark: float) -> Figure:
    """For each series, the share of its values that is at most x, in steps; a dashed line at `mark`: what a line lacks to
    100 % there is the share beyond."""
    drawn, axes = figure(height=3.6)
    for (name, series), colour in zip(values.items(), (BLUE, ORANGE, GREEN), strict=False):
        axes.ecdf(series, color=colour, linewidth=2, label=name)
    axes.axvline(mark, color=RED, linestyle="--", linewidth=1.5)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.yaxis.set_major_formatter(lambda share, _: f"{100 * share:.0f} %")
    axes.set_xlabel(label)
    axes.set_ylabel("share at or below")
    axes.legend(frameon=False, loc="upper left")
    return drawn


def stacked(rows: dict[str, dict[str, float]], label: str) -> Figure:
    """A horizontal bar a row, made of its parts: row -> (part -> length), parts in the same colour everywhere."""
    drawn, axes = figure(height=1.6 + 0.45 * len(rows))
    parts = list(dict.fromkeys(part for row in rows.values() for part in row))
    ends = [0.0] * len(rows)
    for part, colour in zip(parts, COLOURS, strict=False):
        lengths = [row.get(part, 0.0) for row in rows.values()]
        axes.barh(range(len(rows)), lengths, 0.7, left=ends, color=colour, label=part)
        ends = [end + length for end, length in zip(ends, lengths, strict=True)]
    axes.set_yticks(range(len(rows)), list(rows))
    axes.invert_yaxis()
    axes.set_xlabel(label)
    drawn.legend(frameon=False, loc="outside upper center", ncols=len(parts))
    return drawn


# --- of the notebook, with their words ----------------------------------------------------------


def gap_recovered(lines: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> tuple[Figure, str, dict[str, float]]:
    """Each router's share of the gap over the share escalated, random beside them; its words; and what each has at 20 %."""
    drawn = {"random": ([0.0, 1.0], [0.0, 1.0]), **lines}
    at_20 = {name: float(np.interp(0.2, *line)) for name, line in drawn.items()}
    words = f"Share of the gap at 20 % escalated: {in_words(at_20, '.2f')}"
    return routes(drawn, "share of the gap recovered"), words, at_20


def how_sure(traffic: Mapping[str, Traffic]) -> tuple[Figure, str]:
    """The reliability diagram of each traffic, and its words."""
    parts = {name: calibration.reliability(*confident(t), bins=8) for name, t in traffic.items()}
    words = [
        f"{name}: {part.confidence:.2f} sure, {part.accuracy.value:.2f} right"
        for name, found in parts.items()
        for part in found
    ]
    return reliability(parts), "; ".join(words)


def promise(drawn: "Mapping[str, pd.DataFrame]", alpha: float) -> "tuple[Figure, str, pd.DataFrame]":
    """How the joint errors of many threshold sets lie about the promise, by rule; its words; and the means."""
    import pandas as pd

    means = pd.DataFrame({name: table.mean() for name, table in drawn.items()}).T.round(2)
    errors = {name: table["kept and wrong"].tolist() for name, table in drawn.items()}
    words = f"Sets above {alpha:.0%}: {in_words(means['above alpha'] / 100, '.0%')}"
    return cumulative(errors, "kept and wrong, %", mark=100 * alpha), words, means


def why(policy: Policy, traffic: Mapping[str, Traffic]) -> tuple[Figure, str]:
    """The reasons for which each traffic's requests run where they run, in %, and the words."""
    shares = {}
    for name, t in traffic.items():
        counts = reasons(policy, t)
        shares[name] = {reason: 100 * count / len(t) for reason, count in counts.items()}
    words = ". ".join(f"{name}, %: {in_words(found, '.0f')}" for name, found in shares.items())
    return stacked(shares, "requests, %"), words
