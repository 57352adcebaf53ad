"""What a decision rests on, and its file."""

import json
from dataclasses import replace

import numpy as np
import pytest

from edgelab.selection.evidence import Evidence, EvidenceError, cautious_card, intervals, load, save
from edgelab.selection.form import HERE, Requirements
from edgelab.stats.intervals import accuracy_interval, retention_interval
from tests.selection.boards import board, model, outcomes


def test_each_measure_has_the_interval_of_its_kind():
    rows = board()
    row = replace(rows[1], high_stakes_wrong=outcomes(3, 1000), memory_mb=40.0, coverage=0.7)
    found = intervals(row, rows, Requirements())
    assert found["calls"] == accuracy_interval(row.right_call) and found["high_stakes"].value == 0.003
    assert found["retention"] == retention_interval(row.right_call, rows[0].right_call)
    assert (found["mb"].low, found["memory_mb"].value, found["coverage"].high) == (1.0, 40.0, 0.7)
    assert "private" not in found  # nobody measured it
    card = cautious_card(row, rows, Requirements())
    assert card["calls"] == found["calls"].low and card["high_stakes"] == found["high_stakes"].high
    assert card["p95_ms"] == found["p95_ms"].high > found["p95_ms"].value
    assert card["retention"] == found["retention"].low and card["coverage"] == 0.7


def test_retention_is_of_labels_where_one_has_no_calls_and_needs_a_reference():
    rows = [replace(board()[0], right_call=None), board()[1]]
    found = intervals(rows[1], rows, Requirements())
    assert found["retention"] == retention_interval(rows[1].right_label, rows[0].right_label)
    assert "retention" not in intervals(rows[1], rows, Requirements(reference="nobody"))
    never = replace(rows[0], right_label=outcomes(0, 1000))
    assert "retention" not in intervals(rows[1], [never, rows[1]], Requirements())


def test_a_latency_counts_on_the_tier_that_is_asked():
    row = model("one", 1, latency_ms={HERE: (1.0,) * 100, "entry": tuple(np.linspace(5, 9, 200))})
    assert intervals(row, [row], Requirements())["p95_ms"].value == 1
    assert intervals(row, [row], Requirements(tier="entry"))["p95_ms"].value == pytest.approx(8.8)
    assert "p95_ms" not in intervals(row, [row], Requirements(tier="flagship"))


def test_outcomes_of_other_examples_are_refused():
    with pytest.raises(EvidenceError, match="one: expected one outcome an example"):
        model("one", 1, right_call=outcomes(3, 4))
    with pytest.raises(EvidenceError, match="one outcome an example"):
        Evidence("one", np.array([], dtype=bool), 1)
    assert Evidence("one", [1, 0, 1], 1).right_label.dtype == bool


def test_the_file_holds_all_of_it(tmp_path):
    rows = [*board()[:1], replace(board()[1], high_stakes_wrong=outcomes(3, 1000), memory_mb=40.0, family="static")]
    form = Requirements(min_calls=0.9, tier=HERE)
    save(rows, form, tmp_path / "board.json")
    found, asked = load(tmp_path / "board.json")
    assert asked == form and [row.ships for row in found] == [False, True]
    for one, other in zip(rows, found, strict=True):
        for name in Evidence.__dataclass_fields__:
            a, b = getattr(one, name), getattr(other, name)
            if name == "latency_ms":
                a, b = ({tier: list(ms) for tier, ms in each.items()} for each in (a, b))
            assert np.array_equal(a, b) if isinstance(a, np.ndarray) else a == b


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("no", "Expecting value"),
        ('{"models": []}', "no 'requirements'"),
        ('{"requirements": {}, "models": []}', "could ship, found none"),
        ('{"requirements": {"min_calls": 7}, "models": []}', "min_calls is 7"),
        ('{"requirements": {}, "models": [{"name": "one"}]}', "right_label"),
        (
            '{"requirements": {}, "models": [{"name": "one", "right_label": [1], "size_bytes": 1, "colour": 2}]}',
            "colour",
        ),
        ('{"requirements": {}, "models": [{"name": "one", "right_label": [], "size_bytes": 1}]}', "outcome an example"),
        ("[]", "list"),
        ("[" * 100_000, "recursion"),
        ('{"requirements": {"max_mb": 1' + "0" * 400 + '}, "models": []}', "max_mb is 1000"),
        ('{"requirements": {}, "models": [[]]}', "models: expected an object for each"),
    ],
)
def test_a_file_that_is_none_is_refused_in_one_line(content, said, tmp_path):
    (tmp_path / "board.json").write_text(content, "utf-8")
    with pytest.raises(EvidenceError, match=said) as caught:
        load(tmp_path / "board.json")
    assert str(caught.value).startswith(f"{tmp_path / 'board.json'}: expected the evidence of a decision: ")
    assert "\n" not in str(caught.value)
    with pytest.raises(EvidenceError, match="away"):
        load(tmp_path / "away.json")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", value) for value in (3, None, [], "\ud800")),
        *(
            ("right_label", value)
            for value in (None, "101", [float("nan")] * 3, [2, 0, 1], ["1", "", "1"], [[1], [0], [1]])
        ),
        ("right_call", [1.0, None, 0]),
        *(("size_bytes", value) for value in (None, "5", -1, True, float("nan"), 10**400)),
        *(("latency_ms", value) for value in (None, [], {"t": 3}, {"t": [None]}, {"t": [-1]}, {"t": [float("inf")]})),
        ("memory_mb", float("nan")),
        ("coverage", "all"),
        ("ships", "no"),
    ],
)
def test_a_field_of_another_kind_is_named_before_anything_is_decided_on_it(field, value, tmp_path):
    """NaN would be an answer that is right, `"no"` a model that may ship."""
    row = {"name": "one", "right_label": [1, 0, 1], "size_bytes": 5} | {field: value}
    (tmp_path / "board.json").write_text(json.dumps({"requirements": {}, "models": [row]}))
    with pytest.raises(EvidenceError, match=rf"board\.json: .*{field} of .*: expected ") as caught:
        load(tmp_path / "board.json")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


def test_rows_that_cannot_be_compared_are_not_saved(tmp_path):
    with pytest.raises(EvidenceError, match="same examples"):
        save([model("one", 1), model("two", 1, 4, 5)], Requirements(), tmp_path / "board.json")
    assert not (tmp_path / "board.json").exists()


def test_the_file_is_json_to_whoever_reads_it(tmp_path):
    save(board(), Requirements(), tmp_path / "board.json")
    content = json.loads((tmp_path / "board.json").read_text("utf-8"))
    assert sum(content["models"][1]["right_call"]) == 920
