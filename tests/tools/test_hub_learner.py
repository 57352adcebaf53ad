"""What JupyterHub runs for a learner: notebooks and a home of their own, what was built lent; tried as another user."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import ROOT
from tools.hub_learner import lay

BUILDS = """
import os, sys
import filelock
from edgelab.workspace import build_once, versions
versions()
if uid := int(os.environ.get("BECOME", 0)):  # all is imported: whoever that is need not be able to read Python
    os.setgroups([]), os.setgid(uid), os.setuid(uid)
for name in sys.argv[1:]:
    print(name, "loaded" if build_once(name, lambda folder: (folder / "x").write_text("7"), inputs={}).loaded else "built")
"""


@pytest.fixture
def course(tmp_path) -> Path:
    """A course that has built one thing."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "00_start_here.ipynb").write_text("first edition")
    (tmp_path / "notebooks" / "INSTRUCTORS.md").write_text("not for learners")
    home = tmp_path / "artifacts"
    (home / "downloads" / "vision").mkdir(parents=True)
    run(home, "teacher")
    return tmp_path


def run(home: Path, *names: str, become: int = 0) -> str:
    environment = {**os.environ, "EDGELAB_HOME": str(home), "PYTHONPATH": str(ROOT), "BECOME": str(become)}
    command = [sys.executable, "-c", BUILDS, *names]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_stands_is_the_learners_and_what_was_built_is_lent(course, tmp_path):
    own = tmp_path / "own"
    work, home = lay(course, course / "artifacts", own)
    assert [each.name for each in work.iterdir()] == ["00_start_here.ipynb"]
    (work / "00_start_here.ipynb").write_text("an answer")
    (course / "notebooks" / "00_start_here.ipynb").write_text("second edition")
    lay(course, course / "artifacts", own)
    assert (work / "00_start_here.ipynb").read_text() == "an answer"
    assert all(each.is_symlink() for each in (home / "built").iterdir())
    assert (home / "downloads" / "vision").is_dir()
    assert run(home, "teacher", "own") == "teacher loaded\nown built\n"
    assert len(list((course / "artifacts" / "built").glob("[!.]*"))) == 1  # it went into the learner's own
    lay(course, course / "artifacts", own)
    assert run(home, "teacher", "own") == "teacher loaded\nown loaded\n"


def test_what_the_course_has_no_more_is_built_anew(course, tmp_path):
    own = tmp_path / "own"
    _, home = lay(course, course / "artifacts", own)
    shutil.rmtree(course / "artifacts" / "built")
    lay(course, course / "artifacts", own)
    assert not any((home / "built").iterdir())
    assert run(home, "teacher") == "teacher built\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become another user")
def test_another_user_loads_it_and_cannot_change_it(course, tmp_path):
    nobody = pwd.getpwnam("nobody")
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & stat.S_IXOTH and folder != folder.parent:
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)
    own = tmp_path / "own"
    _, home = lay(course, course / "artifacts", own)
    for place in (own, *own.rglob("*")):
        os.chown(place, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    assert run(home, "teacher", "own", become=nobody.pw_uid) == "teacher loaded\nown built\n"
    (built,) = (course / "artifacts" / "built").glob("teacher-*")
    assert not (built.stat().st_mode | built.parent.stat().st_mode) & (stat.S_IWOTH | stat.S_IWGRP)
