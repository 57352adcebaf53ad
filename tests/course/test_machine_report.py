"""The page on the learner's machine, of what is known."""

import html
from dataclasses import replace

import numpy as np
import pytest

from edgelab.course import machine_report, outcomes, prediction, scoreboard
from edgelab.course.machine_report import decision_in_words, guesses_in_words, latest, page, questions
from edgelab.course.notebooks import Run
from edgelab.course.outcomes import Choice, Outcome
from edgelab.course.prediction import Guess
from edgelab.machine.host import host
from edgelab.stats.samples import LatencySamples

EVIL = "<script>alert(1)</script>"
RUNS = [Run("00_start", 12.25, 500_000_000), Run("01_next", 3.0, 10**9, 4, f"ValueError: {EVIL}\nmore")]
ASKED = {
    "b": (None, Outcome("Nobody guessed?", "%", 12.5, "now")),
    "c": (Guess(1, "ms", "before"), Outcome("Not there yet?", "ms")),
    "a": (Guess(85, "%", "before"), Outcome("How much is kept?", "%", 91.25, "now")),
}
CHOICE = Choice(
    "small int4", "pocket", {"max_mb": 1.0}, {"small int4": (), "large fp32": ("mb is 9, max 1",)}, 0.875, "today"
)


def row(**changes) -> scoreboard.Row:
    made = scoreboard.measured("01", "small", np.arange(10) < 9, LatencySamples("x", (1.0, 2.0)), size_bytes=10**6)
    return replace(made, **({"precision": "int4"} | changes))


def test_guess_and_result_side_by_side_those_with_both_first():
    lines = [line for line in questions(ASKED).splitlines() if line.startswith("<tr")]
    text = [line.replace("</td>", "|").split("</th>") for line in lines]
    assert (
        "How much is kept?" in text[0][0]
        and "85 %|" in text[0][1]
        and "91.25 %|" in text[0][1]
        and "+6.25 %" in text[0][1]
    )
    assert "Not there yet?" in text[1][0] and "not yet" in text[1][1]
    assert "Nobody guessed?" in text[2][0] and "12.5 %" in text[2][1]
    assert "Nothing has been asked" in questions({})


def test_in_words_for_a_terminal():
    first, only = guesses_in_words(ASKED)
    assert first == "predictions: 1 of 2 results were guessed before"
    assert only == "  How much is kept?: you guessed 85 %; measured 91.25 %: 6.25 % more than you thought"
    assert decision_in_words(CHOICE) == (
        "small int4 ships for pocket; it truly clears with probability 0.875; asked: max_mb 1 (today)"
    )
    assert "no model may ship for pocket" in decision_in_words(replace(CHOICE, chosen=None))
    assert "none yet" in decision_in_words(None)


def test_of_several_rows_of_one_model_the_latest_of_this_machine_stands():
    old, new = row(measured_at="2026-01-01"), row(measured_at="2026-02-01", notebook="02")
    other, elsewhere = row(precision="fp32"), row(host="another", measured_at="2027-01-01")
    assert latest([new, elsewhere, old, other], old.host) == [new, other] or latest([new, old], old.host) == [new]
    assert set(map(id, latest([new, elsewhere, old, other], old.host))) == {id(new), id(other)}


def test_the_page_has_all_of_it_escaped_and_asks_no_network():
    made = page(RUNS, ASKED, CHOICE, [row(), row(model=EVIL)], host())
    for words in ("How much is kept?", "small int4 ships", "mb is 9, max 1", "00_start", "12.2", "1 ok", "90.0 ["):
        assert html.escape(words) in made
    assert "<script" not in made and "src=" not in made and "href=" not in made and "url(" not in made
    assert made.count('<tr class="chosen">') == 1
    empty = page([], {}, None, [], host())
    assert "Nothing was measured here yet." in empty and "none yet" in empty and 'class="chosen"' not in empty


def test_it_is_written_from_what_was_kept(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    assert machine_report.write(RUNS[:1])[0].startswith("predictions: 0 of 0")
    prediction.predict("kept", "How much is kept?", unit="%", low=0, high=100)
    prediction.record("kept", 85, "%")
    prediction.reveal("kept", 91.25, "%")
    scoreboard.add([row()])
    outcomes.choose(CHOICE.data, CHOICE.asked, CHOICE)
    lines = machine_report.write(RUNS)
    assert lines[-1] == f"report: {tmp_path / 'home' / 'report.html'}" and any("85 %" in line for line in lines)
    text = machine_report.file().read_text("utf-8")
    assert "91.25 %" in text and "small int4 ships" in text and "90.0 [" in text


@pytest.mark.parametrize("probability", [None, 1.0])
def test_a_choice_without_a_probability_is_told_too(probability):
    told = decision_in_words(replace(CHOICE, probability=probability))
    assert ("truly clears" in told) == (probability is not None)


def test_a_notebook_that_failed_without_a_word_or_was_not_run_has_its_row():
    made = page([Run("00", 1.0, 1, 2, ""), Run("01", 0.0, 1, None, "no notebook")], {}, None, [], host())
    assert "cell 2: " in made and "not run: no notebook" in made


@pytest.mark.browser
def test_the_page_is_accessible(axe):
    from tests.accessible import faults

    broken = [*RUNS, Run("02_broken", 0.0, 1, None, "no notebook")]
    assert faults(page(broken, ASKED, CHOICE, [row(), row(model=EVIL)], host()), axe) == []
    assert faults('<html lang="en"><title>t</title><main><h1>t</h1><img src="x"></main>', axe)  # it can fail
