"""The decision."""

from dataclasses import replace

import pytest

from edgelab.selection.certainty import NONE, probability_clears, probability_smallest
from edgelab.selection.decision import decide
from edgelab.selection.evidence import EvidenceError
from edgelab.selection.form import Requirements
from tests.selection.boards import board, model, outcomes


def test_the_smallest_whose_safe_end_clears_and_why_not_the_others():
    asked = Requirements(min_calls=0.94, max_mb=5)
    found = decide(board(), asked)
    assert found.chosen == "middle"
    assert found.reasons["middle"] == () and list(found.reasons) == [
        "small",
        "middle",
        "large",
    ]  # the teacher does not ship
    assert found.reasons["small"][0].startswith("calls is 0.90") and found.reasons["large"] == ("mb is 9, max 5",)
    assert found.clears == probability_clears(board(), asked)
    assert found.smallest == probability_smallest(board(), asked)
    assert found.probability == found.clears["middle"] > 0.97


def test_the_best_guess_alone_does_not_ship():
    """0.955 is above 0.95, but may be luck."""
    found = decide(board(), Requirements(min_calls=0.95))
    assert found.chosen == "large" and 0.6 < found.clears["middle"] < 0.85
    assert found.smallest["middle"] > found.smallest["large"]  # what the rule gives up for being sure


def test_each_thing_asked_can_keep_a_model_out():
    rows = [
        replace(model("one", 2), high_stakes_wrong=outcomes(20, 1000), memory_mb=50.0, coverage=0.5),
        model("two", 3),
    ]
    for asked in (
        Requirements(min_calls=0.97),
        Requirements(max_high_stakes=0.02),
        Requirements(max_p95_ms=1.05),
        Requirements(max_memory_mb=49),
        Requirements(min_coverage=0.51),
        Requirements(max_private=1.0),  # nobody measured it
        Requirements(min_retention=0.5),  # of a teacher that is not there
    ):
        assert decide(rows, asked, draws=100).reasons["one"], asked
    assert decide(rows, Requirements(max_high_stakes=0.04, max_p95_ms=1.2)).chosen == "one"


def test_none_ships_and_of_two_alike_the_first():
    found = decide(board(), Requirements(min_calls=0.975))
    assert found.chosen is None and found.probability is None and found.smallest[NONE] > 0.7
    assert found.text.startswith("None may ship. The likeliest to clear truly is large, with probability ")
    assert decide([model("b", 1), model("a", 1)], Requirements(min_calls=0.9)).chosen == "b"


def test_the_sentence_says_how_sure_it_is_and_never_certain():
    text = decide(board(), Requirements(min_calls=0.94)).text
    assert text.startswith("middle ships. It truly clears with probability 0.97")
    assert ". That large is truly the smallest to clear has probability 0.02" in text
    sure = decide([model("one", 1)], Requirements(min_calls=0.5)).text
    assert sure == "one ships. It truly clears with probability above 0.999."


def test_rows_that_cannot_be_compared_are_refused():
    with pytest.raises(EvidenceError, match="same examples"):
        decide([model("one", 1), model("two", 2, 4, 5)], Requirements())
