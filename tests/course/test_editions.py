"""The learner's copies: laid once, never touched; a newer edition is told, and laid beside them."""

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from edgelab.course import editions, notebooks
from edgelab.course.editions import lay_beside, lay_work_copy, newer_editions, newer_in_words
from edgelab.course.notebooks import CourseError
from tests.full_disk import fill, small_disk


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


def cells(text="Three objectives.", stub="x = ..."):
    return [
        new_markdown_cell(text),
        new_code_cell("1 + 1"),
        new_code_cell(stub, metadata={"tags": ["exercise"]}, outputs=[new_output("stream", text="[todo]")]),
    ]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of two notebooks."""
    (tmp_path / "notebooks").mkdir()
    for name in ("01_second", "00_first"):
        write(tmp_path / "notebooks" / f"{name}.ipynb", *cells())
    (tmp_path / "notebooks" / "INSTRUCTORS.md").write_text("notes")
    monkeypatch.setattr(notebooks, "checkout", lambda: tmp_path)
    return tmp_path


def update(folder, name="00_first", text="Four objectives."):
    write(folder / "notebooks" / f"{name}.ipynb", *cells(text))


def test_a_work_copy_is_laid_once_and_never_overwritten(folder):
    work, new = lay_work_copy()
    assert [path.name for path in new] == ["00_first.ipynb", "01_second.ipynb"]
    (work / "00_first.ipynb").write_text("the learner's edit")
    (work / "01_second.ipynb").unlink()
    write(folder / "notebooks" / "02_third.ipynb")
    _, new = lay_work_copy()
    assert [path.name for path in new] == ["01_second.ipynb", "02_third.ipynb"]
    assert (work / "00_first.ipynb").read_text() == "the learner's edit"
    assert lay_work_copy()[1] == []


def test_what_the_learner_writes_and_runs_is_no_newer_edition(folder):
    work, _ = lay_work_copy()
    write(work / "00_first.ipynb", *cells("my notes", "x = 3"), new_code_cell("more"))
    assert newer_editions() == [] and newer_in_words() == []


def test_a_newer_edition_is_told_and_laid_beside_over_nothing(folder):
    work, _ = lay_work_copy()
    write(work / "00_first.ipynb", *cells(stub="x = 3"))
    mine = (work / "00_first.ipynb").read_bytes()
    update(folder)
    (newer,) = newer_editions()
    assert (newer.copy, newer.certain, newer.changed_cells) == (work / "00_first.ipynb", True, 1)
    assert "00_first: the course has a newer edition; of its own text 1 cell differ" in newer_in_words()[0]
    assert "edgelab editions --lay-beside" in newer_in_words()[-1]
    beside = lay_beside("00")
    assert beside == work / "00_first.new-edition.ipynb" and newer_editions() == []
    assert beside.read_text() == (folder / "notebooks" / "00_first.ipynb").read_text()
    write(beside, *cells("Four objectives.", "x = 4"))  # the learner goes on in it
    assert newer_editions() == []
    with pytest.raises(CourseError, match="new-edition.ipynb: this is the course's present edition already"):
        lay_beside("00_first")
    update(folder, text="Five objectives.")
    assert len(newer_editions()) == 1
    assert lay_beside("00_first.ipynb").name == "00_first.new-edition-2.ipynb"
    assert (work / "00_first.ipynb").read_bytes() == mine and "x = 4" in beside.read_text()


def test_without_a_record_texts_are_compared_and_that_is_said(folder):
    work, _ = lay_work_copy()
    (work / ".edgelab" / "editions.json").unlink()
    write(work / "01_second.ipynb", *cells(stub="x = 3"))
    assert newer_editions() == []
    update(folder)
    (newer,) = newer_editions()
    assert not newer.certain
    assert "there is no record of the edition that yours was laid from: it may be older" in newer_in_words()[0]


def test_who_copied_the_newer_edition_by_hand_has_it(folder):
    work, _ = lay_work_copy()
    update(folder)
    (work / "00_first.ipynb").write_bytes((folder / "notebooks" / "00_first.ipynb").read_bytes())
    assert newer_editions() == []


@pytest.mark.parametrize(
    "record", ["", "[]", "{", '{"00_first.ipynb": 3}', '{"00_first.ipynb": {"edition": 3}}', "\xff"]
)
def test_a_damaged_record_is_none(folder, record):
    work, _ = lay_work_copy()
    (work / ".edgelab" / "editions.json").write_text(record, "latin1")
    assert newer_editions() == []
    update(folder)
    assert [newer.certain for newer in newer_editions()] == [False]
    lay_beside("00")
    assert newer_editions() == []


def test_a_copy_that_is_no_notebook_is_left_alone(folder):
    work, _ = lay_work_copy()
    (work / "00_first.ipynb").write_text("notes")
    update(folder)
    assert newer_editions() == [] and lay_beside("00").name == "00_first.new-edition.ipynb"


def test_what_is_not_there_is_refused(folder):
    with pytest.raises(CourseError, match="07: expected one of 00_first, 01_second"):
        lay_beside("07")
    assert newer_editions() == []


@pytest.mark.parametrize(
    "name", ["", ".", "../x", "../../notebooks/00_first", "/etc/passwd", "00_first.ipynb/..", "\0"]
)
def test_no_name_leads_out_of_the_folder(folder, name):
    before = sorted(folder.rglob("*"))
    with pytest.raises(CourseError, match="expected one of 00_first, 01_second"):
        lay_beside(name)
    assert sorted(folder.rglob("*")) == before


IN_THE_WAY = {
    "a file for the folder": ("work", lambda place: place.write_text("mine")),
    "a link to nothing for the folder": ("work", lambda place: place.symlink_to("nowhere")),
    "a file for the hidden folder": ("work/.edgelab", lambda place: place.write_text("mine")),
    "a folder for the record": ("work/.edgelab/editions.json", lambda place: place.mkdir()),
}


@pytest.mark.parametrize("where, put", IN_THE_WAY.values(), ids=IN_THE_WAY.keys())
def test_what_is_in_the_way_is_told_and_stays(folder, where, put):
    place = folder / where
    place.parent.mkdir(parents=True, exist_ok=True)
    put(place)
    for lay in (lay_work_copy, lambda: update(folder) or lay_beside("00")):
        with pytest.raises(CourseError, match=f"{place.name}: in the way of your copies"):
            lay()
    assert os.path.lexists(place) and not (folder / "nowhere").exists()


@pytest.mark.parametrize("name", ["00_first", "00_first.new-edition"])
@pytest.mark.parametrize("kind", ["folder", "odd cells", "odd text"])
def test_odd_copies_are_passed_by(folder, name, kind):
    odd = {"odd cells": [{"cell_type": "code"}, 3], "odd text": [{"cell_type": "code", "metadata": 3, "source": [1]}]}
    place = folder / "work" / f"{name}.ipynb"
    place.parent.mkdir()
    if kind == "folder":
        place.mkdir()
    else:
        place.write_text(json.dumps({"cells": odd[kind], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    lay_work_copy()
    update(folder)
    newer_in_words()
    assert lay_beside("00").read_bytes() == (folder / "notebooks" / "00_first.ipynb").read_bytes()


def test_a_full_disk_leaves_no_half_of_a_notebook(tmp_path, monkeypatch):
    with small_disk(tmp_path / "disk", 256) as disk:
        (disk / "notebooks").mkdir()
        write(disk / "notebooks" / "00_first.ipynb", *cells("word " * 10_000))
        monkeypatch.setattr(notebooks, "checkout", lambda: disk)
        (disk / "work").mkdir()
        fill(disk)
        with pytest.raises(OSError):
            lay_work_copy()
        assert not list((disk / "work").glob("*.ipynb"))
        (disk / ".filler").unlink()
        assert len(lay_work_copy()[1]) == 1
        assert json.loads((disk / "work" / ".edgelab" / "editions.json").read_text()).keys() == {"00_first.ipynb"}
        assert editions.newer_editions() == []
