"""Which data a notebook works on."""

import os

import pytest

from edgelab.datasets.choice import VARIABLE, chosen, named, settle
from edgelab.datasets.sources import DataError
from tests.learner_files import BODY, HEADER, WORDS


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "mine.csv").write_text(HEADER + BODY)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, "mine.csv")
    return tmp_path / "mine.csv"


@pytest.mark.parametrize("value", [None, "", " ", "pocket"])
def test_pocket_without_a_word(value, monkeypatch, capsys):
    monkeypatch.delenv(VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(VARIABLE, value)
    settle()
    data = chosen()
    assert data.name == "pocket" and {"plain", "hard"} <= set(data.extra) and data.unlabelled
    assert capsys.readouterr().out == ""


def test_a_learners_file_and_a_line_that_says_so(mine, capsys):
    data = chosen()
    assert data.name == "mine" and set(data.labels) == set(WORDS.values()) and not data.extra
    said = capsys.readouterr().out
    assert said.count("\n") == 1 and VARIABLE in said and "mine" in said


def test_a_settled_path_holds_in_another_folder(mine, tmp_path, monkeypatch):
    settle()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert named() == str(mine) and chosen().name == "mine"


def test_what_cannot_be_loaded_is_refused_before_anything_runs(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(tmp_path / "nowhere.csv"))
    for take in (settle, chosen):
        with pytest.raises(DataError, match=r"nowhere\.csv: cannot be read"):
            take()


def test_a_public_set_is_not_fetched_to_settle(monkeypatch):
    monkeypatch.setenv(VARIABLE, "clinc150")
    monkeypatch.setenv("EDGELAB_MIRROR", "http://127.0.0.1:9")
    settle()
    assert os.environ[VARIABLE] == "clinc150"
