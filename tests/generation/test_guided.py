"""Guided decoding in miniature: what is written holds to the answers, and the trap of free spaces."""

import json

import pytest

from edgelab.generation.errors import GeneratorError
from edgelab.generation.guided import alarm_calls, count_letters, next_letter, write_held

ANSWERS = alarm_calls()


def test_a_model_of_letters_knows_what_followed():
    likely = count_letters(["abab", "abc"], memory=2)
    assert likely("ab") == {"a": 0.5, "c": 0.5} and likely("xab") == likely("ab")
    assert likely("") == {"a": 1.0} and likely("zz") == {}


@pytest.mark.parametrize("memory", [1, 2, 3, 6])
def test_without_free_spaces_every_model_writes_an_answer(memory):
    for texts in (alarm_calls(indent=4), ["no json at all"], [""]):
        assert write_held(count_letters(texts, memory), ANSWERS, free_space=False) in ANSWERS


def test_with_free_spaces_a_short_memory_never_ends_and_a_long_one_does():
    indented = alarm_calls(indent=4)
    trapped = write_held(count_letters(indented, memory=2), ANSWERS, free_space=True, most=300)
    assert len(trapped) == 300 and trapped.lstrip("{\n") == " " * 298
    assert write_held(count_letters(indented, memory=6), ANSWERS, free_space=True) in indented


def test_spaces_stand_outside_of_texts_alone():
    spaced = count_letters([each.replace("_", " ").replace(":", ": ") for each in ANSWERS], memory=3)
    assert json.loads(write_held(spaced, ANSWERS, free_space=True))["tool"] in ("set_alarm", "set_timer")


def test_what_no_answer_begins_with_is_refused():
    with pytest.raises(GeneratorError, match="beginning of an allowed answer, found 'x'"):
        next_letter({}, "x", ANSWERS)
