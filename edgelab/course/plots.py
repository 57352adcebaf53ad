"""The course's figures: one style, colours that colour-blind readers tell apart, alt text on every one.

Each function returns a `matplotlib.figure.Figure` that no global state knows of. `show_figure` displays it;
`png` gives its bytes, for a widget.
"""

import base64
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator
from matplotlib.transforms import Bbox

from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples

if TYPE_CHECKING:
    from matplotlib.text import Annotation
    from numpy.typing import ArrayLike

# Okabe & Ito 2008, "Color universal design": told apart with any common colour vision. Orange and red are darker than theirs,
# so that a line of each has the contrast to white that WCAG asks of what must be seen (3 to 1).
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#C58800", "#009E73", "#B23F00", "#CC79A7", "#666666"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, GREY)


def figure(width: float = 8.0, height: float = 4.0) -> tuple[Figure, Axes]:
    """An empty figure and its one pair of axes, in the course's style; inches."""
    drawn = Figure(figsize=(width, height), dpi=100, layout="constrained")
    axes = drawn.subplots()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(labelsize=11)
    axes.xaxis.label.set_fontsize(12)
    axes.yaxis.label.set_fontsize(12)
    return drawn, axes


def log_axis(axes: Axes, steps: Sequence[float] = (1,)) -> None:
    """Make the horizontal axis logarithmic, with plain numbers at these `steps` of each power of ten."""
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=steps))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())  # a third of the drawing time, and an explorer draws at each move


def png(drawn: Figure) -> bytes:
    """A figure as the bytes of a picture."""
    stream = io.BytesIO()
    drawn.savefig(stream, format="png")
    return stream.getvalue()


def img(drawn: Figure, alt: str) -> str:
    """A figure as an HTML element that holds its own picture, with a text for those who cannot see it."""
    return f'<img src="data:image/png;base64,{base64.b64encode(png(drawn)).decode()}" alt="{html.escape(alt)}">'


def show_figure(drawn: Figure, alt: str) -> None:
    """Display a figure with a text for those who cannot see it."""
    from IPython.display import display

    # As HTML: JupyterLab drops the alt text that an image/png output carries in its metadata.
    display({"text/html": img(drawn, alt), "text/plain": alt}, raw=True)


def intervals(rows: dict[str, Interval], label: str, *, reference: float | None = None) -> Figure:
    """A dot with its 95 % interval for each name, top to bottom; a dashed line at `reference`."""
    drawn, axes = figure(height=0.9 + 0.45 * len(rows))
    for position, interval in enumerate(rows.values()):
        axes.plot([interval.low, interval.high], [position] * 2, color=BLUE, linewidth=2.5, solid_capstyle="butt")
        axes.plot(interval.value, position, "o", color=BLUE, markersize=8)
        axes.annotate(
            f"{interval.value:.3f}", (interval.value, position), xytext=(0, 8), textcoords="offset points", ha="center"
        )
    if reference is not None:
        axes.axvline(reference, color=GREY, linestyle="--", linewidth=1.2)
    axes.set_yticks(range(len(rows)), list(rows))
    axes.set_ylim(len(rows) - 0.4, -0.7)
    axes.set_xlabel(label)
    return drawn


def bars(names: Sequence[str], series: dict[str, Sequence[float]], label: str, *, limit: float | None = None) -> Figure:
    """Horizontal bars, one group a name, one colour a series."""
    drawn, axes = figure(height=1.0 + 0.3 * len(names) * max(1, 0.75 * len(series)))
    thickness = 0.8 / len(series)
    for i, (name, values) in enumerate(series.items()):
        positions = [p + (i - (len(series) - 1) / 2) * thickness for p in range(len(names))]
        axes.barh(positions, values, thickness * 0.92, color=COLOURS[i], label=name)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel(label)
    if limit is not None:
        axes.set_xlim(0, limit)
    if len(series) > 1:  # above the bars: inside it would lie on one of them
        axes.legend(frameon=False, loc="lower right", bbox_to_anchor=(1, 1), ncols=len(series), borderaxespad=0)
    return drawn


def frontier(
    points: dict[str, tuple[float, Interval, float]], *, bar: float | None = None, chosen: str | None = None
) -> Figure:
    """Retention over size: name -> (size in MB, retention, p50 in ms). Size on a log scale; name and p50 are written at
    the point; a dashed line at the `bar`; the `chosen` point is orange."""
    drawn, axes = figure(height=4.6)
    labels = []
    for name, (size, retention, p50) in points.items():
        ends = [[retention.value - retention.low], [retention.high - retention.value]]
        colour = ORANGE if name == chosen else BLUE
        axes.errorbar(size, retention.value, ends, fmt="o", color=colour, markersize=9, elinewidth=1.5)
        at = (size, retention.value)
        label = axes.annotate(f"{name}\n{p50:.2g} ms", at, (0, 0), textcoords="offset points", fontsize=10)
        label.set_bbox({"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0})  # over the dashed line
        labels.append(label)
    if bar is not None:
        axes.axhline(bar, color=GREY, linestyle="--", linewidth=1.2)
    log_axis(axes)
    sizes = [size for size, _, _ in points.values()]
    axes.set_xlim(min(sizes) * 0.17, max(sizes) * 4)  # room for the labels
    axes.margins(y=0.25)
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel("size of the whole bundle, MB (log scale)")
    axes.set_ylabel("retention, validation")
    _keep_apart(drawn, axes, labels, [(size, retention) for size, retention, _ in points.values()])
    return drawn


def _keep_apart(drawn: Figure, axes: Axes, labels: "list[Annotation]", points: list[tuple[float, Interval]]) -> None:
    """Give each label the first place at its point where it lies on no point, interval or label before it."""
    for label in labels:
        label.set_in_layout(False)
    drawn.draw_without_rendering()  # from now on data have their place in the picture
    taken, heights = [], []
    for size, retention in points:
        ends = [(size, value) for value in (retention.low, retention.value, retention.high)]
        (x, low), (_, middle), (_, high) = axes.transData.transform(ends)
        taken.append(Bbox([[x - 6, low - 6], [x + 6, high + 6]]))
        heights.append(((middle - low) * 72 / drawn.dpi, (high - middle) * 72 / drawn.dpi))
    for label, (below, above) in zip(labels, heights, strict=True):
        for x, y, horizontal, vertical in _places(below, above):
            label.set(position=(x, y), ha=horizontal, va=vertical)
            box = label.get_window_extent()
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1
            inside = inside and axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1
            if inside and not box.count_overlaps(taken):
                break
        taken.append(box)


def _places(below: float, above: float) -> Iterator[tuple[float, float, str, str]]:
    """Where a label may stand at a point whose interval reaches that far, in printer's points: beside it, then under or
    over its interval, then farther away; each with the corner or edge of the label that is there."""
    for farther in (0, 30, 60):
        for x, side in ((9, "left"), (-9, "right")):
            yield x, -4 - farther, side, "top"
            yield x, 4 + farther, side, "bottom"
        yield 0, -below - 8 - farther, "center", "top"
        yield 0, above + 8 + farther, "center", "bottom"


def latency_histogram(samples: LatencySamples) -> Figure:
    """How often each latency occurred, with the mean, p50 and p99 marked; on a log scale, for latencies have long
    tails."""
    import numpy as np

    values = np.array(samples.milliseconds)
    marks = {"p50": samples.percentile(50), "mean": float(values.mean()), "p99": samples.percentile(99)}
    low, high = min(values.min() / 1.1, marks["p50"] / 2), max(values.max() * 1.1, marks["p50"] * 3)
    drawn, axes = figure(height=3.2)
    axes.hist(values, bins=list(np.geomspace(low, high, 81)), color=BLUE, alpha=0.75)
    for (name, value), colour in zip(marks.items(), (GREEN, ORANGE, RED), strict=True):
        axes.axvline(value, color=colour, linewidth=2, label=f"{name} {value:.3f} ms")
    log_axis(axes, steps=(1, 2, 5))
    axes.set_xlim(low, high)
    axes.set_xlabel("latency of one request, ms (log scale)")
    axes.set_ylabel("requests")
    axes.legend(frameon=False, loc="upper right")
    return drawn


def lines(
    points: dict[str, dict[float, Interval]], label: str, value: str, *, reference: float | None = None
) -> Figure:
    """One line a series, name -> (x -> value with its 95 % interval), x falling from left to right; a dashed line at
    `reference`."""
    drawn, axes = figure()
    for colour, marker, (name, series) in zip(COLOURS, "osD^v*", points.items(), strict=False):
        values = list(series.values())
        spread = [[i.value - i.low for i in values], [i.high - i.value for i in values]]
        axes.errorbar(
            list(series), [i.value for i in values], spread, marker=marker, color=colour, label=name, markersize=7
        )
    if reference is not None:
        axes.axhline(reference, color=GREY, linestyle="--", linewidth=1.2)
    ticks = sorted({x for series in points.values() for x in series}, reverse=True)
    axes.set_xticks(ticks)
    axes.invert_xaxis()
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel(label)
    axes.set_ylabel(value)
    axes.legend(frameon=False, loc="lower left")
    return drawn


def heat(rows: Sequence[str], columns: Sequence[str], values: "ArrayLike", label: str, *, form: str = ".3f") -> Figure:
    """A grid of cells, [rows, columns], the darker the larger on a log scale, each with its number written in it."""
    import numpy as np

    values = np.asarray(values, dtype=float)
    drawn, axes = figure(height=1.4 + 0.5 * len(rows))
    shade = np.log10(np.maximum(values, values[values > 0].min(initial=1)))
    axes.imshow(shade, cmap="Blues", aspect="auto")
    middle = (shade.min() + shade.max()) / 2
    for row, column in np.ndindex(values.shape):
        colour = "white" if shade[row, column] > middle else "black"
        axes.text(column, row, f"{values[row, column]:{form}}", ha="center", va="center", color=colour, fontsize=10)
    axes.set_xticks(range(len(columns)), columns)
    axes.set_yticks(range(len(rows)), rows)
    axes.grid(False)
    axes.set_xlabel(label)
    return drawn


def histograms(values: Mapping[str, "ArrayLike"], label: str, *, marks: Sequence[float] = ()) -> Figure:
    """How often each value occurs, one colour a series over the same bins; dashed lines at `marks`."""
    import numpy as np

    drawn, axes = figure(height=3.4)
    bins = np.histogram_bin_edges(np.concatenate([np.ravel(v) for v in values.values()]), 121)
    for (name, series), colour in zip(values.items(), (GREY, BLUE), strict=False):
        counts, _ = np.histogram(series, bins)
        heights = np.maximum(counts, 0.5)
        axes.stairs(heights, bins, fill=True, baseline=0.5, color=colour, alpha=0.55, label=name)
        axes.stairs(heights, bins, baseline=0.5, color=colour, linewidth=0.8)  # so pale an area needs an edge
    for mark in marks:
        axes.axvline(mark, color=RED, linestyle="--", linewidth=1.5)
    axes.set_yscale("log")  # a few far values are the whole point
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(label)
    axes.set_ylabel("how many (log scale)")
    axes.legend(frameon=False, loc="upper right")
    return drawn


def curves(
    series: dict[str, tuple[Sequence[float], Sequence[float]]],
    label: str,
    value: str,
    *,
    mark: tuple[float, float] | None = None,
    reference: float | None = None,
    log: str = "",
) -> Figure:
    """One curve a series, name -> (x, y); a dot at `mark`, a dashed line at the height `reference`. `log` names the axes,
    "x", "y" or "xy", that are logarithmic."""
    drawn, axes = figure()
    for colour, style, (name, (x, y)) in zip(COLOURS, ("-", "--", "-.", ":", "-", "--"), series.items(), strict=False):
        axes.plot(x, y, style, color=colour, linewidth=2, label=name)
    if reference is not None:
        axes.axhline(reference, color=GREY, linestyle="--", linewidth=1.2)
    if mark is not None:
        axes.plot(*mark, "o", color=RED, markersize=10)
    if "x" in log:
        log_axis(axes)
    if "y" in log:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    axes.grid(axis="y", color="#DDDDDD", linewidth=0.8)
    axes.set_xlabel(label)
    axes.set_ylabel(value)
    axes.legend(frameon=False)
    return drawn
