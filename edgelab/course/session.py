"""Whose kernel this is: a learner's, that runs a notebook opened from `work/`, or that of a test, of `edgelab run`, of nobody.

Only a learner's own doings are kept. A front end (JupyterLab, VS Code) tells its kernel which notebook it runs; nbval, `edgelab
run` and a plain Python tell nothing.
"""

import os
import sys
from pathlib import Path

from edgelab.workspace import checkout, home

TOLD_BY_JUPYTER = "JPY_SESSION_NAME"  # in the environment of a kernel that a Jupyter server starts: its notebook's path
TOLD_BY_VS_CODE = "__vsc_ipynb_file__"  # among the notebook's own variables
HIDDEN = ".edgelab"  # the folder in `work/` that holds what is kept of the learner


def notebook_path() -> Path | None:
    """The notebook that this kernel was opened for; None where it is no front end's."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)  # nothing is imported for this
    shell = get_ipython() if get_ipython else None
    if shell is None or getattr(shell, "kernel", None) is None:
        return None
    told = shell.user_ns.get(TOLD_BY_VS_CODE) or os.environ.get(TOLD_BY_JUPYTER)
    return Path(told) if isinstance(told, str) and told.endswith(".ipynb") else None


def work_folder() -> Path | None:
    """The learner's folder, whether it is there or not; None where the package is installed without the course."""
    root = checkout()
    return root / "work" if root else None


def place() -> Path:
    """Where progress is kept on this machine: beside the learner's notebooks, else in the home."""
    work = work_folder()
    return (work / HIDDEN if work else home()) / "progress.jsonl"


def own_place() -> Path | None:
    """Where this kernel keeps its learner's progress: nowhere unless its notebook lies in `work/`, or the package is
    installed without the course, where any notebook of a front end is a learner's."""
    path = notebook_path()
    if path is None:
        return None  # at once: it is asked at every check
    work = work_folder()
    return None if work and work.resolve() not in path.resolve().parents else place()


def course_name(names: list[str]) -> str:
    """Which of these notebooks this kernel runs, be it a copy with something added to its name; empty for none."""
    path = notebook_path()
    return next((name for name in names if path and path.name.startswith(name)), "")
