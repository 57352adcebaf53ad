"""`edgelab cache`: what is listed, what is deleted, and homes that cannot be used."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from edgelab import workspace
from tests.command_line import ROOT, refused

SLOW = """
import time
from edgelab.workspace import build_once

def build(folder):
    (folder / "half").write_bytes(bytes(2_000_000))
    print("building", flush=True)
    time.sleep(60)

build_once("student", build, inputs={})
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def builder(home):
    """A process in the middle of building."""
    process = subprocess.Popen([sys.executable, "-c", SLOW], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout.readline() == "building\n"
    yield process
    process.kill()
    process.communicate()


def teacher(size: int = 3_000_000) -> workspace.Artifact:
    return workspace.build_once("teacher", lambda folder: (folder / "weights").write_bytes(bytes(size)), inputs={})


def test_what_was_built_is_listed_and_cleared(home, edgelab):
    teacher()
    (home / "downloads").mkdir()
    (home / "downloads" / "set.json").write_text("{}")
    listed = edgelab("cache", "list").stdout
    assert "1 built\n" in listed and re.search(r"3 MB +teacher-[0-9a-f]{16}", listed)
    assert "3 MB freed" in edgelab("cache", "clear").stdout
    assert "0 built" in edgelab("cache", "list").stdout
    assert (home / "downloads" / "set.json").exists()


def test_a_damaged_record_is_listed_as_that(edgelab):
    (teacher().path / "artifact.json").write_text('{"kind": ["teacher"]}')
    done = edgelab("cache", "list")
    assert done.returncode == 0 and "0 built, 1 damaged\n" in done.stdout
    assert re.search(r"^  damaged +3 MB  teacher-[0-9a-f]{16}$", done.stdout, re.MULTILINE)


def test_what_a_living_process_builds_stays_and_what_a_killed_one_left_goes(home, builder, edgelab):
    teacher()
    assert re.search(r"1 built, 1 being built\n(.*\n)?  being built +2 MB  \.student-", edgelab("cache", "list").stdout)
    done = edgelab("cache", "clear")
    assert done.returncode == 2 and done.stdout == ""
    assert re.fullmatch(r"edgelab: \S+\.student-\S+: could not be deleted: a running process builds it\n", done.stderr)
    assert [f.suffix for f in (home / "built").iterdir() if f.is_dir()] == [".scratch"]
    builder.kill()
    builder.wait()
    assert re.search(r"0 built, 1 unfinished\n  unfinished +2 MB  \.student-", edgelab("cache", "list").stdout)
    assert "2 MB freed" in edgelab("cache", "clear").stdout and not (home / "built").exists()


def test_what_cannot_be_deleted_is_said(home, edgelab, monkeypatch):
    kept, deleted = teacher(), workspace.build_once("student", lambda folder: None, inputs={})
    real = shutil.rmtree

    def rmtree(place, *args, **options):
        if place == kept.path:
            raise OSError(16, "Device or resource busy", str(place))
        real(place, *args, **options)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    done = edgelab("cache", "clear")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr == f"edgelab: {kept.path}: could not be deleted: Device or resource busy\n"
    assert kept.path.exists() and not deleted.path.exists()


def test_a_home_that_cannot_be_used_is_one_line(bundle, home, edgelab, monkeypatch):
    home.write_text("mine")
    monkeypatch.setenv("EDGELAB_HOME", str(home / "home"))
    refused(edgelab("evaluate", bundle, "--data", "clinc150"), "Not a directory", "EDGELAB_HOME")
    for command in ("doctor", "cache list", "cache clear"):
        done = edgelab(*command.split())
        assert (done.returncode, done.stderr) == (0, "")  # nothing was built there: that can be said
    monkeypatch.setenv("EDGELAB_HOME", "~nobody-of-this-name/x")
    for command in ("doctor", "cache list", "cache clear"):
        refused(edgelab(*command.split()), "EDGELAB_HOME=~nobody")


def test_a_command_that_builds_in_a_home_that_cannot_be_used_is_one_line(data_file, home, edgelab, monkeypatch):
    home.write_text("mine")
    monkeypatch.setenv("EDGELAB_HOME", str(home / "home"))
    refused(edgelab("build", "--data", data_file, "--out", home.parent / "out"), "Not a directory", "EDGELAB_HOME")
    assert os.listdir(home.parent) == ["home"]


def test_a_user_without_a_home_is_told_what_to_set(edgelab, monkeypatch):
    def unknown(path):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("EDGELAB_HOME")
    monkeypatch.setattr(workspace, "checkout", lambda: None)
    monkeypatch.setattr(workspace.Path, "expanduser", unknown)
    refused(edgelab("cache", "list"), "EDGELAB_HOME=: expected a folder: Could not determine home directory")


def test_what_another_process_deletes_meanwhile_is_not_listed(edgelab, monkeypatch):
    kept, gone = teacher(), workspace.build_once("student", lambda folder: None, inputs={})
    real = workspace.Path.is_dir

    def is_dir(path):
        found = real(path)
        if path == gone.path:
            shutil.rmtree(path, ignore_errors=True)
        return found

    monkeypatch.setattr(workspace.Path, "is_dir", is_dir)
    assert [entry.path for entry in workspace.stored()] == [kept.path]


def test_a_size_counts_files_and_no_link_to_nothing(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "three").write_text("abc")
    (tmp_path / ".#lock").symlink_to("me@host.1")  # as Emacs leaves one
    assert workspace.folder_bytes(tmp_path) == 3
    assert workspace.folder_bytes(tmp_path / "none") == 0
