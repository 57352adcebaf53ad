"""What a new lock did: each kind of change, told and judged."""

import dataclasses

import pytest

from edgelab.course.outcomes import Outcome
from edgelab.course.scoreboard import Row
from tools.changes import Side, compare, markdown, packages

ROW = Row(
    notebook="01_distillation",
    model="teacher",
    precision="fp32",
    runtime="onnxruntime",
    data="pocket",
    split="test",
    accuracy=0.9,
    accuracy_low=0.88,
    accuracy_high=0.92,
    slot_exact_match=0.7,
    size_bytes=1_000_000,
    latency_ms=tuple(4 + i / 1000 for i in range(100)),
    host="here",
    measured_at="2026-11-30",
)
SMALL = dataclasses.replace(ROW, model="small", size_bytes=10_000, latency_ms=tuple(1 + i / 1000 for i in range(100)))


def result(name="01_distillation", failed=False, **cells: str) -> dict:
    """One notebook's: of each verified cell what it says; all of them committed as "yes"."""
    said = [{"cell": int(n[1:]), "line": f"line {n}", "committed": "yes\n", "found": text} for n, text in cells.items()]
    outcome = "cell 3: ValueError: no" if failed else "ok"
    return {"name": name, "seconds": 7.0, "peak_bytes": 5e8, "outcome": outcome, "failed": failed, "verified": said}


def side(*rows: Row, results=(), outcomes=None, pins=None) -> Side:
    return Side(pins or {"numpy": "2.4.1"}, {each["name"]: each for each in results}, rows, outcomes or {})


def changes(before: Row, after: Row) -> dict:
    """Of the small model, beside a teacher that stays as it is."""
    found = compare(side(ROW, before), side(ROW, after))
    return {c.figure: c for c in found.figures if "small" in c.what}, found.look


def test_packages_that_change_are_named():
    before, after = {"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "3"}
    assert packages(before, after) == [("b", "1", "2"), ("c", "1", "-"), ("d", "-", "3")]


def test_of_the_same_nothing_is_to_be_looked_at():
    same = side(ROW, SMALL, results=[result(c2="yes\n")], outcomes={"k": Outcome("How many?", "", 3)})
    report = compare(same, same)
    assert report.look == [] and report.packages == [] and report.texts == []
    assert {c.beyond for c in report.figures} == {False, None}
    assert "Nothing." in markdown(report, ["a note"])


@pytest.mark.parametrize("accuracy, beyond", [(0.88, False), (0.92, False), (0.8799, True), (0.9201, True)])
def test_an_accuracy_is_beyond_where_it_left_its_interval(accuracy, beyond):
    after = dataclasses.replace(SMALL, accuracy=accuracy, accuracy_low=accuracy - 0.02, accuracy_high=accuracy + 0.02)
    found, look = changes(SMALL, after)
    assert found["accuracy"].beyond is beyond and len(look) == beyond
    assert (
        found["accuracy"].before == "0.9000 [0.8800, 0.9200]"
        and found["accuracy"].difference == f"{accuracy - 0.9:+.4f}"
    )
    assert found["slots exact"].beyond is None and "calls exact" not in found


@pytest.mark.parametrize("size, beyond", [(10_000, False), (10_100, False), (10_101, True), (9_899, True)])
def test_a_size_is_beyond_from_one_percent_on(size, beyond):
    found, look = changes(SMALL, dataclasses.replace(SMALL, size_bytes=size))
    assert found["size"].beyond is beyond and len(look) == beyond
    assert found["size"].difference == f"{size - 10_000:+,} B"


@pytest.mark.parametrize("factor, beyond", [(1, False), (1.02, False), (1.5, True), (0.5, True)])
def test_a_ratio_of_latencies_is_beyond_where_the_intervals_part_and_asks_nobody_to_look(factor, beyond):
    slower = dataclasses.replace(SMALL, latency_ms=tuple(factor * ms for ms in SMALL.latency_ms))
    found, look = changes(SMALL, slower)
    ratio = found["times quicker"]
    assert ratio.beyond is beyond and look == []
    assert ratio.before.startswith("3.86 [") and ratio.difference == f"{1 / factor - 1:+.1%}"


def test_without_samples_or_a_larger_model_there_is_no_ratio():
    alone = compare(side(SMALL), side(SMALL))
    silent = dataclasses.replace(SMALL, latency_ms=())
    untimed = compare(side(ROW, silent), side(ROW, silent))
    assert "times quicker" not in {c.figure for c in [*alone.figures, *untimed.figures]}


def test_a_row_that_is_gone_or_new_is_to_be_looked_at():
    report = compare(side(ROW), side(SMALL))
    assert {(c.figure, c.difference) for c in report.figures} == {("row", "gone"), ("row", "new")}
    assert len(report.look) == 2


def test_another_host_is_the_same_row():
    report = compare(side(ROW), side(dataclasses.replace(ROW, host="there")))
    assert {c.figure for c in report.figures} == {"size", "accuracy", "slots exact"}


def test_a_notebook_that_fails_is_told_and_its_later_cells_are_not():
    report = compare(side(results=[result(c2="yes\n", c5="yes\n")]), side(results=[result(failed=True, c2="yes\n")]))
    assert report.look == ["01_distillation fails: cell 3: ValueError: no"] and report.texts == []
    assert "cell 3" in report.notebooks[0][2] and report.notebooks[0][1] == "ok, 7 s, 500 MB"


def test_a_verified_text_that_changes_is_shown_line_by_line():
    report = compare(side(results=[result(c2="yes\n")]), side(results=[result(c2="no, 2 of 3\n")]))
    assert report.texts == [("01_distillation", 2, "line c2", "yes\n", "no, 2 of 3\n")]
    assert report.look == ["01_distillation, cell 2, says something else"]
    assert "```diff\n- yes\n+ no, 2 of 3\n```" in markdown(report, [])


def test_where_todays_lock_does_not_say_what_is_committed_the_new_one_is_not_to_blame():
    same = side(results=[result(c2="no\n")])
    report = compare(same, same)
    assert report.texts == [] and "what is committed is not what today's lock says" in report.look[0]


def test_what_was_revealed_is_shown_and_nothing_concluded():
    before = {"a": Outcome("How many?", "MB", 3.0), "b": Outcome("Asked"), "c": Outcome("Gone", "", 1.0)}
    after = {"a": Outcome("How many?", "MB", 4.5), "b": Outcome("Asked")}
    report = compare(side(outcomes=before), side(outcomes=after))
    first, second = report.figures
    assert (first.before, first.after, first.difference, first.beyond) == ("3 MB", "4.5 MB", "+1.5 MB", None)
    assert (second.after, second.beyond) == ("-", True) and len(report.look) == 1


def test_the_report_is_markdown_whatever_a_cell_says():
    row = dataclasses.replace(SMALL, model="a|b\nc")
    report = compare(side(row), side(row, pins={"numpy": "2.5.0"}))
    text = markdown(report, ["a note"])
    assert "| numpy | 2.4.1 | 2.5.0 |" in text and "- a note" in text
    (line,) = (line for line in text.splitlines() if "accuracy" in line and line.startswith("| 01"))
    assert "a\\|b c" in line and line.replace("\\|", "").count("|") == 7
