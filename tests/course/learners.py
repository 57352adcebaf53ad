"""A learner's kernel without a kernel: cells that are run one by one, in a notebook that lies in `work/`."""

import hashlib
import linecache

from edgelab.course import journal, session
from edgelab.course.exercises import Checks
from tests import toy_checks

NOTEBOOK = "01_distillation"


def toy(notebook=NOTEBOOK):
    """The toy's exercises, in a kernel that has not seen any of them."""
    check = Checks(1.0, notebook=notebook)
    check.exercises = toy_checks.check.exercises
    return check


class Kernel:
    """`run(cell)` runs a cell as IPython does: its text is in `linecache` and, from then on, in `In`."""

    def __init__(self, check=None):
        self.names = {"__name__": "__main__", "In": [""], "check": check or toy()}

    def run(self, cell):
        file = f"/tmp/ipykernel_0/{hashlib.md5(cell.encode()).hexdigest()[:8]}.py"
        linecache.cache[file] = (len(cell), None, [f"{line}\n" for line in cell.splitlines()], file)
        self.names["In"].append(cell)
        exec(compile(cell, file, "exec"), self.names)
        return self.names

    def __getitem__(self, name):
        return self.names[name]


def in_work(monkeypatch, folder):
    """As if this process were the kernel of a learner whose notebooks lie in that folder; where it keeps progress."""
    place = folder / session.HIDDEN / "progress.jsonl"
    monkeypatch.setattr(journal, "own_place", lambda: place)
    for module in ("answers", "progress_shown"):
        monkeypatch.setattr(f"edgelab.course.{module}.own_place", lambda: place)
    monkeypatch.setattr(journal, "_told", set())
    return place
