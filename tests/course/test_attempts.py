"""What a learner handed in: a stub, or an answer."""

import sys

import numpy as np
import pytest

from edgelab.course.attempts import is_stub, meant, variables_of


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
        {"a", ...},
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


def mine():
    return 1


def asked(thing, *value):
    return meant(thing, sys._getframe(1), ["curve", "bar", "loss"])


@pytest.mark.parametrize(
    "cell, name",
    [
        ("loss = asked(mine)", "loss"),
        ("a = loss = asked(3)", "loss"),
        ("def inside():\n    loss = asked(lambda: 1)\n    return loss\ngot = inside()", "loss"),
        ("bar = curve = 3; bar = asked(bar)", "bar"),  # Python has one 3
        ("curve = bar = mine; got = asked(mine)", "bar"),
        ("curve = 'mine'; curve = asked(curve)", "curve"),
        ("loss = asked('bar', 3)", "bar"),
        ("loss = asked('lss', 3)", "loss"),
        ("got = asked(None)", "None"),
        ("got = asked(mine)", "mine"),
        ("got = asked('lss', 3)", "lss"),
        ("def curve(): ...\ngot = asked(curve)", "curve"),
        ("a = {}; a['loss'] = asked(3)", "a number"),
    ],
)
def test_what_is_meant_is_found_by_its_place(cell, name):
    given = {"mine": mine, "asked": asked}
    exec(cell, given)
    assert name in [value for key, value in given.items() if key in ("loss", "bar", "curve", "got")] + [
        given.get("a", {}).get("loss") if isinstance(given.get("a"), dict) else None
    ]


def test_what_a_function_sees_comes_before_what_its_module_does():
    mine = 3
    assert variables_of(sys._getframe())["mine"] == mine
