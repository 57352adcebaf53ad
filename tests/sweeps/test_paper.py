"""The tables and the figure of a comparison."""

import numpy as np
import pytest

from edgelab.sweeps.compare import compare
from edgelab.sweeps.paper import latex_table, markdown_table, p_value
from edgelab.sweeps.plots import differences


@pytest.fixture
def comparison():
    draw = np.random.default_rng(0)
    shares = {"big int8": 0.95, "small_1 | int4 & 5%": 0.6, "small": 0.6}
    return compare({name: draw.random((5, 200)) < share for name, share in shares.items()})


def test_markdown_has_a_row_a_pair_and_one_for_the_last(comparison):
    table, note = markdown_table(comparison).strip().split("\n\n")
    lines = table.splitlines()
    assert len(lines) == 2 + 3 + 1 and len({line.replace("\\|", "").count("|") for line in lines}) == 1
    assert lines[2].startswith("| big int8 | 9") and "+3" in lines[2] and "< .001" in lines[2]
    assert lines[3].startswith("|  |  |  | small")  # the same model, another pair
    assert "5 seeds, 200 examples" in note and "for 3 comparisons" in note and "below 0.05: 2." in note


def test_latex_is_escaped_and_whole(comparison):
    table = latex_table(comparison, label="tab:x")
    assert r"small\_1 | int4 \& 5\%" in table and r"\label{tab:x}" in table and r"$<$ .001" in table
    rows = [line for line in table.splitlines() if line.endswith(r"\\")]
    assert len(rows) == 5 and {row.replace(r"\&", "").count("&") for row in rows} == {7}
    assert table.count(r"\begin") == table.count(r"\end") == 2


def test_one_seed_says_so():
    found = compare({"a": np.array([[1, 0, 1]]), "b": np.array([[0, 0, 1]])})
    assert "One seed, which says nothing of others" in markdown_table(found) and "| - |" in markdown_table(found)


@pytest.mark.parametrize(("p", "said"), [(0.0004, "< .001"), (0.05, ".050"), (0.9996, "1.000"), (1.0, "1")])
def test_p_values(p, said):
    assert p_value(p) == said


def test_the_figure_has_a_line_a_pair_those_told_apart_in_colour(comparison):
    (axes,) = differences(comparison).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"{p.better} - {p.worse}" for p in comparison.pairs
    ]
    colours = [line.get_color() for line in axes.lines[1::2]]
    assert len(colours) == 3 and colours[0] == colours[1] != colours[2]
