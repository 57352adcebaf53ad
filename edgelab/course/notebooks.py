"""The notebooks: in order, as the learner's own copy, run headless, and kept clean for a commit."""

import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.course import session
from edgelab.errors import UserError
from edgelab.machine.memory import PeakMemory
from edgelab.workspace import checkout, data_home, write_atomic

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from pandas.io.formats.style import Styler

VERIFIED = "nbval-check-output"  # the tag of cells whose output is committed
CELL_TIMEOUT_S = 1800  # a cell that trains a teacher and its students, on a slow or busy machine


class CourseError(UserError):
    """A notebook, or the course itself, is not there or not what it should be."""


def course_folder() -> Path:
    """The checkout that holds `notebooks/`.

    Raises:
        CourseError: the package is installed without the course around it.
    """
    root = checkout()
    if root is None:
        raise CourseError("the notebooks are not here: get the course's folder, and in it run `make lab`")
    return root


def notebooks() -> list[Path]:
    """The course's notebooks, in order."""
    return sorted((course_folder() / "notebooks").glob("[0-9][0-9]_*.ipynb"))


# --- the map ------------------------------------------------------------------------------------

# Name, the decision at its end, path, the learner's minutes.
COURSE = (
    ("00_start_here", "what runs where, and what do I predict?", "core", 35),
    ("01_distillation", "how small can the model get before quality goes?", "core", 75),
    ("02_quantization", "how few bits? where is the cliff?", "core", 80),
    ("03_export", "one file, which runtimes? what silently changes?", "core", 80),
    ("04_routing", "which requests stay local?", "core", 80),
    ("05_measurement", "is the difference real? would it hold in the field?", "core", 75),
    ("06_tiers", "which devices does it reach? where does it fall back?", "elective", 100),
    ("07_personalization", "how does it become mine without my data leaving?", "elective", 65),
    ("08_generation", "when does a generative model earn its cost?", "elective", 75),
    ("09_privacy", "what leaves the device, and who can take the model?", "elective", 90),
    ("10_selection", "which model ships?", "core", 75),
)


def running() -> str:
    """The course's notebook that this kernel was opened for; empty for none."""
    return session.course_name([name for name, *_ in COURSE])


def course_map() -> "Styler":
    """Every notebook with its decision, path, the learner's minutes and, where it was measured, the machine's
    seconds from nothing (cold) and with everything built (warm); below it, where and when. Those not written yet say so."""
    import pandas as pd

    times = pd.read_csv(data_home() / "course_times.csv", index_col="notebook")
    # Installed without the course around it, the package knows the notebooks that were measured.
    written = {path.stem for path in notebooks()} if checkout() else set(times.index)
    rows = []
    for name, decision, path, minutes in COURSE:
        measured = times.loc[name] if name in times.index else None
        rows.append(
            {
                "notebook": name if name in written else f"{name} (planned)",
                "the decision at its end": decision,
                "path": path,
                "your minutes": minutes,
                "machine cold, s": "-" if measured is None else f"{measured.cold_s:.0f}",
                "machine warm, s": "-" if measured is None else f"{measured.warm_s:.0f}",
            }
        )
    measured_on = dict.fromkeys(f"{host}, on {date}" for host, date in zip(times["host"], times["date"], strict=True))
    table = pd.DataFrame(rows).style.hide(axis="index").set_caption(f"machine: {'; '.join(measured_on)}")
    words = ["notebook", "the decision at its end", "path"]
    left = [{"selector": "th.col_heading, td", "props": "text-align: left"}]
    return table.set_table_styles({name: left for name in words}).set_table_styles(
        [{"selector": "caption", "props": "caption-side: bottom; text-align: left"}], overwrite=False
    )


# --- run ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NotebookProgress:
    """Notebook `notebook` of `notebooks`, code cell `cell` of `cells` (both from 1), after `seconds` in it."""

    name: str
    notebook: int
    notebooks: int
    cell: int
    cells: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """How one notebook went. `failed_cell` counts code cells from 1, and is None where none was reached; `peak_bytes` is the resident memory of the
    kernel and its children, sampled ten times a second."""

    name: str
    seconds: float
    peak_bytes: int
    failed_cell: int | None = None
    error: str | None = None

    @property
    def outcome(self) -> str:
        """How it went, in a line."""
        if self.error is None:
            return "ok"
        said = " ".join(self.error.splitlines()[:1])
        return f"cell {self.failed_cell}: {said}" if self.failed_cell else f"not run: {said}"


def run_notebooks(
    paths: Iterable[Path], on_progress: Callable[[NotebookProgress], None] = lambda progress: None
) -> list[Run]:
    """Run each notebook in a kernel of its own, in its own folder, writing nothing back. A notebook stops at its
    first failing cell; the next one runs all the same. A file that is no notebook is refused before any runs.
    """
    named = [(Path(path), read_notebook(path)) for path in paths]
    runs = []
    for number, (path, notebook) in enumerate(named, 1):

        def report(cell: int, cells: int, seconds: float, path: Path = path, number: int = number) -> None:
            on_progress(NotebookProgress(path.stem, number, len(named), cell, cells, seconds))

        runs.append(run_notebook(path, notebook, report))
    return runs


def read_notebook(path: Path) -> "NotebookNode":
    """A notebook, upgraded to the current format.

    Raises:
        CourseError: the file is missing or is not a notebook.
    """
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except OSError as error:
        raise CourseError(f"{path}: cannot be read: {error.strerror}") from None
    except Exception:  # nbformat's own errors share no base class
        raise CourseError(f"{path}: expected a Jupyter notebook") from None


def run_notebook(path: Path, notebook: "NotebookNode", report: Callable[[int, int, float], None]) -> Run:
    """Run this one in a kernel of its own, in the folder of `path`, up to its first failing cell. What its cells show stays in
    `notebook`; `report` is told of each code cell (from 1), of how many there are, and the seconds so far.
    """
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    code = [i for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    start, current = time.perf_counter(), 0

    def on_cell_start(cell: "NotebookNode", cell_index: int) -> None:
        nonlocal current
        if cell_index in code:
            current = code.index(cell_index) + 1
            report(current, len(code), time.perf_counter() - start)

    def pid() -> int | None:
        return getattr(getattr(getattr(client, "km", None), "provisioner", None), "pid", None)

    client: NotebookClient | None = None
    error = None
    with PeakMemory(pid) as memory:
        try:
            client = NotebookClient(
                notebook,
                timeout=CELL_TIMEOUT_S,
                resources={"metadata": {"path": str(path.parent.resolve())}},
                on_cell_start=on_cell_start,
                # No advice on how kernels could be started, no complaint where one is ended in the middle of a cell.
                extra_arguments=["--IPKernelApp.log_level=50"],
            )
            # A learner's notebook may start this, and its kernel is not theirs.
            client.execute(env={k: v for k, v in os.environ.items() if k != session.TOLD_BY_JUPYTER})
        except CellExecutionError as raised:
            error = f"{raised.ename}: {raised.evalue}"
        except CellTimeoutError:
            error = f"still running after {CELL_TIMEOUT_S} s"
        except DeadKernelError:
            error = "the kernel died: out of memory?"
        except Exception as raised:  # no such kernel, a cell that is none: each library has errors of its own
            error = f"{type(raised).__name__}: {raised}"
    seconds = time.perf_counter() - start
    return Run(path.stem, seconds, memory.peak_bytes, (current or None) if error else None, error)


# --- tidy ---------------------------------------------------------------------------------------


def strip_outputs(notebook: "NotebookNode") -> "NotebookNode":
    """A copy without outputs and counts, but those of cells tagged `nbval-check-output`; of the metadata only each
    cell's tags and the names of kernel and language stay."""
    import nbformat

    clean = nbformat.from_dict(notebook)
    clean.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in clean.cells:
        tags = cell.metadata.get("tags", [])
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if cell.cell_type == "code" and VERIFIED not in tags:
            cell.outputs, cell.execution_count = [], None
        for output in cell.get("outputs", []):
            if "metadata" in output:
                output.metadata = nbformat.from_dict({})
    return clean


def tidied(path: Path) -> str:
    """The text that a notebook's file should have."""
    import nbformat

    return nbformat.writes(strip_outputs(read_notebook(path))) + "\n"


def tidy(path: Path) -> bool:
    """Strip a notebook's file in place; whether anything changed."""
    before, after = path.read_text("utf-8"), tidied(path)
    if after != before:
        write_atomic(path, after)
    return after != before
