"""What a learner handed in: a stub, or an answer."""

import numpy as np
import pytest

from edgelab.course.attempts import is_stub, names_of


def started(logits):
    scaled = ...
    return scaled + 1


def begun(logits):
    total = 0
    ...
    return total


def in_a_branch(logits):
    if len(logits):
        return ...
    return 0


def a_pair(logits):
    return 0, ...


def in_a_handler(logits):
    try:
        return 1
    except ValueError:
        low = ...
    return low


@pytest.mark.parametrize(
    "answer",
    [
        started,
        begun,
        in_a_branch,
        a_pair,
        in_a_handler,
        lambda logits: ...,
        ...,
        {"a": 3, "b": ["test", ...]},
        [1, ...],
    ],
)
def test_a_stub_is_known(answer):
    assert is_stub(answer)


def by_place(logits: tuple[int, ...]):
    return logits[..., 0] + np.ones(3)[..., None]


def written_for_pass(logits):
    try:
        return 1
    except ValueError:
        ...
    for _ in logits:
        ...
    return 2


def with_a_type_of_its_own(logits):
    class Marker(Exception): ...

    def unused(): ...

    raise Marker


@pytest.mark.parametrize(
    "answer", [by_place, written_for_pass, with_a_type_of_its_own, lambda logits: logits[..., 0], {"a": 3}, None, len]
)
def test_a_finished_answer_is_none(answer):
    assert not is_stub(answer)


def test_without_source_its_constants_tell():
    typed = {}
    exec("def f():\n    return ...\ndef g():\n    return 1", typed)
    assert is_stub(typed["f"]) and not is_stub(typed["g"])


def test_a_thing_is_found_by_what_holds_it():
    def mine():
        return 1

    variables = {"loss": mine, "curve": mine, "other": len}
    assert names_of(mine, variables, ["curve", "bar", "loss"]) == ["curve", "loss"]
    assert names_of(print, variables, ["curve", "bar", "loss"]) == []
