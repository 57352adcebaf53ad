"""The explorers of export: each pure function over its grid, and what is shown of it."""

from itertools import product

import pytest
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.export.placement import CPU, Placement
from edgelab.export.preflight import Preflight
from edgelab.export.widgets import _nodes, compute_optimisation, compute_placement, show_optimisation, show_placement
from edgelab.stats.samples import LatencySamples
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

OPEN, FIXED = "any batch x any tokens", "1 x 32"
REPORTS = {
    name: Preflight(
        (
            Placement(CPU, OPEN, {"Add": (5, 5), "Gelu": (n, n), "MatMul": (6, 6)}, 1, (), 0, "yes"),
            Placement("NNAPI", OPEN, {"Add": (0, 5), "Gelu": (0, n), "MatMul": (0, 6)}, 0, ("Gelu",), 11 + n, "no"),
            Placement("CoreML", OPEN, {"Add": (1, 5), "Gelu": (0, n), "MatMul": (0, 6)}, 1, (), 10 + n, "no"),
            Placement("NNAPI", FIXED, {"Add": (5, 5), "Gelu": (0, n), "MatMul": (6, 6)}, n + 1, ("Gelu",), 0, "no"),
            Placement("CoreML", FIXED, {"Add": (5, 5), "Gelu": (n, n), "MatMul": (5, 6)}, 2, (), 0, "maybe"),
        ),
        None,
        1e-4,
    )
    for name, n in (("student", 1), ("teacher", 6))
}
COUNTS = {
    "student": {"as it is": {"Add": 4, "Gelu": 1}, "all": {"Add": 3, "BiasGelu": 1}},
    "teacher": {"as it is": {"Add": 57, "Gelu": 6, "Mul": 7}, "all": {"Add": 27, "BiasGelu": 6, "Mul": 7}},
}
LEVEL_LATENCY = {
    model: {level: LatencySamples(level, (base + i, base + i + 0.5)) for i, level in enumerate(COUNTS[model])}
    for model, base in (("student", 1.0), ("teacher", 7.0))
}
EXPLORERS = {
    "placement": lambda: show_placement(REPORTS),
    "optimisation": lambda: show_optimisation(COUNTS, LEVEL_LATENCY),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_a_placement_shows_every_node_once_over_its_grid():
    for report in REPORTS.values():
        for placement in report.placements:
            table = compute_placement(placement)
            taken, left = table["taken"].tolist(), table["left to the CPU"].tolist()
            assert (sum(taken), sum(left)) == (placement.taken, placement.nodes - placement.taken)
            for name, yes, no in table.itertuples(index=False):
                assert placement.operators[name] == (yes, yes + no)
            assert left == sorted(left, reverse=True)


def test_the_placement_explorer_shows_what_is_computed():
    box = show_placement(REPORTS)
    model, shapes, target = controls_of(box)
    assert (shapes.options, target.options) == ((OPEN, FIXED), ("NNAPI", "CoreML"))
    for name, sizes, where in product(REPORTS, shapes.options, target.options):
        model.value, shapes.value, target.value = name, sizes, where
        words, _, table = parts(box)
        (expected,) = (p for p in REPORTS[name].placements if (p.shapes, p.target) == (sizes, where))
        assert_shows(table, compute_placement(expected))
        numbers = f"takes {expected.taken} of {expected.nodes} nodes in {expected.partitions} partitions"
        assert words == f"{where} {numbers}: {expected.verdict}."


def test_optimisation_counts_before_and_after_over_its_grid():
    for levels in COUNTS.values():
        before = levels["as it is"]
        for after in levels.values():
            total, *rows = compute_optimisation(before, after).itertuples(index=False)
            assert {name: b for name, b, _ in rows if b} == before and {name: a for name, _, a in rows if a} == after
            assert tuple(total) == ("all", sum(before.values()), sum(after.values()))
            changes = [abs(a - b) for _, b, a in rows]
            assert changes == sorted(changes, reverse=True)


def test_the_optimisation_explorer_shows_what_is_computed():
    box = show_optimisation(COUNTS, LEVEL_LATENCY)
    model, level = controls_of(box)
    seen = []
    for name, chosen in product(COUNTS, ("as it is", "all")):
        model.value, level.value = name, chosen
        words, _, table = parts(box)
        assert_shows(table, compute_optimisation(COUNTS[name]["as it is"], COUNTS[name][chosen]))
        seen.append(words)
    assert seen == [
        "as it is: 5 nodes become 5; p50 1.250 ms.",
        "all: 5 nodes become 4; p50 2.250 ms.",
        "as it is: 70 nodes become 70; p50 7.250 ms.",
        "all: 70 nodes become 40; p50 8.250 ms.",
    ]


def test_the_axis_of_a_count_has_whole_numbers():
    operators, series = ["Gelu", "Mul"], {"taken": [0, 0], "left to the CPU": [1, 3]}

    def ticks(figure: Figure) -> list[float]:
        figure.draw_without_rendering()
        return list(figure.axes[0].get_xticks())

    assert any(tick % 1 for tick in ticks(plots.bars(operators, series, "nodes")))  # what there is to mend
    assert all(tick % 1 == 0 for tick in ticks(_nodes(operators, series, "nodes")))
