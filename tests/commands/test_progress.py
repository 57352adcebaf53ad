"""`edgelab progress` and `edgelab editions`."""

import json
import os

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from edgelab import workspace
from edgelab.course import session
from edgelab.course.journal import Event, add
from tests.command_line import refused
from tests.full_disk import fill, small_disk

AT = "2026-11-30T06:{:02d}:00+00:00"


@pytest.fixture
def file(tmp_path, monkeypatch):
    place = tmp_path / "progress.jsonl"
    monkeypatch.setattr(session, "place", lambda: place)
    return place


@pytest.fixture
def learner(file):
    add(
        file,
        Event(AT.format(1), "check", "01_distillation", "soften", "fail", "expected an array", "def soften(): ..."),
    )
    add(file, Event(AT.format(5), "check", "01_distillation", "soften", "pass", source="soften = 3\x1b"))
    add(file, Event(AT.format(6), "guess", "00_start_here", key="pocket_ms", value=30.0, unit="ms"))
    add(file, Event(AT.format(7), "result", "00_start_here", key="pocket_ms", value=0.2, unit="ms"))
    return file


def test_a_beginner_is_told_where_to_begin(edgelab, file):
    done = edgelab("progress")
    assert done.returncode == 0 and not done.stderr
    assert done.stdout.startswith(f"nothing yet in {file}: it begins with your first check or guess")
    assert done.stdout.endswith("next: 00_start_here, exercise runs_where\n") and not file.exists()


def test_tells_what_passes_how_near_guesses_were_minutes_and_what_comes_next(edgelab, learner):
    done = edgelab("progress")
    assert done.returncode == 0 and not done.stderr
    lines = done.stdout.splitlines()
    assert lines[1].split() == ["00_start_here", "0", "of", "5", "pass", "1", "of", "6", "2", "of", "about", "35"]
    assert lines[2].split() == ["01_distillation", "1", "of", "11", "pass", "0", "of", "10", "4", "of", "about", "75"]
    assert "  one request takes: you guessed 30 ms; measured 0.2 ms: 29.8 ms less than you thought" in lines
    assert "minutes: from one check, guess or result to the next; where that took over 15" in done.stdout
    assert lines[-1] == "next: 00_start_here, exercise runs_where"


@pytest.mark.parametrize("name", ["01", "01_distillation", "01_distillation.ipynb", "work/01_distillation.ipynb"])
def test_one_notebook_in_full(edgelab, learner, name):
    lines = edgelab("progress", "--notebook", name).stdout.splitlines()
    assert lines[0].startswith("01_distillation: 1 of 11 exercises pass")
    assert lines[1].split() == ["soften", "passes"] and lines[2].split() == ["divergence", "to", "do"]
    refused(edgelab("progress", "--notebook", "77"), "77: expected a notebook of the course: 00_start_here")


def test_exports_one_json_over_nothing_unless_forced(edgelab, learner, tmp_path):
    out = tmp_path / "new" / "me.json"
    assert edgelab("progress", "--export", out).stdout == f"written: {out}\n"
    document = json.loads(out.read_text("utf-8"))
    soften = document["notebooks"][1]["exercises"][0]
    assert (soften["state"], soften["answer"], soften["tries"]) == ("passes", "soften = 3\x1b", 2)
    out.write_text("mine")
    refused(edgelab("progress", "--export", out), "is there already", "--force")
    assert out.read_text() == "mine"
    assert edgelab("progress", "--export", out, "--force").returncode == 0 and out.read_text() != "mine"
    refused(edgelab("progress", "--export", tmp_path), "expected a file to write")
    refused(edgelab("progress", "--export", out / "below"), "cannot be written")
    refused(edgelab("progress", "--export", tmp_path / ("n" * 300)), "cannot be written")
    odd = tmp_path / "é\x1b[31m\n\udce9.json"
    assert edgelab("progress", "--export", odd).stdout == f"written: {tmp_path}/é\\x1b[31m\\x0a\\udce9.json\n"
    assert json.loads(odd.read_text("utf-8"))["form"] == "edgelab progress 1"


def test_exports_through_a_link_and_onto_no_device(edgelab, learner, tmp_path):
    out, link, pipe, loop = (tmp_path / name for name in ("out.json", "link", "pipe", "loop"))
    out.write_text("mine")
    link.symlink_to(out)
    assert edgelab("progress", "--export", link, "--force").returncode == 0
    assert link.is_symlink() and json.loads(out.read_text("utf-8"))
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for place in (pipe, loop):
        refused(edgelab("progress", "--export", place, "--force"), "expected a file to write")
    assert pipe.is_fifo() and loop.is_symlink()


def test_exports_no_number_that_json_does_not_have(edgelab, file, tmp_path):
    for kind, value in (("guess", -1e308), ("result", 1e308)):
        add(file, Event(AT.format(1), kind, "00_start_here", key="pocket_ms", value=value, unit="ms"))
    edgelab("progress", "--export", tmp_path / "me.json")
    text = (tmp_path / "me.json").read_text("utf-8")
    assert "Infinity" not in text and '"difference": null' in text


def test_a_full_disk_leaves_no_half_of_an_export(edgelab, learner, tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        (disk / "me.json").write_text("mine")
        fill(disk)
        refused(
            edgelab("progress", "--export", disk / "me.json", "--force"), "me.json: cannot be written: No space left"
        )
        assert (disk / "me.json").read_text() == "mine"
        assert {file.name for file in disk.iterdir()} == {"me.json", ".filler"}


def test_lines_of_another_kind_are_said_once_and_stay(edgelab, learner):
    with learner.open("ab") as stream:
        stream.write(b'{"half": \n\xff\xff\n')
    before = learner.read_bytes()
    done = edgelab("progress")
    assert done.returncode == 0 and "01_distillation" in done.stdout
    assert done.stderr == f"{learner}: 2 lines are not the course's, or half written: skipped, and left there\n"
    assert learner.read_bytes() == before


def test_a_journal_that_cannot_be_read_is_refused(edgelab, file):
    file.mkdir()
    refused(edgelab("progress"), "progress.jsonl: cannot be read")


def test_a_newer_edition_is_told_and_laid_beside(edgelab, course, monkeypatch):
    monkeypatch.setattr(workspace, "PACKAGE", course / "edgelab")
    assert "present edition, or not laid yet" in edgelab("editions").stdout
    (course / "work").mkdir()
    mine = course / "work" / "01_next.ipynb"
    mine.write_bytes((course / "notebooks" / "01_next.ipynb").read_bytes())
    nbformat.write(new_notebook(cells=[new_markdown_cell("other")]), course / "notebooks" / "01_next.ipynb")
    before = mine.read_bytes()
    assert edgelab("editions").stdout.startswith("01_next: 1 cell of the course's own text")
    done = edgelab("editions", "--lay-beside", "01")
    assert done.returncode == 0 and "01_next.new-edition.ipynb" in done.stdout and "check.restore()" in done.stdout
    assert mine.read_bytes() == before and "present edition" in edgelab("editions").stdout
    refused(edgelab("editions", "--lay-beside", "01"), "present edition already")
    refused(edgelab("editions", "--lay-beside", "09"), "09: expected one of 00_start_here, 01_next")
