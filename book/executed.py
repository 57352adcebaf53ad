"""The course's notebooks as run on this machine, each kept until the course changes: a second build of the book runs none.

They run under a home of the book's own, `book/` in EDGELAB_HOME: it shares what was built and downloaded, and holds
nothing of a learner's, so that nobody's guesses or progress are published, and the scoreboard has the book's rows alone.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from edgelab import workspace
from edgelab.course.notebooks import CourseError, course_folder, read_notebook, run_notebook
from edgelab.machine.host import host
from edgelab.workspace import Artifact, build_once

SHARED = ("built", "downloads")
# What would let a notebook work on other data, ask another model, or keep away from what is prepared.
NOT_THE_COURSES = ("EDGELAB_DATASET", "EDGELAB_CLOUD_MODEL", "EDGELAB_GENERATOR", "OPENAI_API_KEY", "OPENAI_BASE_URL")


class NotebookFailed(CourseError):
    """A notebook that did not run to its end; the message says which, where and why."""


def use_own_home() -> Path:
    """From now on, in this process and in the kernels that it starts, the book's own home and the course's own data."""
    shared = workspace.home()
    own = shared / "book"
    with workspace.home_errors():
        own.mkdir(parents=True, exist_ok=True)
        for name in SHARED:
            (shared / name).mkdir(exist_ok=True)
            if not (own / name).is_symlink():
                (own / name).symlink_to(Path("..") / name)
    for name in NOT_THE_COURSES:
        os.environ.pop(name, None)
    os.environ["EDGELAB_HOME"] = str(own)
    return own


def course_digest() -> str:
    """SHA-256 over what any notebook may read of the course: the package, its data, the pinned libraries."""
    root, digest = course_folder(), hashlib.sha256()
    files = [root / "requirements.lock", *(root / "data").rglob("*"), *(root / "edgelab").rglob("*.py")]
    for file in sorted(file for file in files if file.is_file()):
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def execute(path: Path, course: str, report: Callable[[int, int, float], None]) -> Artifact:
    """The folder with `notebook.ipynb`, run as committed: loaded if it stands, else made now.

    Args:
        course: the `course_digest`.
        report: is told of each code cell (from 1), of how many there are, and the seconds so far.

    It raises `NotebookFailed` where a cell fails, and keeps nothing of it.
    """
    notebook = read_notebook(path)

    def build(folder: Path) -> None:
        run = run_notebook(path, notebook, report)
        if run.error is not None:
            raise NotebookFailed(f"{path.name}: {run.outcome}")
        machine = host()
        notebook.metadata["edgelab"] = {"host": f"{machine.cpu}, {machine.cores} cores"}
        nbformat.write(notebook, folder / "notebook.ipynb")

    source = hashlib.sha256(path.read_bytes()).hexdigest()
    return build_once(f"executed-{path.stem}", build, inputs={"notebook": source, "course": course})


def read_executed(artifact: Artifact) -> NotebookNode:
    """The notebook of such a folder."""
    return nbformat.read(artifact.path / "notebook.ipynb", as_version=4)
