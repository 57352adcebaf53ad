"""The decoder that is handed over: its fault is where the exercise says, and one repair alone mends it."""

import numpy as np
import pytest

from edgelab.generation.decode import decode
from edgelab.generation.fault import REPAIRS, HandedOver, cached_apart
from edgelab.generation.fault_exercise import CACHE_FAULT, PROMPT, handed_over, judge_fault
from edgelab.generation.llama import toy

GOOD = toy()
RIGHT = decode(GOOD.step, PROMPT, 10)


def test_it_is_right_until_something_is_cached():
    np.testing.assert_array_equal(handed_over().step(PROMPT)[0], GOOD.step(PROMPT)[0])
    said = decode(handed_over().step, PROMPT, 10)
    assert said[:2] == RIGHT[:2] and said != RIGHT


def test_the_table_shows_where():
    apart = cached_apart(handed_over().step, PROMPT + RIGHT[:7], len(PROMPT))
    assert (apart.loc["layer 0, values"] == 0).all()
    keys = apart.loc["layer 0, keys"]
    assert list(keys[keys > 0].index) == list(range(CACHE_FAULT["from_place"], len(PROMPT) + 7))
    assert (cached_apart(GOOD.step, PROMPT + RIGHT[:7], len(PROMPT)).to_numpy() == 0).all()


@pytest.mark.parametrize("name", REPAIRS)
def test_one_repair_mends_it(name):
    mended = decode(HandedOver(GOOD, REPAIRS[name]).step, PROMPT, 10)
    assert (mended == RIGHT) == (name == CACHE_FAULT["repair"])


@pytest.mark.parametrize("place", ["5", [5], np.array([5]), None])
def test_a_place_that_is_no_number_is_said_to_be_none(place):
    assert judge_fault(CACHE_FAULT | {"from_place": place}) == ["from_place is a number, the name of a column"]


def test_a_place_may_be_numpys():
    assert judge_fault(CACHE_FAULT | {"from_place": np.int64(5)}) == []
