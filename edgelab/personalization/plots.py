"""The figures of `07_personalization`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from edgelab.course import plots
from edgelab.personalization.evaluation import Judged

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def trade_off(points: Mapping[float, Judged], most: float) -> "tuple[Figure, str]":
    """The share of phrases understood over what the base loses, both in %, a point with both 95 % intervals for each share
    of replay; a dashed line at the most that may be lost. In words, too."""
    drawn, axes = plots.figure()
    for colour, (share, judged) in zip(plots.COLOURS, points.items(), strict=False):
        understood, lost = judged.gained, judged.lost
        across = [[100 * (lost.value - lost.low)], [100 * (lost.high - lost.value)]]
        upright = [[100 * (understood.value - understood.low)], [100 * (understood.high - understood.value)]]
        at = (100 * lost.value, 100 * understood.value)
        axes.errorbar(*at, upright, across, fmt="o", color=colour, markersize=8, label=f"replay {share:g}")
    axes.axvline(100 * most, color=plots.GREY, linestyle="--", linewidth=1.2)
    axes.set_xscale("symlog", linthresh=1)  # from less than a point to nearly all of them
    axes.set_xticks([0, 1, 3, 10, 30, 100], ["0", "1", "3", "10", "30", "100"])
    axes.set_xlabel("points of the base's accuracy lost")
    axes.set_ylabel("held-out phrases understood, %")
    axes.legend(frameon=False, loc="lower right")
    told = [
        f"replay {share:g}: {100 * judged.gained.value:.0f} % for {100 * judged.lost.value:.1f} points"
        for share, judged in points.items()
    ]
    return drawn, "; ".join(told)
