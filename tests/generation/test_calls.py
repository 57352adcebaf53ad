"""Calls: from marked requests, held to a schema, compared as bundles are."""

import json

import numpy as np
import pytest

from edgelab.bundle.evaluation import calls_right
from edgelab.datasets.pocket import load_pocket
from edgelab.datasets.slots import exact_match, parse_marked
from edgelab.generation.calls import as_json, call_faults, call_key, call_of, call_schema, read_call, tools_of
from edgelab.workspace import data_home

TOOLS = {"play_music": ["artist"], "set_alarm": ["date", "time"]}


def test_tools_have_the_slots_that_occur_with_them(tiny):
    assert tools_of(tiny.train) == {"ask_cloud": [], "play_music": ["artist"], "set_alarm": ["time"]}


def test_a_marked_request_is_a_call():
    text, spans = parse_marked("wake me at [seven](time) and [eight](time) [tomorrow](date)")
    call = call_of("set_alarm", text, spans)
    assert call == {"tool": "set_alarm", "time": ["seven", "eight"], "date": "tomorrow"}
    assert as_json(call) == '{"tool":"set_alarm","date":"tomorrow","time":["seven","eight"]}'
    assert call_faults(as_json(call), call_schema(TOOLS)) == ""


@pytest.mark.parametrize(
    ("call", "told"),
    [
        ('{"tool":"set_alarm"', "expected JSON"),
        ('{"tool":"make_tea"}', "not valid"),
        ('{"tool":"play_music","time":"7"}', "not valid"),
        ('{"tool":"set_alarm","time":7}', "not valid"),
        ('{"tool":"set_alarm","time":["7"]}', "not valid"),
        ('{"tool":"set_alarm","time":"' + "7" * 61 + '"}', "not valid"),
        ('{"time":"7"}', "not valid"),
        ('["set_alarm"]', "not valid"),
    ],
)
def test_what_the_schema_does_not_allow_is_told(call, told):
    assert told in call_faults(call, call_schema(TOOLS))


def test_calls_are_compared_as_those_of_bundles():
    """Against `slots.exact_match` on marked lines, over each test request and what one value more or less makes of it."""
    test = load_pocket(data_home() / "pocket").test
    other = test.labels[1:] + test.labels[:1]
    for i, (text, label, spans) in enumerate(zip(test.texts[:300], test.labels, test.spans, strict=False)):
        for guess, said in ((label, spans), (label, spans[:-1]), (other[i], spans)):
            right = calls_right(np.array([guess == label]), np.array([exact_match(text, said, spans)]))[0]
            assert (call_key(call_of(guess, text, said)) == call_key(call_of(label, text, spans))) == right


def test_case_and_outer_marks_do_not_count():
    a, b = (
        {"tool": "set_alarm", "time": "Seven.", "date": "today"},
        {"tool": "set_alarm", "date": "today", "time": "seven"},
    )
    assert call_key(a) == call_key(b) != call_key({**b, "time": "seven pm"})


def test_what_is_no_call_is_an_empty_one():
    assert read_call("nonsense") == read_call("[1]") == {} and read_call(json.dumps({"tool": "x"})) == {"tool": "x"}
