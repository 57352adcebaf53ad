"""The same answer in another form."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from edgelab.course.compare import kind
from edgelab.course.forms import VAST, forming, in_form


@pytest.mark.parametrize(
    "got, model, formed",
    [
        ([1, 2], np.array([0.5, 1.0]), np.array([1.0, 2.0])),
        ((True, False), np.array([True, True]), np.array([True, False])),
        ([[1, 2], [3, 4]], np.ones((2, 2)), np.array([[1.0, 2.0], [3.0, 4.0]])),
        (pd.Series([1.0, 2.0]), np.ones(2), np.array([1.0, 2.0])),
        ([], np.array([1, 2]), np.array([], dtype=int)),
        ([], np.ones((0, 2)), np.ones((0, 2))),
        (np.array([1.0, 2.0]), np.array([1, 2]), np.array([1, 2])),
        (np.array([3, 4]), (1, 2), (3, 4)),
        ([3.0, 4.0], (1, 2), (3, 4)),
        ((3, [4.0, 5.0]), (1, np.array([2])), (3, np.array([4, 5]))),
        ((0.5, 2), [1.0, 2.0], [0.5, 2]),
        (3.0, 7, 3),
        (np.float32(3), 7, 3),
        ({"a": 3.0, "b": [1, 2]}, {"a": 1, "b": np.ones(2)}, {"a": 3, "b": np.array([1, 2])}),
        ({"other": 3.0}, {"a": 1}, {"other": 3}),
        ([1, 2], {1}, {1, 2}),
        (frozenset([1]), {2}, {1}),
        ([], np.ones((3, 2)), np.ones((0, 2))),
        (np.array([3, 4]), np.array([1], np.int8), np.array([3, 4], np.int8)),
        (np.array([True, False]), np.array([0, 1, 1]), np.array([1, 0])),
        (np.array([1, 0]), np.array([0.5]), np.array([1.0, 0.0])),
        (np.array([[1.0, 2.0]]).view(np.matrix), np.ones((1, 2)), np.array([[1.0, 2.0]])),
        (np.array(0.5), 1.5, np.float64(0.5)),
        (np.array(True), False, np.True_),
        (np.uint8(200), 7, 200),
        (range(3), [5], [0, 1, 2]),
        ({"a": 1}.values(), (5,), (1,)),
    ],
)
def test_it_takes_the_models_form(got, model, formed):
    result = in_form(got, model)
    assert type(result) is type(formed)
    np.testing.assert_equal(result, formed)
    if isinstance(formed, np.ndarray):
        assert result.dtype == formed.dtype


def nested():
    thing = []
    thing.append(thing)
    return thing


@pytest.mark.parametrize(
    "got, model",
    [
        (3.5, 7),
        (np.inf, 7),
        (10**400, 7),
        ("three", 7),
        ("ab", ["a", "b"]),
        ({"a"}, ["a"]),
        ([[1], [1, 2]], np.ones(2)),
        ([1, "a"], np.ones(2)),
        ([object()], np.array(["a"])),
        (nested(), np.ones(2)),
        (nested(), [[1]]),
        (np.array([0.5, 1.0]), np.array([1, 2])),
        (np.array([255.0, 260.0]), np.array([1], np.int8)),
        (np.array([-1]), np.array([1], np.uint8)),
        (np.array([np.nan, np.inf]), np.array([1])),
        (np.array([1, 0]), np.array([True])),
        (np.ones(2, np.float32), np.ones(2)),
        (range(10**12), [1]),
        (np.broadcast_to(1.0, (10**12,)), [1]),
        (np.broadcast_to(1.0, (10**12,)), np.array([1])),
        ([1.0] * (VAST + 1), np.array([1])),
        (iter([1]), [1]),
        (None, [1]),
        ({"a": 1}, [1]),
    ],
)
def test_what_has_no_such_form_stays(got, model):
    result = in_form(got, model)
    assert result is got or (kind(got) == "an array" and np.array_equal(result, got) and result.dtype == got.dtype)


def test_data_is_plain_and_a_set_will_do_for_a_list():
    assert in_form({"confirm": {"b", "a"}}, {"confirm": ["c"]}, plain=True) == {"confirm": ["a", "b"]}
    bits = in_form(
        {"bits": np.int64(4), "share": np.float32(0.5), "on": np.True_},
        {"bits": 3, "share": 1.0, "on": False},
        plain=True,
    )
    assert bits == {"bits": 4, "share": 0.5, "on": True} and {type(v) for v in bits.values()} == {int, float, bool}
    assert in_form({48, 1}, (1, 48), plain=True) == {48, 1}
    mixed = {"a", 1}
    assert in_form(mixed, ["a"], plain=True) is mixed


def test_what_is_right_already_is_the_same_thing():
    for thing in ([1, [2, 3]], (1, 2), {"a": [1]}, np.ones(2), 3, "a"):
        assert in_form(thing, thing) is thing


@dataclass(frozen=True)
class Pair:
    names: tuple[str, ...]
    scores: np.ndarray


def test_the_parts_of_a_type_of_the_courses_take_form():
    formed = in_form(Pair(["a"], [1.0]), Pair(("b",), np.ones(3)))
    assert formed.names == ("a",) and formed.scores.tolist() == [1.0]
    right = Pair(("a",), np.ones(1))
    assert in_form(right, right) is right


def test_a_table_has_the_models_columns_and_no_index_that_is_one_of_them():
    model = pd.DataFrame({"device": ["a", "b"], "ms": [1.0, 2.0]})
    formed = in_form(model[["ms", "device"]].set_index("device", drop=False), model)
    assert list(formed.columns) == ["device", "ms"] and len(formed.groupby("device")) == 2
    assert in_form(model, model) is model and in_form(model[["ms"]], model).columns.tolist() == ["ms"]


def test_what_is_judged_small_and_used_vast_takes_form_all_the_same():
    formed = forming(lambda parts: [0.0] * parts, [np.array([1])])
    assert formed(VAST + 1).dtype.kind == "i"


def test_a_functions_results_are_formed_by_the_model_of_their_kind():
    def pair(least, most):
        """Mine."""
        return None if most < least else np.array([least, most])

    formed = forming(pair, [None, (0.5, 1.5)])
    assert formed(2.5, 3.5) == (2.5, 3.5) and formed(3, 2) is None and formed.__doc__ == "Mine."
    either = forming(lambda of: (of, [of]), [(1.0, 2.0), (1.0, np.ones(3)), (np.ones(3), np.ones(3))])
    (low, high), (lows, highs) = either(0.5), either([1.5, 2.5])
    assert (low, high.tolist()) == (0.5, [0.5]) and lows.tolist() == [1.5, 2.5] and highs.tolist() == [[1.5, 2.5]]
    assert forming(lambda: "neither", [None, (1, 2)])() == "neither"
