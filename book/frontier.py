"""The frontier of the front page: what the notebooks put on the scoreboard, drawn for light pages and for dark ones."""

from collections.abc import Iterable
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.text import Text

from edgelab.course import plots
from edgelab.course.scoreboard import Row
from edgelab.stats.intervals import Interval

PAPER, INK, GRID = "#121212", "#CED6DD", "#3A444E"  # of the theme's dark pages
ON_DARK = {plots.BLUE: "#56B4E9", plots.GREY: "#9AA5AF"}  # the lighter blue of the same palette
# A router answers with a cloud's help, and the base of `07` wears one person's adapter: neither ships by itself.
APART = ("04_routing", "07_personalization")
NAMED = 0.01  # of accuracy: who brings less than the one before stays without a name in the picture


def shown(rows: Iterable[Row]) -> list[Row]:
    """Pocket's rows on test, a model in a format once, the smallest first."""
    rows = (row for row in rows if (row.data, row.split) == ("pocket", "test") and row.notebook not in APART)
    found = {(row.model, row.precision): row for row in rows}
    return sorted(found.values(), key=lambda row: (row.size_bytes, -row.accuracy))


def front(rows: Iterable[Row]) -> list[Row]:
    """Those that no smaller one equals in accuracy."""
    found: list[Row] = []
    for row in rows:
        if not found or row.accuracy > found[-1].accuracy:
            found.append(row)
    return found


def named(first: list[Row]) -> list[Row]:
    """Of the front: who is worth a name in the picture, and the largest."""
    found: list[Row] = []
    for row in first:
        if not found or row.accuracy >= found[-1].accuracy + NAMED:
            found.append(row)
    return found if found[-1] is first[-1] else [*found, first[-1]]


def draw(rows: list[Row]) -> Figure:
    """Accuracy over size: the front in blue, some of it with name, interval and median latency; the others grey."""
    first = front(rows)
    told = named(first)
    drawn = plots.frontier({name(row): (megabytes(row), interval(row), median(row)) for row in told})
    (axes,) = drawn.axes
    for colour, dots in (
        (plots.GREY, [r for r in rows if r not in first]),
        (plots.BLUE, [r for r in first if r not in told]),
    ):
        axes.plot([megabytes(r) for r in dots], [r.accuracy for r in dots], "o", color=colour, alpha=0.6, zorder=1)
    axes.set_ylabel("accuracy on test")
    return drawn


def in_words(rows: list[Row]) -> str:
    """The same for those who do not see it."""
    told = (f"{name(row)}: {interval(row):.3f} in {megabytes(row):.3g} MB" for row in named(front(rows)))
    return f"Accuracy on Pocket's test over the size of the whole bundle, on a log scale. {'; '.join(told)}."


def megabytes(row: Row) -> float:
    """Its whole bundle."""
    return row.size_bytes / 1e6


def name(row: Row) -> str:
    """A model and its format."""
    return f"{row.model}, {row.precision}"


def interval(row: Row) -> Interval:
    """Of its accuracy."""
    return Interval(row.accuracy, row.accuracy_low, row.accuracy_high)


def median(row: Row) -> float:
    """Of its latency, in ms; NaN where it was not timed."""
    import numpy as np

    return float(np.median(row.latency_ms)) if row.latency_ms else float("nan")


def darken(drawn: Figure) -> Figure:
    """The same figure for a dark page."""
    drawn.set_facecolor(PAPER)
    for axes in drawn.axes:
        axes.set_facecolor(PAPER)
        axes.tick_params(colors=INK)
        for spine in axes.spines.values():
            spine.set_color(INK)
        for line in [*axes.get_xgridlines(), *axes.get_ygridlines()]:
            line.set_color(GRID)
        for text in axes.findobj(Text):
            text.set_color(INK)
            if text.get_bbox_patch() is not None:
                text.get_bbox_patch().set_facecolor(PAPER)
        for part in (*axes.lines, *axes.collections):
            if isinstance(colour := part.get_color(), str):
                part.set_color(ON_DARK.get(colour, colour))
            else:
                part.set_color(ON_DARK[plots.BLUE])  # the bars of the intervals
    return drawn


def write(rows: list[Row], folder: Path) -> None:
    """`frontier_light.png` and `frontier_dark.png`."""
    drawn = draw(rows)
    drawn.savefig(folder / "frontier_light.png", dpi=160)
    darken(drawn).savefig(folder / "frontier_dark.png", dpi=160)
