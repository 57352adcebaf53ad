"""How answers differ, in words."""

import copy

import numpy as np
import pandas as pd
import pytest

from edgelab.course.compare import difference, show, unchanged


def test_differences():
    assert not difference({"a": (1, [True, "x", None])}, {"a": [1, (True, "x", None)]})
    assert difference({"a": [1, 2]}, {"a": [1, 3]}) == "at 'a': at 1: the values differ by up to 1"
    assert difference([1], [1, 2]) == "expected a list of 2, got one of 1"
    assert difference({"b": 1}, {"a": 1}) == "expected the keys ['a'], got ['b']"
    assert difference(np.array([0, 1]), np.array([False, True])) == "expected values of type bool, got int64"
    for odd in (object, complex, str):  # equal to the truth, and not what a later cell can use
        assert difference(np.array([True]).astype(odd), np.array([True])).startswith(
            "expected values of type bool, got"
        )
    assert difference(np.array([1 + 0j]), np.array([1.0])) == "expected values of type float64, got complex128"
    assert difference(1, True) == "expected True or False, got a number"
    assert not difference(np.float32(2.0), 2.0) and not difference(2, 2.0)
    with pytest.raises(TypeError, match="checks cannot compare"):
        difference(object(), object())
    assert show(np.zeros((64, 150))) == "an array of shape (64, 150)"
    assert show("caf\u00e9") == "'caf\\xe9'" and len(show("x" * 999)) == 160


def table(**changes):
    return pd.DataFrame({"device": ["a", "b", "c"], "ms": [1.0, 2.0, np.nan], "layers": [3, 4, 5]} | changes)


@pytest.mark.parametrize(
    "layout", [lambda t: t[::-1], lambda t: t[["ms", "layers", "device"]], lambda t: t.set_index("ms", drop=False)]
)
def test_a_table_is_the_same_in_any_order(layout):
    assert not difference(layout(table()), table()) and not difference(table(), layout(table()))
    assert show(table()) == "a table of 3 rows with the columns device, ms, layers"


@pytest.mark.parametrize(
    "other, words",
    [
        (table(ms=[1.0, 2.5, np.nan]), "in the column ms: the values differ by up to 0.5"),
        (table(device=["a", "b", "d"]), "in the column device: the values differ"),
        (table(layers=["3", 4, [5]]), "in the column layers: the values differ"),
        (table(layers=["3", "4", "5"]), "in the column layers: the values differ"),
        (table(ms=["1.0", "2.0", None]), "in the column ms: the values differ"),
        (table().drop(columns="ms"), "expected the columns ['device', 'ms', 'layers'], got ['device', 'layers']"),
        (table().rename(columns={"ms": 7}), "got ['device', 7, 'layers']"),
        (pd.concat([table(), table()[["ms"]]], axis=1), "got ['device', 'ms', 'layers', 'ms']"),
        (table()[:2], "expected a table of 3 rows, got one of 2"),
        (table()[:0], "expected a table of 3 rows, got one of 0"),
        (table()["ms"], "expected a table, got a column of a table"),
        (table().to_dict("records"), "expected a table, got a list"),
        (None, "is there a return?"),
    ],
)
def test_tables_that_differ(other, words):
    assert words in difference(other, table())


def sort_in_place(given):
    given.sort_values("ms", ascending=False, inplace=True)


def turn_keys(given):
    given["a"] = given.pop("a")


@pytest.mark.filterwarnings("ignore:The inplace keyword")
@pytest.mark.parametrize(
    "change, original",
    [
        (sort_in_place, table()),
        (lambda given: sort_in_place(given[0]), (table(),)),
        (lambda given: given.insert(0, "ms", given.pop("ms")), table()),
        (lambda given: given.set_index("ms", drop=False, inplace=True), table()),
        (lambda given: given.sort_values(ascending=False, inplace=True), table()["layers"]),
        (turn_keys, {"a": 1, "b": 2}),
        (lambda given: given.sort(), [3, 1]),
        (lambda given: given.__setitem__(0, (1, 2)), [[1, 2]]),
        (lambda given: given.partition(1), np.array([3, 2, 1])),
        (lambda given: given.add(3), {1}),
    ],
)
def test_a_change_in_place_is_seen(change, original):
    given = copy.deepcopy(original)
    assert unchanged(given, original)
    change(given)
    assert not unchanged(given, original)


def test_a_list_that_makes_no_array_is_told_why():
    assert "its rows are not equally long" in difference([[1], [1, 2]], np.ones((2, 2)))


def test_empty_tables_are_the_same():
    assert not difference(table()[:0], table()[:0])
