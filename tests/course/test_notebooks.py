"""Notebooks run for real, copied for the learner, stripped for a commit."""

import html
import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from edgelab import workspace
from edgelab.course import notebooks as course
from edgelab.course.notebooks import COURSE, CourseError, run_notebooks, strip_outputs, tidy


def write(path, *cells):
    nbformat.write(new_notebook(cells=list(cells)), path)
    return path


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A course of two notebooks."""
    (tmp_path / "notebooks").mkdir()
    for name in ("01_second", "00_first"):
        write(tmp_path / "notebooks" / f"{name}.ipynb", new_code_cell(f"print({name!r})"))
    (tmp_path / "notebooks" / "INSTRUCTORS.md").write_text("notes")
    monkeypatch.setattr(course, "checkout", lambda: tmp_path)
    return tmp_path


def test_notebooks_in_order(folder):
    assert [path.stem for path in course.notebooks()] == ["00_first", "01_second"]


@pytest.mark.parametrize("path", course.notebooks(), ids=lambda path: path.stem)
def test_no_cell_of_the_course_stands_twice_and_none_of_text_is_code(path):
    cells = [(cell.cell_type, cell.source) for cell in course.read_notebook(path).cells]
    assert len({source for _, source in cells}) == len(cells)
    assert not [source for kind, source in cells if kind == "markdown" and source.startswith(("predict(", "from "))]


def test_the_first_notebook_ends_with_the_map_and_the_way_on():
    *_, shown, last = course.read_notebook(course.notebooks()[0]).cells
    assert "course_map()" in shown.source and "**Next:** `01_distillation`" in last.source


def test_without_the_course_the_error_says_so(monkeypatch):
    monkeypatch.setattr(course, "checkout", lambda: None)
    with pytest.raises(CourseError, match="make lab"):
        course.notebooks()


def test_the_map_says_every_decision_in_full_and_where_times_were_measured(folder, monkeypatch):
    (folder / "data").mkdir()
    (folder / "data" / "course_times.csv").write_text(
        "notebook,cold_s,warm_s,peak_mb,host,date\n01_distillation,210,33,1911,a host,2026-01-02\n"
    )
    write(folder / "notebooks" / "01_distillation.ipynb")
    monkeypatch.setattr(course, "data_home", lambda: folder / "data")
    shown = course.course_map().to_html()
    assert all(decision in html.unescape(shown) for _, decision, _, _ in course.COURSE) and "..." not in shown
    minutes = next(minutes for name, *_, minutes in course.COURSE if name == "01_distillation")
    row = re.search(r"<tr>\s*<td[^>]*>01_distillation</td>.*?</tr>", shown, re.DOTALL)[0]
    assert re.findall(r">([^<]+)</td>", row)[2:] == ["core", str(minutes), "210", "33"]
    assert "machine: a host, on 2026-01-02" in shown and "10_selection (planned)" in shown


def test_runs_every_notebook_and_reports_the_failing_cell(tmp_path):
    (tmp_path / "beside.txt").write_text("found")
    failing = write(
        tmp_path / "failing.ipynb",
        new_markdown_cell("# A title"),
        new_code_cell("x = 1"),
        new_markdown_cell("text"),
        new_code_cell("raise ValueError('expected 3 labels, found 2')"),
        new_code_cell("open('reached.txt', 'w')"),
    )
    passing = write(
        tmp_path / "passing.ipynb",
        new_code_cell("assert open('beside.txt').read() == 'found'"),
        new_code_cell("import time; block = bytearray(300_000_000); time.sleep(0.5)"),
        new_code_cell("1 / 0", metadata={"tags": ["raises-exception"]}),
    )
    before = passing.read_bytes()
    seen = []
    failed, passed = run_notebooks([failing, passing], seen.append)
    assert (failed.name, failed.failed_cell, failed.error) == ("failing", 2, "ValueError: expected 3 labels, found 2")
    assert not (tmp_path / "reached.txt").exists()
    assert (passed.name, passed.failed_cell, passed.error) == ("passing", None, None)
    assert passed.seconds > 0.5 and 300e6 < passed.peak_bytes < 2e9
    assert [(p.name, p.notebook, p.notebooks, p.cell, p.cells) for p in seen] == [
        ("failing", 1, 2, 1, 3),
        ("failing", 1, 2, 2, 3),
        ("passing", 2, 2, 1, 3),
        ("passing", 2, 2, 2, 3),
        ("passing", 2, 2, 3, 3),
    ]
    assert passing.read_bytes() == before


def test_a_dead_kernel_and_an_endless_cell_are_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(course, "CELL_TIMEOUT_S", 2)
    dead = write(tmp_path / "dead.ipynb", new_code_cell("import os; os._exit(1)"))
    endless = write(tmp_path / "endless.ipynb", new_code_cell("while True: pass"))
    first, second = run_notebooks([dead, endless])
    assert first.failed_cell == 1 and "kernel died" in first.error
    assert second.failed_cell == 1 and "still running after 2 s" in second.error


@pytest.mark.parametrize("content", ["", "not a notebook", "{}", "[]"])
def test_what_is_no_notebook_is_refused_before_anything_runs(tmp_path, content):
    bad = tmp_path / "bad.ipynb"
    bad.write_text(content)
    good = write(tmp_path / "good.ipynb", new_code_cell("open('ran.txt', 'w')"))
    with pytest.raises(CourseError, match="bad.ipynb: expected a Jupyter notebook"):
        run_notebooks([good, bad])
    assert not (tmp_path / "ran.txt").exists()


def test_strip_keeps_only_verified_outputs(tmp_path):
    output = [new_output("stream", text="[pass]\n")]
    shown = [new_output("display_data", {"text/plain": "x"}, metadata={"image/png": {"width": 1}})]
    notebook = new_notebook(
        cells=[
            new_code_cell("1", outputs=output, execution_count=1, metadata={"collapsed": True}),
            new_code_cell(
                "2", outputs=output, execution_count=2, metadata={"tags": ["nbval-check-output"], "scrolled": True}
            ),
            new_code_cell("3", outputs=shown, execution_count=3, metadata={"tags": ["other"]}),
            new_markdown_cell("text", metadata={"jp-MarkdownHeadingCollapsed": True}),
        ],
        metadata={
            "widgets": {"state": {}},
            "language_info": {"name": "python", "version": "3.11.7"},
            "kernelspec": {"name": "mine", "display_name": "Mine"},
        },
    )
    path = tmp_path / "a.ipynb"
    nbformat.write(notebook, path)
    clean = strip_outputs(notebook)
    assert [cell.get("outputs") for cell in clean.cells] == [[], output, [], None]
    assert [cell.get("execution_count") for cell in clean.cells] == [None, 2, None, None]
    assert [dict(cell.metadata) for cell in clean.cells] == [
        {},
        {"tags": ["nbval-check-output"]},
        {"tags": ["other"]},
        {},
    ]
    assert set(clean.metadata) == {"kernelspec", "language_info"} and clean.metadata.kernelspec.name == "python3"
    assert [cell.id for cell in clean.cells] == [cell.id for cell in notebook.cells]
    assert notebook.cells[0].outputs and "widgets" in notebook.metadata  # the argument is left alone
    nbformat.validate(clean)
    assert tidy(path) and not tidy(path)
    assert nbformat.read(path, as_version=4) == clean


def test_the_readme_tells_the_courses_minutes():
    readme = (workspace.PACKAGE.parent / "README.md").read_text()
    for name, decision, path, minutes in COURSE:
        assert f"| `{name}` | {decision} | {path} | {minutes} |" in readme
    core = sum(minutes for _, _, path, minutes in COURSE if path == "core")
    assert f"The core path adds up to {core} minutes" in readme
