"""What is kept between notebooks, damaged: told in a line, never written over, and before the course is run."""

import json

import numpy as np
import pytest

from edgelab.course import machine_report, outcomes, prediction, scoreboard
from edgelab.course.kept import KeptError
from edgelab.stats.samples import LatencySamples

GUESS = {"value": 1, "unit": "%", "recorded_at": "now"}
OUTCOME = {"question": "How much?", "unit": "%", "measured": 1.5, "measured_at": "now"}
CHOICE = {"chosen": "a", "data": "pocket", "asked": {"max_mb": 1}, "reasons": {"a": []}, "decided_at": "now"}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    return tmp_path


def damaged(file, content) -> str:
    """The one line that the report says of it; the file is as it was."""
    file.write_text(content)
    with pytest.raises(KeptError) as told:
        machine_report.write([])
    assert str(told.value).startswith(f"{file}: expected what the course has kept") and "\n" not in str(told.value)
    assert file.read_text() == content and not machine_report.file().exists()


NONSENSE = [
    "",
    "{",
    "null",
    "3",
    "[1]",
    '"x"',
    "[" * 100_000,
    '{"a": 3}',
    '{"a": null}',
    '{"a": {}}',
    '{"a": {"b": 1}}',
]


@pytest.mark.parametrize("content", NONSENSE)
def test_what_is_no_such_file(content):
    damaged(outcomes.file(), content)
    with pytest.raises(KeptError):
        outcomes.measure("b", 1, "%")
    assert outcomes.file().read_text() == content
    outcomes.file().unlink()
    damaged(prediction.file(), content)
    with pytest.raises(KeptError):
        prediction.record("b", 1)
    assert prediction.file().read_text() == content


@pytest.mark.parametrize("content", [*(line for line in NONSENSE if line), json.dumps(CHOICE | {"more": 1})])
def test_what_is_no_choice_and_no_scoreboard(content):
    damaged(outcomes.choice_file(), content)
    outcomes.choice_file().unlink()
    damaged(scoreboard.file(), content)
    with pytest.raises(KeptError):
        scoreboard.add([])


@pytest.mark.parametrize("odd", [[], "3", True, 10**400, {}])
def test_fields_of_another_kind(odd):
    damaged(prediction.file(), json.dumps({"a": GUESS | {"value": odd}}))
    prediction.file().unlink()
    damaged(outcomes.file(), json.dumps({"a": OUTCOME | {"measured": odd}}))
    damaged(outcomes.file(), json.dumps({"a": OUTCOME | {"question": 3}}))
    damaged(outcomes.file(), json.dumps({"a": OUTCOME | {"question": "\ud800"}}))
    outcomes.file().unlink()
    damaged(outcomes.choice_file(), json.dumps(CHOICE | {"asked": {"max_mb": odd}}))
    damaged(outcomes.choice_file(), json.dumps(CHOICE | {"reasons": {"a": odd or [3]}}))
    outcomes.choice_file().unlink()
    row = scoreboard.measured("01", "small", np.arange(10) < 9, LatencySamples("x", (1.0,)), size_bytes=10)
    scoreboard.add([row])
    record = json.loads(scoreboard.file().read_text())
    damaged(scoreboard.file(), json.dumps(record | {"size_bytes": odd}))
    damaged(scoreboard.file(), json.dumps(record | {"latency_ms": [odd]}))


def test_what_is_sound_is_read_and_nothing_else_is_asked_of_it():
    prediction.file().write_text(json.dumps({"a": GUESS}))
    outcomes.file().write_text(json.dumps({"a": OUTCOME, "b": {"question": "b", "measured": float("nan")}}))
    outcomes.choice_file().write_text(json.dumps(CHOICE))
    assert machine_report.write([])[0] == "predictions: 1 of 2 results were guessed before"


def test_a_folder_in_the_place_of_a_file(home, monkeypatch):
    outcomes.choice_file().mkdir()
    with pytest.raises(KeptError, match="cannot be read: "):
        machine_report.kept()
    outcomes.choice_file().rmdir()
    machine_report.file().mkdir()
    with pytest.raises(machine_report.workspace.HomeError, match="cannot be used: "):
        machine_report.write([])
