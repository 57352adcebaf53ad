"""A person's own commands: what is refused, what is learned, kept, forgotten; and the copy in which it lies."""

import shutil

import pytest

from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import users_of, written
from edgelab.personalization.teaching import TeachingError, after_restart, commands_of, my_bundle, teach
from edgelab.personalization.widgets import Teaching
from tests.personalization.conftest import PLAN

TAUGHT = {"My coffin": "back in the coffin\n\nthe coffin is closing\ninto my coffin now\n", "": "", "tapes": "a\nb\nc"}


def test_phrases_are_read_a_line_each():
    coffin, tapes = commands_of(TAUGHT)
    assert coffin.name == "my_coffin" and coffin.tool is None and tapes.learn == ("a", "b", "c")
    assert coffin.learn == ("back in the coffin", "the coffin is closing", "into my coffin now")


@pytest.mark.parametrize(
    "taught",
    [{}, {"a": ""}, {"a": "one\ntwo"}, {"": "one\ntwo\nthree"}, {"a": "x\nx\nx"}, {"a b": "1\n2\n3", "A_b": "1\n2\n3"}],
)
def test_too_little_is_refused(taught):
    with pytest.raises(TeachingError, match="expected"):
        commands_of(taught)


def test_what_was_taught_survives_and_goes(adaptable, tiny_student, tiny_home, tmp_path):
    folder = tmp_path / "mine"
    shutil.copytree(adaptable(), folder)
    with tiny_home():
        teach(tiny_student, folder, "me", commands_of(TAUGHT), PLAN)
    assert users_of(folder) == ("me",)
    assert after_restart(folder, "me", ["back in the coffin"]) == ["my_coffin"]


def test_the_widget_asks_restarts_and_forgets(bundle, tiny_student):
    shutil.move(bundle / "users" / "ada", bundle / "users" / "me")
    teaching = Teaching(tiny_student, bundle)
    assert "the base's" in teaching.ask("roll the tape")  # nothing was learned in this kernel
    teaching.personal.load_user("me")
    assert "tapes (your command" in teaching.ask("roll the tape")
    assert teaching.restart("roll the tape").endswith("offline: tapes")
    assert len(teaching.files()) == 2
    assert teaching.forget().startswith("deleted 2 files") and written(bundle, "me") == ()
    assert "teach it first" in teaching.restart("roll the tape") and "the base's" in teaching.ask("roll the tape")


def test_a_copy_keeps_people_where_its_base_is_replaced(bundle, adaptable, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    mine = my_bundle(adaptable())
    assert users_of(mine) == () and PersonalBundle.load(mine)
    shutil.copytree(bundle / "users", mine / "users")
    assert my_bundle(adaptable()) == mine and users_of(mine) == ("ada",)
    other = adaptable("int8")
    assert my_bundle(other) == mine and users_of(mine) == ("ada",)
    assert (mine / "model.onnx").read_bytes() == (other / "model.onnx").read_bytes()
