"""The figures of `09_privacy`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course import plots
from edgelab.privacy.extraction import Stolen

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def fleets(estimates: Mapping[str, np.ndarray], truth: float) -> "tuple[Figure, str]":
    """How often a fleet's estimate came out so, one colour a kind of estimate, both in %; a dashed line at the truth. In words,
    too."""
    values = {name: 100 * np.asarray(found) for name, found in estimates.items()}
    drawn, axes = plots.figure(height=3.4)
    bins = np.histogram_bin_edges(np.concatenate(list(values.values())), 40)
    for (name, found), colour in zip(values.items(), (plots.GREY, plots.BLUE), strict=False):
        axes.hist(found, bins=bins.tolist(), color=colour, alpha=0.8, label=name)
    axes.axvline(100 * truth, color=plots.RED, linestyle="--", linewidth=1.5)
    axes.set_xlabel("share of yes that a fleet's reports give, %")
    axes.set_ylabel("fleets")
    axes.legend(frameon=False, loc="upper right")
    told = [
        f"{name}: {found.mean():.1f} % on average, from {found.min():.0f} to {found.max():.0f}"
        for name, found in values.items()
    ]
    return drawn, f"truth {100 * truth:g} %; {'; '.join(told)}"


def theft(stolen: Sequence[Stolen]) -> "tuple[Figure, str]":
    """The share of held-out requests that a stolen copy labels as its victim does, in %, over the number of queries, with its
    95 % interval; a line for each defence. In words, too."""
    drawn, axes = plots.figure(height=4.4)
    told = []
    names = list(dict.fromkeys(each.defence for each in stolen))
    for number, name in enumerate(names):
        points = [each for each in stolen if each.defence == name]
        shifted = [each.queries * 1.03 ** (number - len(names) / 2) for each in points]  # so that none hides another
        values = [100 * each.agreement.value for each in points]
        below = [100 * (each.agreement.value - each.agreement.low) for each in points]
        above = [100 * (each.agreement.high - each.agreement.value) for each in points]
        colour, marker = plots.COLOURS[number % len(plots.COLOURS)], "osD^v*"[number % 6]
        axes.errorbar(shifted, values, [below, above], marker=marker, color=colour, markersize=6, label=name)
        told.append(
            f"{name}: {values[0]:.0f} % after {points[0].queries}, {values[-1]:.0f} % after {points[-1].queries}"
        )
    plots.log_axis(axes, steps=(1, 3))
    axes.set_xlabel("queries (log scale)")
    axes.set_ylabel("test requests labelled alike, %")
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.legend(frameon=False, loc="lower right")
    return drawn, "; ".join(told)
