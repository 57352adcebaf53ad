import pytest

from edgelab.course import prediction
from edgelab.course.prediction import Guess, beside, predict, record, recorded, reveal


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))


def test_the_latest_guess_counts():
    assert recorded("size") is None
    record("size", 12, "MB")
    record("gap", 3)
    assert recorded("size").value == 12 and recorded("size").unit == "MB"
    record("size", 4, "MB")
    assert recorded("size").value == 4 and recorded("gap").value == 3


def test_side_by_side():
    assert beside(None, 91.25, "%") == "no guess recorded; measured 91.25 %"
    guess = Guess(85, "%", "")
    assert beside(guess, 91.25, "%") == "you guessed 85 %; measured 91.25 %: 6.25 % more than you thought"
    assert beside(guess, 80, "%") == "you guessed 85 %; measured 80 %: 5 % less than you thought"
    assert beside(Guess(3, "", ""), 3) == "you guessed 3; measured 3: spot on"


def test_nonsense_is_refused():
    with pytest.raises(ValueError, match="expected a number"):
        record("size", float("nan"))


def test_the_widget_records_on_the_button_alone(capsys):
    line = predict("gap", "How far apart?", unit="points", low=0, high=20)
    number, button, status = line.children
    assert number.description == "How far apart? (points, 0 to 20)" and status.value == "no guess recorded yet"
    number.value = 50
    assert number.value == 20 and recorded("gap") is None
    number.value = 4
    button.click()
    assert recorded("gap").value == 4 and status.value == "recorded: 4 points"
    reveal("gap", 5.5, "points")
    assert capsys.readouterr().out == "you guessed 4 points; measured 5.5 points: 1.5 points more than you thought\n"
    assert predict("gap", "How far apart?", unit="points", low=0, high=20).children[0].value == 4


def test_headless_there_is_no_guess(capsys):
    predict("gap", "How far apart?", low=0, high=20)
    reveal("gap", 5.5)
    assert capsys.readouterr().out == "no guess recorded; measured 5.5\n" and not prediction.file().exists()
