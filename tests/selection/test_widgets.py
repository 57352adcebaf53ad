"""The explorers of the capstone: each pure function over its grid, and what is shown of it."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.selection.changes import what_would_change
from edgelab.selection.costs import Prices, Way, break_even
from edgelab.selection.evidence import cautious_card
from edgelab.selection.form import Requirements
from edgelab.selection.plots import NOT_HERE, board, front_of
from edgelab.selection.widgets import compute_bar, compute_costs, show_bar, show_costs
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts
from tests.selection.boards import model

ROWS = [model("teacher", 90, 870, ships=False), model("small", 0.4, 780), model("large", 12, 840)]
ASKED = Requirements(max_p95_ms=30)
EDGE, HYBRID, CLOUD = Way("edge", 0.0, 0.2, 0.4, 1.0), Way("hybrid", 0.3, 0.1, 0.4, 1.0), Way("cloud", 1.0, 0.05)
EXPLORERS = {"bar": lambda: show_bar(ROWS, ASKED), "costs": lambda: show_costs([EDGE, HYBRID, CLOUD], Prices())}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_the_smallest_ships_up_to_its_cautious_end_and_then_the_larger_one():
    end = cautious_card(ROWS[1], ROWS, ASKED)["calls"]
    assert compute_bar(ROWS, ASKED, "calls", end - 0.001, 30)[1] == "small"
    table, chosen = compute_bar(ROWS, ASKED, "calls", end + 0.001, 30)
    assert chosen == "large" and table["verdict"].tolist()[1] == "ships"
    assert float(table["truly clears"][0]) > 0.9  # what the task of the notebook points at
    assert compute_bar(ROWS, ASKED, "calls", end + 0.001, 5)[1] is None


def test_the_bar_explorer_shows_what_is_computed():
    box = show_bar(ROWS, ASKED)
    percent, most = controls_of(box)
    for percent.value, most.value in ((75.0, 30.0), (80.0, 3.0)):
        assert_shows(parts(box)[2], compute_bar(ROWS, ASKED, "calls", percent.value / 100, most.value)[0])


def test_the_costs_are_those_of_the_room():
    costs, table = compute_costs([EDGE, HYBRID, CLOUD], Prices(), 1e7)
    assert table["$ a million"].tolist() == [f"{sum(items.values()):,.0f}" for items in costs.values()]
    assert table["cheaper than the cloud from"].tolist()[1:] == [
        f"{break_even(HYBRID, CLOUD, Prices()) / 1e6:,.1f} million a month",
        "-",
    ]
    never = compute_costs([replace(HYBRID, escalated=1.0), CLOUD], Prices(), 1e7)[1]
    assert never["cheaper than the cloud from"][0] == "never"


@pytest.mark.parametrize("days, prices", [(2, (0.25, 0.30)), (4, (0.40, 0.45))])
def test_the_task_of_the_costs_has_the_answers_that_the_notebook_gives(days, prices):
    def cheaper(price, escalated):
        moved = replace(Prices(), cloud_in=price, cloud_out=4 * price, edge_days_a_month=days)
        costs, _ = compute_costs([replace(HYBRID, escalated=escalated), CLOUD], moved, 1e7)
        return sum(costs["hybrid"].values()) < sum(costs["cloud"].values())

    steps = [0.05 * step for step in range(1, 42)]  # the slider's
    for escalated in (0.12, 0.18, 0.24):  # what a convolution hands over
        assert round(next(price for price in steps if cheaper(price, escalated)), 2) in prices


def test_where_it_breaks_even_the_totals_meet():
    at = break_even(HYBRID, CLOUD, Prices())
    costs, _ = compute_costs([HYBRID, CLOUD], Prices(), at)
    assert sum(costs["hybrid"].values()) == pytest.approx(sum(costs["cloud"].values()))


def test_the_board_says_what_was_measured_elsewhere(tmp_path, monkeypatch):
    from edgelab.course import scoreboard
    from edgelab.stats.samples import LatencySamples

    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    samples = LatencySamples("other", (1.0, 2.0))
    scoreboard.add([scoreboard.measured("01_distillation", "other", np.ones(9, bool), samples, size_bytes=1)])
    table = board(ROWS, ASKED)
    assert table.index.tolist() == ["teacher", "small", "large", "other, fp32"]
    assert table.loc["other, fp32", "calls, %"] == NOT_HERE == table.loc["small", "reach, %"]
    assert table.loc["small", "calls, %"].startswith("78.0 [") and table.loc["small", "size, MB"] == "0.40"


def test_the_picture_names_every_model_and_who_is_beaten():
    _, words = front_of(ROWS[1:], "calls", np.array([True, False]), ASKED)
    assert "small: 78.0 % in 0.40 MB;" in words and words.endswith("large: 84.0 % in 12.00 MB, beaten")


def test_another_model_wins_where_the_notebook_says_so():
    assert any(change.model == "small" for change in what_would_change(ROWS, replace(ASKED, min_calls=0.8)))
