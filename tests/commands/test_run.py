"""`edgelab run`."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab import workspace
from tests.beginning.guard import path_for_children
from tests.command_line import process, refused
from tests.processes import HEEDING


@pytest.fixture
def in_course(course, monkeypatch):
    """This process's package as if it stood in that course."""
    monkeypatch.setattr(workspace, "PACKAGE", course / "edgelab")
    return course


def test_tables_every_notebook(course, tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    done = process("run", root=course)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["[1/2] 00_start_here, 1 cells", "[2/2] 01_next, 1 cells"]
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"00_start_here +\d+\.\d +\d+ MB  ok", lines[1]) and lines[3].endswith("2 ok, 0 failed")
    assert "predictions: 0 of 0 results" in done.stdout and "decision: none yet" in done.stdout
    assert "00_start_here" in Path(lines[-1].removeprefix("report: ")).read_text("utf-8")


def test_the_learners_data_are_looked_at_before_any_notebook_runs(in_course, edgelab, monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_DATASET", str(tmp_path / "gone.csv"))
    done = edgelab("run", "00_start_here")
    refused(done, "gone.csv")
    assert "[1/1]" not in done.stderr


def test_what_is_kept_is_looked_at_before_the_course_runs(in_course, edgelab, monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    (tmp_path / "choice.json").write_text("[]")
    done = edgelab("run")
    refused(done, "choice.json: expected what the course has kept")
    assert "[1/2]" not in done.stderr


def test_fails_if_a_cell_raised(in_course, edgelab):
    mine = in_course / "mine\x1b[31m.ipynb"
    cells = [new_code_cell("1"), new_code_cell("raise ValueError('red \\x1b[31m')")]
    nbformat.write(new_notebook(cells=cells), mine)
    done = edgelab("run", mine)
    assert done.returncode == 1 and "\x1b" not in done.stdout + done.stderr
    assert r"cell 2: ValueError: red \x1b[31m" in done.stdout and "0 ok, 1 failed" in done.stdout
    assert done.stderr == r"[1/1] mine\x1b[31m, 2 cells" + "\n"


@pytest.mark.skipif(os.name == "nt", reason="other signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_stopped_ends_its_kernel_and_runs_no_more(course, number, code):
    slow = course / "slow.ipynb"
    source = "import os, pathlib, time\npathlib.Path('kernel').write_text(str(os.getpid()))\ntime.sleep(60)"
    nbformat.write(new_notebook(cells=[new_code_cell(source)]), slow)
    command = [sys.executable, "-m", "edgelab", "run", str(slow), "01_next"]
    environment = {**os.environ, "PYTHONPATH": path_for_children(course)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=course, env=environment, **pipes, **HEEDING) as running:
        while not (course / "kernel").exists() or not (course / "kernel").read_text():
            assert running.poll() is None
            time.sleep(0.1)
        running.send_signal(number)
        out, complaints = running.communicate(timeout=60)
    assert (running.returncode, out, complaints) == (code, "", "[1/2] slow, 1 cells\n")
    assert not psutil.pid_exists(int((course / "kernel").read_text()))


def test_refuses_what_is_not_there(in_course, edgelab):
    refused(edgelab("run", "07_none"), "07_none", "00_start_here, 01_next")
    refused(edgelab("run", "n" * 300), "nnn", "00_start_here, 01_next")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"metadata": {"kernelspec": {"name": "none\x1b", "display_name": ""}}}, r"No such kernel named none\x1b"),
        ({"metadata": {"kernelspec": {"name": ["python3"], "display_name": ""}}}, "expected a unicode string"),
        ({"cells": [{**new_code_cell("1"), "source": 5}]}, "AttributeError"),
    ],
)
def test_a_notebook_that_cannot_be_run_is_told_in_the_table_and_the_next_one_runs(in_course, edgelab, change, reason):
    odd = in_course / "odd.ipynb"
    odd.write_text(json.dumps({**new_notebook(cells=[new_code_cell("1")]), **change}))
    done = edgelab("run", odd, "00_start_here")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    _, of_odd, of_next, total = done.stdout.splitlines()
    assert of_odd.startswith("odd ") and reason in of_odd
    assert of_next.endswith("  ok") and total.endswith("1 ok, 1 failed")
