"""The people of Pocket, and files that are none."""

import pytest

from edgelab.datasets.sources import DataError
from edgelab.personalization.users import load_users, read_user

FILE = """# ada: likes tapes
## coffin -> set_alarm time=4 pm; date=today
learn: back in the coffin
learn: lid is closing
test: goodnight says the vampire
## tapes -> new
learn: roll the tape
learn: side a
"""


def test_the_people_of_pocket_have_ten_commands_with_eight_phrases_to_learn_and_eight_to_judge():
    users = load_users()
    assert [user.name for user in users] == ["amara", "jonas", "mei"]
    for user in users:
        assert len(user.commands) == len(set(user.names)) == 10
        assert {(len(c.learn), len(c.held_out)) for c in user.commands} == {(8, 8)}
        assert not set(user.learn.texts) & set(user.held_out.texts)
        assert sum(command.tool is None for command in user.commands) == 3


def test_a_file_is_read_with_calls_and_descriptions(tmp_path):
    (tmp_path / "ada.txt").write_text(FILE)
    user = read_user(tmp_path / "ada.txt")
    assert user.about == "likes tapes" and user.names == ("coffin", "tapes")
    assert user.commands[0].slots == {"time": "4 pm", "date": "today"} and user.commands[1].tool is None
    assert user.descriptions.texts == ("coffin", "set alarm 4 pm today", "tapes")
    assert user.learn.labels == ("coffin", "coffin", "tapes", "tapes") and user.held_out.labels == ("coffin",)


def test_each_phrase_is_set_aside_once_and_never_learned_from_then(tmp_path):
    (tmp_path / "ada.txt").write_text(FILE)
    user = read_user(tmp_path / "ada.txt")
    folds = list(user.folds(2))
    assert [kept.texts for _, kept in folds] == [("back in the coffin", "roll the tape"), ("lid is closing", "side a")]
    for learn, kept in folds:
        assert set(learn.texts) | set(kept.texts) == set(user.learn.texts) and not set(learn.texts) & set(kept.texts)


@pytest.mark.parametrize("line", ["learned: x", "## coffin", "learn: ", "# again: x"])
def test_another_line_is_refused_by_its_number(tmp_path, line):
    (tmp_path / "ada.txt").write_text(FILE + line + "\n")
    with pytest.raises(DataError, match="ada.txt, line 9: expected"):
        read_user(tmp_path / "ada.txt")


def test_a_folder_without_people_is_refused(tmp_path):
    with pytest.raises(DataError, match="found none"):
        load_users(tmp_path)
