"""The figure of a comparison, in the style of `plots`."""

from matplotlib.figure import Figure

from edgelab.course.plots import BLUE, GREY, figure
from edgelab.sweeps.compare import Comparison


def differences(comparison: Comparison) -> Figure:
    """Each pair's difference with its interval, the surest on top; blue where it is told apart after correction."""
    pairs = comparison.pairs
    drawn, axes = figure(height=1.2 + 0.34 * len(pairs))
    axes.axvline(0, color=GREY, linewidth=1.2)
    for place, pair in enumerate(pairs):
        colour = BLUE if pair.told_apart else GREY
        d = pair.difference
        axes.plot([100 * d.low, 100 * d.high], [place, place], color=colour, linewidth=2)
        axes.plot(100 * d.value, place, "o" if pair.told_apart else "s", color=colour, markersize=7)
    axes.set_yticks(range(len(pairs)), [f"{pair.better} - {pair.worse}" for pair in pairs], parse_math=False)
    axes.invert_yaxis()
    axes.set_xlabel("difference in points, with its 95 % interval")
    return drawn
