"""Every notebook: as it should be, and running offline, as committed and cold. (With every exercise solved it runs in the
browser: `tests/browser/`, in `make test-slow`.)

The lint and the run are tested on a toy notebook first, with every defect that they are there to find.
"""

import ast
import os
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass
from pathlib import Path

import nbformat
import numpy as np
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from edgelab.course.exercises import PASS, TODO, Checks, FunctionExercise
from edgelab.course.notebooks import COURSE, VERIFIED, notebooks, read_notebook, strip_outputs
from edgelab.machine.memory import PeakMemory
from tests import toy_checks
from tests.beginning.guard import path_for_children, tried
from tests.forms import FORMS
from tests.notebook_counts import count, shortfalls
from tests.notebook_lint import calls, code_cells, exercises, parsed, problems, registry, solved

NOTEBOOKS = [pytest.param(path, id=path.stem) for path in notebooks()]
# The promise is 300 s cold, 60 s warm, 2 GB; a busy machine gets twice the time.
COLD_S, PEAK_BYTES = 600, 2 * 1024**3

MINUTES = {name: minutes for name, _, _, minutes in COURSE}


@dataclass(frozen=True)
class Verified:
    cells: int
    failed: int
    skipped: int
    seconds: float
    peak_bytes: int
    log: str


def nbval(path: Path, home: Path, scratch: Path) -> Verified:
    """Run a notebook under nbval, without a network, with this EDGELAB_HOME."""
    scratch.mkdir(exist_ok=True)
    (scratch / "pytest.ini").write_text("[pytest]\n")
    report = scratch / f"{path.stem}.xml"
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={COLD_S}"]
    command += ["-c", scratch / "pytest.ini", "--rootdir", path.parent, "-p", "no:cacheprovider", "--color=no"]
    environment = os.environ | {
        "EDGELAB_HOME": str(home),
        "EDGELAB_MIRROR": "http://127.0.0.1:9",  # nobody is there: what may be downloaded is not
        "PYTHONPATH": path_for_children(Path(__file__).parent, Path(__file__).parent.parent),
        "PYTEST_ADDOPTS": "",
    }
    start = time.perf_counter()
    run = subprocess.Popen(
        [*command, f"--junitxml={report}", path],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    def kernel() -> int | None:
        try:
            return next((child.pid for child in psutil.Process(run.pid).children()), None)
        except psutil.Error:
            return None

    with PeakMemory(kernel) as memory:
        log, _ = run.communicate(timeout=2 * COLD_S)
    seconds = time.perf_counter() - start
    assert report.exists(), log
    suite = ElementTree.parse(report).getroot().find("testsuite")
    count = {key: int(suite.get(key)) for key in ("tests", "failures", "errors", "skipped")}
    return Verified(
        count["tests"], count["failures"] + count["errors"], count["skipped"], seconds, memory.peak_bytes, log
    )


def write(notebook, path: Path) -> Path:
    nbformat.write(notebook, path)
    return path


# The course's notebooks.


def test_the_course_goes_in_order():
    numbers = [int(path.stem[:2]) for path in notebooks()]
    assert numbers[:2] == [0, 1] and numbers == sorted(set(numbers))


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_it_is_as_it_should_be(path):
    nbformat.validate(notebook := read_notebook(path))
    assert problems(notebook, path.stem) == []


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_it_is_done_not_watched(path):
    counts = count(read_notebook(path), registry(path))
    found = shortfalls(counts, MINUTES[path.stem], first=path.stem.startswith("00"))
    assert found == {}


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_its_minutes_are_those_of_the_map(path):
    assert f"About {MINUTES[path.stem]} minutes of yours" in read_notebook(path).cells[0].source


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_its_exercises_are_the_registered_ones(path):
    assert exercises(read_notebook(path)) == list(registry(path).exercises)


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_a_cell_gives_an_answer_no_list_where_the_check_gave_arrays(path):
    """An answer that was accepted may use what arrays can do."""
    known = registry(path).exercises
    for cell in read_notebook(path).cells:
        calls = ast.walk(ast.parse(cell.source)) if cell.cell_type == "code" else ()
        for call in calls:
            exercise = (
                known.get(call.func.id) if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) else None
            )
            if not isinstance(exercise, FunctionExercise):
                continue
            case = exercise.inputs()[0]
            for given, met in zip(call.args, case.values() if isinstance(case, dict) else case, strict=False):
                assert not (isinstance(given, ast.List | ast.ListComp) and isinstance(met, np.ndarray)), cell.source


def keys(path: Path, function: str) -> list[str]:
    """What is guessed or revealed in a notebook, by its key."""
    trees = [parsed(cell) for cell in code_cells(read_notebook(path))]
    return [call.args[0].value for tree in trees for call in calls(tree, function)]


def test_every_guess_is_set_beside_its_result():
    """In its own notebook, but for three of the first one's: each of those in a later one."""
    guessed = {path: set(keys(path, "predict")) for path in notebooks()}
    revealed = {path: set(keys(path, "reveal")) for path in notebooks()}
    first, *others = notebooks()
    left = guessed[first] - revealed[first]
    assert len(left) == 3 and left <= set.union(*(revealed[path] for path in others))
    for path in others:
        assert guessed[path] <= revealed[path] <= guessed[path] | left, path.stem


@pytest.mark.notebook
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_it_runs_as_committed(path, home, tmp_path, record_property):
    """Cold. Solved, and warm, it runs in the browser: `tests/browser/test_jupyterlab.py`."""
    run = nbval(path, home, tmp_path / "run")
    record_property("seconds", round(run.seconds))  # shown at the end: `pytest_terminal_summary`
    record_property("peak_gb", round(run.peak_bytes / 1e9, 2))
    held(run, path)


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.notebook
@pytest.mark.parametrize("form", FORMS[1:])
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_what_a_check_accepts_crashes_no_later_cell(path, form, home, tmp_path):
    """Every answer as tuples, every answer as arrays; the lists are the browser's. `make test-long`: the checks
    give all of them back in one form, which `tests/course/test_exercises.py` sees of each."""
    solution = write(solved(read_notebook(path), registry(path), form), tmp_path / path.name)
    held(nbval(solution, home, tmp_path / "run"), path)


def held(run: Verified, path: Path) -> None:
    cells = sum(cell.cell_type == "code" for cell in read_notebook(path).cells)
    assert (run.cells, run.failed, run.skipped) == (cells, 0, 0), run.log
    assert run.seconds < COLD_S and run.peak_bytes < PEAK_BYTES


# The lint and the run themselves, on a toy.


def verified(source: str, text: str, *tags: str):
    output = new_output("stream", name="stdout", text=text)
    return new_code_cell(source, outputs=[output], execution_count=1, metadata={"tags": [VERIFIED, *tags]})


def toy():
    """A small notebook without a fault."""
    plan, threshold = (
        "plan = {'seeds': ...}\nplan = check('plan', plan)",
        "threshold = ...\nthreshold = check('threshold', threshold)",
    )
    notebook = new_notebook(
        cells=[
            new_markdown_cell("# What is softened?\n\nThree objectives."),
            new_markdown_cell("## Predict"),
            new_code_cell(
                "from toy_checks import check, show_numbers\n\n"
                "from edgelab.course import predict, reveal\n\n"
                "predict('toy', 'How many?', low=0, high=9)"
            ),
            new_markdown_cell("## An idea\n\n![a curve that falls](curve.png)\n\n```\n## no heading\n```"),
            verified("print('two is even:', 'yes' if 2 % 2 == 0 else 'no')", "two is even: yes\n", "claim"),
            new_code_cell("reveal('toy', 4)"),
            new_markdown_cell("## Another idea\n\n### In detail"),
            verified("print('three is even:', 'yes' if 3 % 2 == 0 else 'no')", "three is even: no\n", "claim"),
            new_markdown_cell("## Your turn"),
            verified(
                "def soften(logits, temperature):\n    return ...\n\n\nsoften = check(soften)",
                TODO.format("soften") + "\n",
                "exercise",
            ),
            verified(plan, TODO.format("plan") + "\n", "exercise"),
            verified(threshold, TODO.format("threshold") + "\n", "exercise"),
            verified("print(check.using('soften'))", "soften: the course's\n"),
            new_markdown_cell("## Explore"),
            new_code_cell("show_numbers([1, 2])"),
            new_code_cell("show_numbers([3])"),
            new_markdown_cell("## When it goes wrong"),
            verified(
                "from urllib.request import urlopen\n\ntry:\n    urlopen('http://192.0.2.1', timeout=1)\n"
                "except OSError as error:\n    print('no network' in str(error))",
                "True\n",
            ),
            new_markdown_cell("## Recap"),
        ]
    )
    return strip_outputs(notebook)


def code(notebook, containing: str):
    return next(cell for cell in notebook.cells if cell.cell_type == "code" and containing in cell.source)


def without(heading: str):
    def remove(notebook):
        notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith(heading)]

    return remove


def source(containing: str, new: str):
    def change(notebook):
        code(notebook, containing).source = new

    return change


def attribute(containing: str, **values):
    def change(notebook):
        code(notebook, containing).update(nbformat.from_dict(values))

    return change


def tags(containing: str, *names: str):
    def change(notebook):
        code(notebook, containing).metadata["tags"] = list(names)

    return change


def swap_sections(notebook):
    explore, turn = (next(c for c in notebook.cells if c.source == h) for h in ("## Explore", "## Your turn"))
    explore.source, turn.source = turn.source, explore.source


def grade(notebook):
    notebook.cells[2].metadata["nbgrader"] = {"points": 5}


def picture(markdown: str):
    def add(notebook):
        notebook.cells[0].source += markdown

    return add


STREAM = [{"output_type": "stream", "name": "stdout", "text": "4\n"}]
DEFECTS = {
    "a count lost": (attribute("two is even", execution_count=None), "without an execution count"),
    "an output lost": (attribute("two is even", outputs=[]), "without a text output"),
    "an output kept": (attribute("reveal(", outputs=STREAM), "make tidy"),
    "a count kept": (attribute("reveal(", execution_count=7), "make tidy"),
    "an error committed": (
        attribute("two is even", outputs=[{"output_type": "error", "ename": "E", "evalue": "", "traceback": []}]),
        "is an error",
    ),
    "grading metadata": (grade, "make tidy"),
    "a long cell": (source("reveal(", "reveal('toy', 4)\n" + "x = 1\n\n" * 15), "16 lines, at most 15"),
    "a star import": (source("reveal(", "from numpy import *\nreveal('toy', 4)"), "a star import"),
    "a magic": (source("reveal(", "%pip install x"), "not Python"),
    "a skipped cell": (tags("reveal(", "nbval-skip"), "unknown tags ['nbval-skip']"),
    "an expected exception": (tags("reveal(", "raises-exception"), "unknown tags"),
    "a marker": (source("reveal(", "# NBVAL_SKIP\nreveal('toy', 4)"), "an nbval marker"),
    "its own figure": (source("reveal(", "import matplotlib.pyplot as plt\nreveal('toy', 4)"), "imports matplotlib"),
    "a figure unseen": (source("reveal(", "show_figure(f, alt='')\nreveal('toy', 4)"), "a figure without alt text"),
    "a plot unseen": (source("reveal(", "plots.show_figure(f)\nreveal('toy', 4)"), "a figure without alt text"),
    "a picture unseen": (picture("\n![](x.png)"), "an image without alt text"),
    "an img unseen": (picture('\n<img src="x.png">'), "an image without alt text"),
    "no title": (without("# What"), "begin with its title"),
    "two titles": (picture("\n# Again"), "begin with its title"),
    "no prediction asked": (without("## Predict"), "headings: expected"),
    "no sections": (lambda nb: (without("## An")(nb), without("## Another")(nb)), "headings: expected"),
    "nothing to explore": (without("## Explore"), "headings: expected"),
    "no failure": (without("## When"), "headings: expected"),
    "no recap": (without("## Recap"), "headings: expected"),
    "out of order": (swap_sections, "headings: expected"),
    "one widget": (source("show_numbers([3])", "3"), "1 widgets"),
    "no prediction": (source("predict(", "from toy_checks import check, show_numbers"), "no prediction"),
    "no result": (source("reveal(", "4"), "reveal(...)"),
    "one claim": (tags("two is even", VERIFIED), "1 claims, at least 2"),
    "an unverified claim": (tags("two is even", "claim"), "without the tag nbval-check-output"),
    "no verdict": (attribute("two is even", outputs=STREAM), "a claim without a verdict"),
    "two exercises": (source("threshold", "pass"), "2 exercises, expected at least three"),
    "an untagged exercise": (tags("def soften", VERIFIED), "tagged exercise"),
    "an exercise without a check": (source("def soften", "def soften():\n    return ..."), "tagged exercise"),
    "solved as committed": (
        source("def soften", "def soften(z, t):\n    return z / t\n\n\nsoften = check(soften)"),
        "soften should be a stub",
    ),
    "not said to do": (attribute("def soften", outputs=STREAM), "should say [todo] soften"),
    "the answer before": (source("reveal(", "from toy_checks import soften\nreveal('toy', 4)"), "perhaps the answer"),
    "nothing goes wrong": (tags("urlopen"), "nothing goes wrong"),
}


def test_a_good_notebook_has_no_problems():
    nbformat.validate(toy())
    assert problems(toy(), "01_toy") == [] and exercises(toy()) == list(toy_checks.check.exercises)


def test_the_first_notebook_needs_no_exercises():
    first = toy()
    start = first.cells.index(next(c for c in first.cells if c.source == "## Your turn"))
    end = first.cells.index(next(c for c in first.cells if c.source == "## Explore"))
    del first.cells[start:end]
    without("## When")(first)
    code(first, "reveal(").source = "4"
    assert problems(first, "00_toy") == [] and problems(first, "01_toy") != []


@pytest.mark.parametrize("defect, words", DEFECTS.values(), ids=DEFECTS.keys())
def test_a_defect_is_refused(defect, words):
    notebook = toy()
    defect(notebook)
    assert any(words in problem for problem in problems(notebook, "01_toy")), problems(notebook, "01_toy")


# Done, not watched: a toy with all that it takes, and with too little.

DONE = Checks()
for number in range(1, 7):
    DONE.design(f"answer_{number}", dict.fromkeys("abcd", number), nudge="", mistakes=())


def done():
    """A small notebook whose exercises stand in its sections: six of them, and two guesses."""
    cells = toy().cells
    start = cells.index(next(c for c in cells if c.source == "## Your turn"))
    end = cells.index(next(c for c in cells if c.source == "## Explore"))
    exercises = []
    for name in DONE.exercises:
        stub = f"{name} = {{'a': ...}}\n{name} = check('{name}', {name})"
        exercises += [new_markdown_cell(f"## A part\n\n{name}"), verified(stub, TODO.format(name) + "\n", "exercise")]
    first, second = (new_code_cell(f"predict('part {part}', 'How many?', low=0, high=9)") for part in "ab")
    cells[start:end] = [second, *exercises]
    cells.insert(1 + cells.index(next(c for c in cells if c.source == "reveal('toy', 4)")), first)
    explored = cells.index(next(c for c in cells if c.source == "show_numbers([3])"))
    cells[explored + 1 : explored + 1] = [new_markdown_cell("### Optional"), *(new_code_cell("4") for _ in range(9))]
    return strip_outputs(new_notebook(cells=cells))


def given(number: int, lines: int = 1):
    """That many code cells more before the first doing, each of that many lines, none of them touched."""

    def add(notebook):
        notebook.cells[5:5] = [new_code_cell("\n".join(["4"] * lines)) for _ in range(number)]

    return add


def texts(number: int):
    def add(notebook):
        notebook.cells[5:5] = [new_markdown_cell("text") for _ in range(number)]

    return add


def undone(containing: str):
    def remove(notebook):
        notebook.cells.remove(code(notebook, containing))

    return remove


TOO_WATCHED = {
    "a late start": (texts(8), 30, {"first doing"}),
    "five exercises": (undone("check('answer_6'"), 30, {"exercises", "doings"}),
    "one guess": (undone("'part b'"), 30, {"doings"}),
    "three in a row": (given(1), 30, {"given in a row"}),
    "much to read": (given(2, lines=30), 30, {"answers", "long cells", "given in a row"}),
    "too much promised": (given(0), 59, {"minutes"}),
    "too little promised": (given(0), 14, {"minutes"}),
}


def test_a_notebook_that_is_done_falls_short_of_nothing():
    nbformat.validate(done())
    assert problems(done(), "01_toy") == []
    counts = count(done(), DONE)
    assert (counts.exercises, counts.doings, counts.in_a_row) == (6, 8, 2) and counts.first_doing <= 14
    assert counts.answer_lines == 24 and counts.answered == 24 / (24 + counts.given_lines)
    for promised in (15, 30, 57):  # 6 exercises of 3 to 8 minutes, a fifth less to a fifth more
        assert shortfalls(counts, promised) == {}


@pytest.mark.parametrize("defect, minutes, rules", TOO_WATCHED.values(), ids=TOO_WATCHED.keys())
def test_what_is_watched_falls_short(defect, minutes, rules):
    notebook = done()
    defect(notebook)
    assert shortfalls(count(notebook, DONE), minutes).keys() == rules


def test_of_a_function_the_learner_writes_the_body():
    counts = count(toy(), toy_checks.check)
    assert counts.answer_lines == 3 + 2 + 1  # soften, a plan of two entries, a threshold


def test_the_first_notebook_takes_one_exercise():
    first = done()
    first.cells = [c for c in first.cells if "check('answer_" not in c.source or "answer_1" in c.source]
    rules = {"exercises", "doings"}
    assert not rules & shortfalls(count(first, DONE), 30, first=True).keys()
    assert rules <= shortfalls(count(first, DONE), 30).keys()
    for part in ("'answer_1'", "'part a'", "'part b'"):
        undone(part)(first)
    assert rules <= shortfalls(count(first, DONE), 30, first=True).keys()


def test_the_solved_copy_holds_the_courses_answers():
    answered = solved(toy(), toy_checks.check, "lists")
    cell = code(answered, "check(soften)")
    answer = 'from tests.forms import formed\nsoften = formed(check.exercises["soften"].reference, "lists")'
    assert cell.source == f"{answer}\n\n\nsoften = check(soften)"
    assert cell.outputs[0].text == PASS.format("soften") + "\n"
    assert code(answered, "check.using").outputs[0].text == "soften: yours\n"
    assert "[todo]" not in nbformat.writes(answered) and "[todo]" in nbformat.writes(toy())


def test_the_run_finds_what_no_longer_holds(tmp_path):
    good = nbval(write(toy(), tmp_path / "good.ipynb"), tmp_path, tmp_path / "run")
    cells = good.cells
    assert (good.failed, good.skipped) == (0, 0) and cells == 11 and good.peak_bytes > 10e6, good.log
    answered = nbval(
        write(solved(toy(), toy_checks.check, "lists"), tmp_path / "solved.ipynb"), tmp_path, tmp_path / "run"
    )
    assert (answered.cells, answered.failed, answered.skipped) == (cells, 0, 0), answered.log
    stale = toy()
    code(stale, "two is even").outputs[0].text = "two is even: no\n"
    code(stale, "reveal(").source = "raise ValueError"
    bad = nbval(write(stale, tmp_path / "stale.ipynb"), tmp_path, tmp_path / "run")
    assert (bad.cells, bad.failed) == (cells, 2)
    assert "Cell outputs differ" in bad.log and "raise ValueError" in bad.log
    assert set(tried()) == {"connect 192.0.2.1"}  # what the toy asks for, and its kernel refused
