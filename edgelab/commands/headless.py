"""What the commands share that run notebooks headless: the environment of a kernel, and how far a run is."""

import os
import sys
import sysconfig
from typing import TYPE_CHECKING

from edgelab.commands.output import printable, say
from edgelab.commands.signals import heed_in_loop

if TYPE_CHECKING:
    from edgelab.course.notebooks import NotebookProgress

CLEAR_LINE = "\r\033[K"


def put_scripts_on_path() -> None:
    """So that `!edgelab …` in a notebook is this environment's, activated or not."""
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")


def show_cell(progress: "NotebookProgress") -> None:
    """On a terminal: the line that says where we are, written over."""
    heed_in_loop()
    line = f"{heading(progress)}  cell {progress.cell}/{progress.cells}  {progress.seconds:.0f} s"
    print(f"{CLEAR_LINE}{printable(line)}", end="", file=sys.stderr)


def say_notebook(progress: "NotebookProgress") -> None:
    """Elsewhere: a line for each notebook, when it begins."""
    heed_in_loop()
    if progress.cell == 1:
        say(f"{heading(progress)}, {progress.cells} cells")


def heading(progress: "NotebookProgress") -> str:
    """Which notebook of how many."""
    return f"[{progress.notebook}/{progress.notebooks}] {progress.name}"
