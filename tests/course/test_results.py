"""What cells say: a verdict in one line, a table whose numbers are those of the intervals."""

from edgelab.course.results import in_words, interval_table, verdict
from edgelab.stats.intervals import Interval

ROWS = {"teacher": Interval(0.95, 0.93, 0.97), "student": Interval(0.9, 0.88, 0.9154)}


def test_a_verdict_is_one_line_with_its_rule(capsys):
    verdict("two is even", True, "it leaves no rest")
    verdict("three is even", False, "it leaves one")
    assert capsys.readouterr().out == "two is even: yes, it leaves no rest\nthree is even: no, it leaves one\n"


def test_a_table_holds_each_interval_in_a_row():
    table = interval_table(ROWS, "accuracy")
    assert list(table.columns) == ["accuracy", "from", "to"] and list(table.index) == ["teacher", "student"]
    assert table.loc["student"].tolist() == ["0.900", "0.880", "0.915"]
    assert list(interval_table({}, "ms").columns) == ["ms", "from", "to"]


def test_words_for_numbers_and_for_intervals():
    assert in_words({"a": 1.23456, "b": 2}, ".1f") == "a 1.2; b 2.0"
    assert in_words(ROWS) == "teacher 0.950 [0.930, 0.970]; student 0.900 [0.880, 0.915]"
