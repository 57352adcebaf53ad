"""Figures: what is drawn is what was given; alt text that JupyterLab shows; no global state."""

import base64
import itertools
import re
import struct
import subprocess
import sys

import numpy as np
import pytest
from matplotlib.colors import to_hex

from edgelab.course import plots
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.samples import LatencySamples
from tests.figures import words

ROWS = {"teacher": Interval(0.95, 0.93, 0.97), "student": Interval(0.93, 0.91, 0.94)}
POINTS = {"teacher": (90.0, ROWS["teacher"], 9.0), "student": (0.6, ROWS["student"], 0.11)}
LINES = {"rounded": {8: ROWS["teacher"], 2: Interval(0.5, 0.4, 0.6)}, "trained": {2: ROWS["student"]}}
HEAT = np.array([[0.0, 0.25], [0.001, 0.5]])
VALUES = {"weights": np.linspace(-2, 3, 500), "rounded": np.repeat([-2.0, 0.0, 3.0], [100, 300, 100])}


def drawings():
    samples = LatencySamples("x", tuple(np.random.default_rng(0).lognormal(size=300)))
    return {
        "intervals": plots.intervals(ROWS, "accuracy", reference=0.9),
        "bars": plots.bars(["a", "b"], {"T = 1": [0.9, 0.1], "T = 2": [0.7, 0.3]}, "probability", limit=1),
        "frontier": plots.frontier(POINTS, bar=0.92, chosen="student"),
        "latency_histogram": plots.latency_histogram(samples),
        "lines": plots.lines(LINES, "bits", "accuracy", reference=0.92),
        "heat": plots.heat(["embedding", "head"], ["8", "2"], HEAT, "bits"),
        "histograms": plots.histograms(VALUES, "weight", marks=(-1, 2)),
        "curves": plots.curves({"a": ([1, 10], [5, 50]), "b": ([1, 10], [9, 8])}, "rounds", "found, %", log="xy"),
    }


@pytest.mark.parametrize("name", list(drawings()))
def test_every_figure_is_a_readable_png_in_the_one_style(name):
    figure = drawings()[name]
    data = plots.png(figure)
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", data[16:24])
    assert (width, height) == tuple(round(100 * inches) for inches in figure.get_size_inches()) and 500 < width <= 1000
    (axes,) = figure.axes
    assert axes.get_xlabel() and not axes.spines["top"].get_visible() and not axes.spines["right"].get_visible()
    sizes = [label.get_fontsize() for label in (*axes.get_xticklabels(), axes.xaxis.label, *axes.texts)]
    assert min(sizes) >= 9.5  # points, at 100 dpi


def test_intervals_stand_where_they_were_measured_first_on_top():
    (axes,) = drawings()["intervals"].axes
    spans = {tuple(line.get_xdata()): line.get_ydata()[0] for line in axes.lines if len(line.get_xdata()) == 2}
    assert spans[0.93, 0.97] == 0 and spans[0.91, 0.94] == 1 and (0.9, 0.9) in spans
    assert [t.get_text() for t in axes.get_yticklabels()] == ["teacher", "student"]
    bottom, top = axes.get_ylim()
    assert bottom > 1 > 0 > top  # downwards


def test_bars_are_as_long_as_their_values():
    figure = drawings()["bars"]
    (axes,) = figure.axes
    assert [[bar.get_width() for bar in group] for group in axes.containers] == [[0.9, 0.1], [0.7, 0.3]]
    assert axes.get_xlim() == (0, 1) and axes.yaxis_inverted() and {"T = 1", "T = 2", "a", "b"} <= set(words(figure))
    assert plots.bars(["a"], {"only": [1.0]}, "x").axes[0].get_legend() is None


def test_the_frontier_marks_the_chosen_point_and_the_bar():
    figure = drawings()["frontier"]
    (axes,) = figure.axes
    points = {tuple(map(float, c.lines[0].get_xydata()[0])): to_hex(c.lines[0].get_color()) for c in axes.containers}
    assert points == {(90.0, 0.95): plots.BLUE.lower(), (0.6, 0.93): plots.ORANGE.lower()}
    assert axes.get_xscale() == "log" and {"1", "10", "100"} <= set(words(figure))
    assert {"student\n0.11 ms", "teacher\n9 ms"} <= set(words(figure)) and "retention" in axes.get_ylabel()
    assert any(list(line.get_ydata()) == [0.92, 0.92] for line in axes.lines)


@pytest.mark.parametrize("spread", [1.0, 1.05, 1.5, 4.0])
def test_labels_of_neighbouring_points_lie_on_nothing(spread):
    """Models as near to each other as the notebooks', and nearer."""
    points = {}
    for n in range(6 if spread > 1.1 else 4):
        value = 0.95 + 0.012 * (n % 3)
        points[f"a model called {n}"] = (2.0 * spread**n, Interval(value, value - 0.012, value + 0.012), 0.1 * n)
    figure = plots.frontier(points)
    (axes,) = figure.axes
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in axes.texts]
    assert len(boxes) == len(points)
    for one, other in itertools.combinations(boxes, 2):
        assert not one.overlaps(other)
    for box in boxes:
        assert axes.bbox.x0 <= box.x0 and box.x1 <= axes.bbox.x1 and axes.bbox.y0 <= box.y0 and box.y1 <= axes.bbox.y1
        for size, interval, _ in points.values():
            (x, low), (_, high) = axes.transData.transform([(size, interval.low), (size, interval.high)])
            assert not (box.x0 < x < box.x1 and box.y0 < high and low < box.y1)


def test_a_perfect_accuracy_can_be_drawn():
    """Wilson's upper end of 10 in 10 is 1 - 1e-16 in floating point: no bar may have a negative length."""
    for n in (1, 10, 13, 25, 27):
        for interval in (accuracy_interval(np.ones(n)), accuracy_interval(np.zeros(n))):
            plots.frontier({"m": (1.0, interval, 1.0)})


def test_the_histogram_counts_every_request_and_marks_its_percentiles():
    samples = LatencySamples("x", (*[1.0] * 95, 2.0, 3.0, 4.0, 50.0, 5000.0))
    figure = plots.latency_histogram(samples)
    (axes,) = figure.axes
    assert sum(bar.get_height() for bar in axes.patches) == 100 and axes.get_xscale() == "log"
    low, high = axes.get_xlim()
    assert low < 1 and high > 5000 and sum(low <= tick <= high for tick in axes.get_xticks()) >= 4
    assert {
        f"p50 {1:.3f} ms",
        f"mean {np.mean(samples.milliseconds):.3f} ms",
        f"p99 {samples.percentile(99):.3f} ms",
    } <= set(words(figure))
    (axes,) = plots.latency_histogram(LatencySamples("same", (1.3,) * 20)).axes
    low, high = axes.get_xlim()
    assert sum(bar.get_height() for bar in axes.patches) == 20
    assert sum(low <= tick <= high for tick in axes.get_xticks()) >= 2  # a scale that can be read


def test_a_shown_figure_carries_its_alt_text_where_jupyterlab_shows_it(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw: shown.append(data))
    figure = drawings()["bars"]
    plots.show_figure(figure, 'probabilities at "T < 2"')
    (data,) = shown
    assert data["text/plain"] == 'probabilities at "T < 2"'
    picture, alt = re.fullmatch(r'<img src="data:image/png;base64,([^"]+)" alt="([^"]*)">', data["text/html"]).groups()
    assert alt == "probabilities at &quot;T &lt; 2&quot;" and base64.b64decode(picture) == plots.png(figure)


def test_drawing_leaves_no_global_state():
    """pyplot keeps figures alive and settings for all: it is never loaded."""
    code = (
        "import sys; from matplotlib import rcParams; names = set(rcParams) - {'backend'}\n"  # asking for it loads pyplot
        "before = [rcParams[name] for name in names]; from edgelab.course import plots; plots.png(plots.figure()[0])\n"
        "assert 'matplotlib.pyplot' not in sys.modules; assert [rcParams[name] for name in names] == before"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_lines_hold_each_series_values_and_intervals_bits_falling():
    (axes,) = drawings()["lines"].axes
    handles, names = axes.get_legend_handles_labels()
    assert names == ["rounded", "trained"]
    for handle, name in zip(handles, names, strict=True):
        line, _, (bars,) = handle
        assert dict(zip(*(d.tolist() for d in line.get_data()), strict=True)) == {
            x: i.value for x, i in LINES[name].items()
        }
        spans = [[end[1] for end in segment] for segment in bars.get_segments()]
        assert np.allclose(spans, [[i.low, i.high] for i in LINES[name].values()])
    left, right = axes.get_xlim()
    assert left > 8 > 2 > right and list(axes.get_xticks()) == [8, 2]
    assert any(list(line.get_ydata()) == [0.92, 0.92] for line in axes.lines)


def test_heat_writes_each_value_in_its_cell_the_darker_the_larger():
    (axes,) = drawings()["heat"].axes
    written = {(round(t.get_position()[1]), round(t.get_position()[0])): t.get_text() for t in axes.texts}
    assert written == {(0, 0): "0.000", (0, 1): "0.250", (1, 0): "0.001", (1, 1): "0.500"}
    shade = axes.images[0].get_array()
    assert np.isfinite(shade).all() and shade[1, 1] > shade[0, 1] > shade[1, 0] >= shade[0, 0]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["embedding", "head"]


def test_histograms_count_over_the_same_bins():
    (axes,) = drawings()["histograms"].axes
    weights, rounded = (patch.get_data() for patch in axes.patches if patch.get_fill())  # the others are their edges
    assert np.array_equal(weights.edges, rounded.edges) and axes.get_yscale() == "log"
    assert sum(c for c in weights.values if c >= 1) == 500 and sorted(c for c in rounded.values if c >= 1) == [
        100,
        100,
        300,
    ]
    assert [line.get_xdata()[0] for line in axes.lines] == [-1, 2]


def test_curves_hold_their_points_mark_and_reference():
    drawn = plots.curves({"a": ([1, 2], [3, 4]), "b": ([1, 9], [8, 7])}, "x", "y", mark=(2, 4), reference=5)
    (axes,) = drawn.axes
    first, second, reference, mark = axes.lines
    assert (first.get_xydata().tolist(), second.get_xydata().tolist()) == ([[1, 3], [2, 4]], [[1, 8], [9, 7]])
    assert reference.get_ydata()[0] == 5 and mark.get_xydata().tolist() == [[2, 4]]
    assert first.get_color() != second.get_color() and first.get_linestyle() != second.get_linestyle()
    assert {"a", "b", "x", "y"} <= set(words(drawn)) and (axes.get_xscale(), axes.get_yscale()) == ("linear", "linear")
