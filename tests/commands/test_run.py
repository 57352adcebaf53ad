"""`edgelab run`."""

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab import workspace
from tests.command_line import process, refused


@pytest.fixture
def in_course(course, monkeypatch):
    """This process's package as if it stood in that course."""
    monkeypatch.setattr(workspace, "PACKAGE", course / "edgelab")
    return course


def test_tables_every_notebook(course):
    done = process("run", root=course)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["[1/2] 00_start_here, 1 cells", "[2/2] 01_next, 1 cells"]
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"00_start_here +\d+\.\d +\d+ MB  ok", lines[1]) and lines[3].endswith("2 ok, 0 failed")


def test_fails_if_a_cell_raised(in_course, edgelab):
    mine = in_course / "mine\x1b[31m.ipynb"
    cells = [new_code_cell("1"), new_code_cell("raise ValueError('red \\x1b[31m')")]
    nbformat.write(new_notebook(cells=cells), mine)
    done = edgelab("run", mine)
    assert done.returncode == 1 and "\x1b" not in done.stdout + done.stderr
    assert r"cell 2: ValueError: red \x1b[31m" in done.stdout and "0 ok, 1 failed" in done.stdout
    assert done.stderr == r"[1/1] mine\x1b[31m, 2 cells" + "\n"


def test_refuses_what_is_not_there(in_course, edgelab):
    refused(edgelab("run", "07_none"), "07_none", "00_start_here, 01_next")
