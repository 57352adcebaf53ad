"""The figures of routing show what they are given."""

import numpy as np
import pandas as pd
import pytest

from edgelab.course.plots import GREY, png
from edgelab.routing import plots as routing_plots
from edgelab.routing.calibration import reliability
from edgelab.routing.policy import Policy
from edgelab.routing.policy_exercise import product_traffic
from tests.figures import words

LINES = {"random": ([0, 1], [0, 1]), "oracle": ([0, 0.2, 1], [0, 1, 1]), "energy": ([0, 0.5, 1], [0, 0.8, 1])}
SHARES = {"test": {"local": 70.0, "unsure": 30.0}, "users": {"unsure": 90.0, "local": 6.0, "beyond": 4.0}}


def drawings():
    confidence = np.linspace(0.3, 1, 60)
    parts = {name: reliability(confidence, np.arange(60) % n > 0, 5) for name, n in (("test", 9), ("hard", 2))}
    return {
        "routes": routing_plots.routes(LINES, "gap recovered", points={"ours": (0.4, 0.7), "cheapest": (0.9, 0.95)}),
        "reliability": routing_plots.reliability(parts),
        "cumulative": routing_plots.cumulative({"a": [1.0, 2, 3, 4], "b": [2.0, 2, 2, 2]}, "joint error, %", mark=2.5),
        "stacked": routing_plots.stacked(SHARES, "requests, %"),
    }


@pytest.mark.parametrize("name", list(drawings()))
def test_every_figure_is_a_readable_png_in_the_one_style(name):
    figure = drawings()[name]
    assert png(figure).startswith(b"\x89PNG\r\n\x1a\n")
    (axes,) = figure.axes
    assert axes.get_xlabel() and not axes.spines["top"].get_visible() and not axes.spines["right"].get_visible()
    sizes = [label.get_fontsize() for label in (*axes.get_xticklabels(), axes.xaxis.label, *axes.texts)]
    assert min(sizes) >= 9.5


def test_routes_are_drawn_in_percent_with_random_and_oracle_in_grey():
    figure = drawings()["routes"]
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    for name, (shares, values) in LINES.items():
        np.testing.assert_allclose(lines[name].get_xdata(), 100 * np.array(shares))
        np.testing.assert_allclose(lines[name].get_ydata(), values)
        assert (lines[name].get_color() == GREY) == (name != "energy")
    assert {"ours", "cheapest", "energy"} <= set(words(figure))


def test_reliability_puts_each_part_at_its_confidence_and_accuracy():
    figure = drawings()["reliability"]
    test, hard = figure.axes[0].collections
    offsets = np.asarray(test.get_offsets())
    assert len(offsets) == 4 and (np.diff(offsets[:, 0]) > 0).all() and len(hard.get_offsets()) == 4
    assert test.get_sizes()[-1] == pytest.approx(20 + 400 * 17 / 60, abs=8)


def test_cumulative_reads_off_the_share_beyond():
    axes = drawings()["cumulative"].axes[0]
    first = axes.lines[0]
    below = max(y for x, y in zip(first.get_xdata(), first.get_ydata(), strict=True) if x <= 2.5)
    assert below == 0.5 and axes.lines[-1].get_xdata()[0] == 2.5
    assert "50 %" in words(axes.figure) or "40 %" in words(axes.figure)


def test_stacked_parts_keep_their_colour_and_add_up():
    axes = drawings()["stacked"].axes[0]
    ends = [
        max(bar.get_x() + bar.get_width() for bar in axes.patches if round(bar.get_y() + 0.35) == row) for row in (0, 1)
    ]
    assert ends == pytest.approx([100, 100])
    local, unsure, beyond = axes.containers
    assert [bar.get_width() for bar in local] == [70, 6] and [bar.get_width() for bar in unsure] == [30, 90]
    assert [bar.get_width() for bar in beyond] == [0, 4] and unsure[1].get_x() == 6
    assert len({bars[0].get_facecolor() for bars in axes.containers}) == 3


def test_what_the_notebook_shows_says_it_in_words():
    traffic = product_traffic()
    figure, alt, at_20 = routing_plots.gap_recovered({"energy": LINES["energy"]})
    assert at_20 == pytest.approx({"random": 0.2, "energy": 0.32}) and "random 0.20; energy 0.32" in alt
    figure, alt = routing_plots.how_sure(traffic)
    assert alt.startswith("validation: ") and len(figure.axes[0].collections) == len(traffic)
    drawn = {"on average": pd.DataFrame({"kept and wrong": [4.0, 6.0], "above alpha": [0.0, 100.0]})}
    figure, alt, means = routing_plots.promise(drawn, 0.05)
    assert alt == "Sets above 5%: on average 50%" and means.loc["on average", "kept and wrong"] == 5
    figure, alt = routing_plots.why(Policy(score="margin", threshold=1.0), traffic)
    assert "held out, %: local" in alt and "unsure" in alt
