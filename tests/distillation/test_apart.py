"""Training in a process of its own: once, its failure told, its progress shown where somebody looks."""

import sys

import pytest

from edgelab.distillation import apart
from edgelab.machine.bars import ASKED_FOR, shows_bars


def test_a_child_that_fails_says_why(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.setenv("EDGELAB_DATASET", str(tmp_path / "absent.csv"))
    with pytest.raises(RuntimeError, match="absent.csv"):
        apart._in_a_child()


def test_it_is_asked_once(monkeypatch, tmp_path, tiny):
    asked = []
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.setattr(apart, "_in_a_child", lambda: asked.append("child"))
    monkeypatch.setattr(apart, "_both", lambda data: ("teacher", "student"))
    for _ in range(2):
        assert apart.teacher_and_student(tiny) == ("teacher", "student")
    assert asked == ["child"]


def test_a_child_shows_bars_where_its_parent_asks_for_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "ipykernel", None)
    monkeypatch.delitem(sys.modules, "ipykernel")
    monkeypatch.setattr(sys, "stderr", None)
    assert not shows_bars()
    monkeypatch.setenv(ASKED_FOR, "1")
    assert shows_bars()
