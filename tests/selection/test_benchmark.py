"""The benchmark of stated probabilities, on a few scoreboards."""

import pytest

from benchmarks import selection
from benchmarks.pocket_card import put
from edgelab.selection.form import Requirements
from tests.selection.boards import model


def test_its_tables_have_a_row_for_each_setting(monkeypatch):
    monkeypatch.setattr(selection, "BOARDS", 3)
    monkeypatch.setattr(selection, "MORE", 4)
    monkeypatch.setattr(selection, "DRAWS", 50)
    told = selection.text()
    for name in selection.SETTINGS:
        assert told.count(f"\n| {name} | ") == 2  # with few scoreboards, and with more
    assert "| plain bootstrap |" in told and "| just below | 12 | " in told and "nan" not in told
    assert put(selection.README.read_text("utf-8"), "selection", told)  # there is a place for it


def test_the_other_ways_to_state_it():
    rows = [model("teacher", 90, 30, 30, ships=False), model("never wrong", 1, 30, 30), model("half", 1, 15, 30)]
    asked = Requirements(min_calls=0.9)
    assert selection.best_guess(rows, asked) == {"never wrong": 1.0, "half": 0.0}
    assert selection.plain_bootstrap(rows, asked) == {"never wrong": 1.0, "half": 0.0}
    at_half = selection.plain_bootstrap(rows, Requirements(min_accuracy=0.5))["half"]
    assert at_half == pytest.approx(0.57, abs=0.06)  # P(binomial(30, 1/2) >= 15)
    assert 0.9 < selection.posterior(rows, asked)["never wrong"] < 0.99
