"""The explorers of the tiers: each pure function over its grid, and what is shown of it."""

from itertools import pairwise, product

import pytest

from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.figures import TIERS
from edgelab.tiers.install_base import Needs, coverage
from edgelab.tiers.widgets import BUILDS, base, compute_coverage, compute_wall, show_coverage, show_wall
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

NEEDS = Needs(latency_ms=20, memory_mb=300, cpu_share=0.01)
ROWS = excerpt()[0]
EXPLORERS = {"coverage": lambda: show_coverage(ROWS, NEEDS), "wall": show_wall}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


@pytest.mark.parametrize("middle", [0, 0.2, 0.4])
@pytest.mark.parametrize("entry", [0, 0.3, 0.6])
def test_a_base_is_whole(middle, entry):
    installed = base(middle, entry)
    assert set(installed) == set(TIERS) and min(installed.values()) >= 0
    assert sum(installed.values()) == pytest.approx(1)
    assert (installed["mid-range"], installed["entry"]) == (middle, entry)


def of(name):
    model, precision, runtime = BUILDS[name]
    return ROWS[(ROWS["model"] == model) & (ROWS["precision"] == precision) & (ROWS["runtime"] == runtime)]


@pytest.mark.parametrize("name", BUILDS)
def test_coverage_by_tier_is_that_of_the_library(name):
    rows = of(name)[of(name)["tier"].isin(TIERS)]
    for middle, entry in product((0, 0.35), (0, 0.5)):
        table, share = compute_coverage(rows, NEEDS, base(middle, entry))
        assert share == pytest.approx(coverage(rows, NEEDS, base(middle, entry)))
        assert table["tier"].tolist() == list(TIERS)


def test_what_is_lacking_is_said():
    """The task of the notebook: YOLOv8 as w8a16 through QNN misses 20 ms on the entry phone alone, so it reaches 80 % of
    a base with at most a fifth of entry phones; as float nothing is published below the flagships."""
    table, share = compute_coverage(of("YOLOv8, w8a16, QNN"), NEEDS, base(0.4, 0.3))
    assert table["what is lacking"].tolist() == ["latency", "-", "-"] and share == pytest.approx(0.7)
    for entry, reached in ((0.2, True), (0.21, False)):
        found = compute_coverage(of("YOLOv8, w8a16, QNN"), NEEDS, base(0.4, entry))[1]
        assert (found >= 0.8 - 1e-9) == reached
    table, share = compute_coverage(of("YOLOv8, w8a16, ONNX Runtime"), NEEDS, base(0.4, 0.3))
    assert table["what is lacking"].tolist() == ["latency, layers on the CPU"] * 2 + ["-"]
    table, share = compute_coverage(of("YOLOv8, float, TFLite"), NEEDS, base(0.4, 0.3))
    assert table["what is lacking"].tolist() == ["nothing published"] * 2 + ["-"] and share == pytest.approx(0.3)


def test_the_coverage_explorer_shows_what_is_computed():
    box = show_coverage(ROWS, NEEDS)
    ships, middle, entry = controls_of(box)
    for ships.value, middle.value, entry.value in product(BUILDS, (0, 40), (0, 60)):
        words, _, shown = parts(box)
        rows = of(ships.value)[of(ships.value)["tier"].isin(TIERS)]
        table, share = compute_coverage(rows, NEEDS, base(middle.value / 100, entry.value / 100))
        assert_shows(shown, table)
        assert words.startswith(f"{ships.value}: {100 * share:.0f} % is reached of a base of {middle.value:.0f} %")


def test_the_wall_over_its_grid():
    """Twice the bandwidth is twice the speed, half the bits too while no context stands in the way; context slows."""
    speeds = {}
    for bits, bandwidth, context in product((4, 8), (40, 80), (0, 8000, 32000)):
        column = compute_wall(bits, bandwidth, context)["tokens a second, at most"].astype(float)
        assert all(a > b for a, b in pairwise(column))  # the smaller the faster
        speeds[bits, bandwidth, context] = column.iloc[-1]
    assert speeds[4, 80, 0] == pytest.approx(80 / (8.03 / 2), abs=0.1)
    assert speeds[4, 80, 0] == pytest.approx(2 * speeds[4, 40, 0], rel=0.02)
    assert speeds[4, 80, 0] == pytest.approx(2 * speeds[8, 80, 0], rel=0.02)
    assert speeds[4, 80, 0] > speeds[4, 80, 8000] > speeds[4, 80, 32000]


def test_the_task_of_the_wall_has_the_answer_that_the_notebook_gives():
    fifty, more = (float(compute_wall(4, bandwidth, 8000).iloc[-1, 3]) for bandwidth in (50, 51))
    assert fifty < 10 <= more
    assert compute_wall(8, 51, 8000).iloc[-1, 3] == "5.6"


def test_the_wall_explorer_shows_what_is_computed():
    box = show_wall()
    bits, bandwidth, context = controls_of(box)
    for bits.value, bandwidth.value, context.value in product((2, 16), (10, 140), (0, 32000)):
        words, _, shown = parts(box)
        table = compute_wall(bits.value, bandwidth.value, context.value)
        assert_shows(shown, table)
        assert words.endswith(f"the largest writes at most {float(table.iloc[-1, 3]):.1f} tokens a second.")
