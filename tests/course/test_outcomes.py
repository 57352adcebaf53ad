import json

import pytest

from edgelab.course import outcomes
from edgelab.course.outcomes import Choice, Outcome
from edgelab.course.prediction import predict, record, recorded, reveal


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "not yet there"))


def test_a_question_is_kept_when_asked_and_its_result_when_revealed(capsys):
    assert outcomes.outcomes() == {} and outcomes.chosen() is None
    predict("gap", "How far apart?", unit="points", low=0, high=20)
    assert outcomes.outcomes() == {"gap": Outcome("How far apart?", "points")}
    record("gap", 4, "points")
    reveal("gap", 5.5, "points")
    found = outcomes.outcomes()["gap"]
    assert (found.question, found.unit, found.measured) == ("How far apart?", "points", 5.5) and found.measured_at
    predict("gap", "How far?", unit="points", low=0, high=20)  # the next run asks anew, and has no result yet
    assert outcomes.outcomes()["gap"].measured == 5.5 and outcomes.outcomes()["gap"].question == "How far?"
    assert recorded("gap").value == 4


def test_a_result_that_nobody_asked_for_goes_by_its_key_and_order_is_that_of_asking(capsys):
    reveal("b", 1)
    predict("a", "A?", low=0, high=1)
    reveal("b", 2)
    assert list(outcomes.outcomes()) == ["b", "a"] and outcomes.outcomes()["b"] == Outcome(
        "b", "", 2.0, outcomes.outcomes()["b"].measured_at
    )


def test_the_latest_choice_counts():
    outcomes.choose("pocket", {"max_mb": 1.0}, Choice(None, "", {}, {"a": ("size",)}))
    outcomes.choose("mine", {"max_mb": 2.0}, Choice("a", "", {}, {"a": ()}, 0.75))
    found = outcomes.chosen()
    assert (found.chosen, found.data, found.asked, found.reasons, found.probability) == (
        "a",
        "mine",
        {"max_mb": 2.0},
        {"a": []},
        0.75,
    )
    assert json.loads(outcomes.choice_file().read_text())["decided_at"] == found.decided_at != ""
