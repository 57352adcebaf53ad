"""What is built before a workshop is kept, compared, and built anew where it is damaged; a learner's own is left alone."""

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab.course import workshop
from edgelab.errors import UserError
from edgelab.workspace import built_home, home

BUILDS = """
from edgelab.course import prediction
from edgelab.workspace import build_once
prediction.record("guess", 7)
made = build_once("toy", lambda folder: (folder / "seven").write_text("7"), inputs={"n": 7})
print("built", not made.loaded)
"""


@pytest.fixture
def own_home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def notebook(tmp_path) -> Path:
    path = tmp_path / "01_builds.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(BUILDS)]), path)
    return path


def standing(root: Path, **files: str) -> workshop.Prepared:
    """Folders with a file each, written down."""
    for name, text in files.items():
        (root / name).mkdir(parents=True)
        (root / name / "file").write_text(text)
    return workshop.discard([])


def test_what_a_notebook_builds_is_kept_and_its_guesses_are_not(own_home, notebook):
    done = workshop.run(notebook, ["a part"], lambda progress: None)
    assert done.error is None, done
    (folder,) = [each for each in built_home().iterdir() if each.is_dir()]
    assert (folder / "seven").read_text() == "7"
    assert sorted(each.name for each in home().iterdir()) == ["built", "downloads", "workshop.json"]
    found = workshop.prepared()
    assert set(found.files) == {f"{folder.name}/seven", f"{folder.name}/artifact.json"}
    assert not workshop.pending(found, [notebook], ["a part"])
    assert workshop.pending(found, [notebook], ["a part", "and another"]) == [notebook]
    nbformat.write(new_notebook(cells=[new_code_cell("another")]), notebook)
    assert workshop.pending(found, [notebook], ["a part"]) == [notebook]


def test_a_notebook_that_fails_does_not_count(own_home, notebook):
    nbformat.write(new_notebook(cells=[new_code_cell("1 / 0")]), notebook)
    assert workshop.run(notebook, [], lambda progress: None).error
    assert workshop.pending(workshop.prepared(), [notebook], []) == [notebook]


def test_the_home_is_back_after_the_desk_even_where_there_was_none(own_home, monkeypatch):
    with pytest.raises(ZeroDivisionError), workshop.desk():
        assert home() != own_home and built_home().resolve() == (own_home / "built").resolve()
        raise ZeroDivisionError
    assert home() == own_home
    monkeypatch.delenv("EDGELAB_HOME")
    monkeypatch.setattr(workshop, "built_home", lambda: own_home / "built")
    monkeypatch.setattr(workshop, "download_home", lambda: own_home / "downloads")
    before = home()
    with workshop.desk():
        assert home() != before
    assert home() == before


@pytest.mark.parametrize(
    "harm",
    [
        lambda file: file.write_text("8"),
        lambda file: file.write_text(""),
        lambda file: file.unlink(),
        lambda file: (file.unlink(), file.mkdir()),
    ],
    ids=["another byte", "cut off", "gone", "a folder in its place"],
)
def test_damage_is_found_and_only_that_folder_goes(own_home, harm):
    found = standing(own_home / "built", harmed="7", sound="7")
    read: list[int] = []
    assert workshop.damaged(found, read.append) == [] and read == [1, 1]
    harm(own_home / "built" / "harmed" / "file")
    assert workshop.damaged(found) == ["harmed"]
    left = workshop.discard(["harmed"])
    assert set(left.files) == {"sound/file"} == set(workshop.prepared().files)
    assert not (own_home / "built" / "harmed").exists() and not left.notebooks


def test_of_what_another_home_lent_only_the_link_goes(own_home, tmp_path):
    standing(own_home / "built")
    (tmp_path / "lent").mkdir()
    (tmp_path / "lent" / "file").write_text("7")
    (own_home / "built" / "link").symlink_to(tmp_path / "lent")
    assert set(workshop.discard([]).files) == {"link/file"}
    workshop.discard(["link"])
    assert (tmp_path / "lent" / "file").exists() and not (own_home / "built" / "link").exists()


@pytest.mark.parametrize("name", ["../outside/file", "/outside/file", "..", ".", "", "a\0b"])
def test_a_name_that_leads_out_of_the_home_deletes_nothing(own_home, tmp_path, name):
    standing(own_home / "built", sound="7")
    (tmp_path / "outside").mkdir()
    workshop.discard(workshop.damaged(workshop.Prepared({}, {name: "1 1 x"})))
    assert (tmp_path / "outside").is_dir() and (own_home / "built" / "sound" / "file").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"notebooks": 7, "files": {}}', '{"files": {"a": 7}}', '{"others": {}}', '{"files": {"a": null}}'],
)
def test_a_record_that_cannot_be_read_is_none(own_home, text):
    own_home.mkdir()
    workshop.file().write_text(text)
    assert workshop.prepared() == workshop.Prepared()


@pytest.mark.parametrize("mark", ["", "x", "-1 1 x", f"{'9' * 5000} 1 x", "\u0663 1 x"])
def test_a_mark_that_nobody_wrote_is_damage(own_home, mark):
    found = standing(own_home / "built", sound="7")
    wrong = workshop.Prepared({}, {name: mark for name in found.files})
    assert wrong.size_bytes >= 0 and workshop.damaged(wrong) == ["sound"]


def test_unchanged_files_are_not_read_again(own_home, monkeypatch):
    found = standing(own_home / "built", one="1", two="2")
    (own_home / "built" / "two" / "file").write_text("22")
    read = []
    monkeypatch.setattr(workshop, "_sha256", lambda path: read.append(path.parent.name) or "new")
    assert workshop._files(found.files)["one/file"] == found.files["one/file"] and read == ["two"]


def test_two_at_once(own_home):
    with workshop.alone(), pytest.raises(UserError, match="another process"), workshop.alone():
        pass
    with workshop.alone():
        pass


def test_the_record_is_plain_json(own_home):
    standing(own_home / "built", one="1")
    kept = json.loads(workshop.file().read_text())
    assert set(kept) == {"notebooks", "files"} and set(kept["files"]) == {"one/file"}
