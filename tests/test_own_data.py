"""The notebooks that take `EDGELAB_DATASET`, run from the top on a small file of a learner's; the others say why not."""

import csv

import pytest

from edgelab.course import scoreboard
from edgelab.course.notebooks import notebooks, read_notebook, run_notebooks
from edgelab.datasets.choice import VARIABLE
from edgelab.datasets.slots import parse_marked
from tests.conftest import FILL, UTTERANCES

TAKE = ("01_distillation", "02_quantization", "03_export", "05_measurement", "10_selection")
PATHS = {path.stem: path for path in notebooks()}


@pytest.mark.parametrize("name", PATHS)
def test_it_takes_the_choice_or_says_why_not(name):
    notebook = read_notebook(PATHS[name])
    code = "".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    opening = notebook.cells[0].source
    assert "EDGELAB_DATASET" in opening
    assert ("datasets.chosen()" in code) == (name in TAKE) == ("**Your own data:**" in opening)
    if name in TAKE:
        assert 'load("pocket")' not in code


@pytest.fixture(scope="module")
def own_file(tmp_path_factory):
    """54 requests of three labels, without slots: what differs most from Pocket."""
    path = tmp_path_factory.mktemp("own") / "my_data.csv"
    rows = [
        (parse_marked(each.format(value))[0], label)
        for label in UTTERANCES
        for value in FILL[label]
        for each in UTTERANCES[label]
    ]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return path


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize("name", TAKE)
def test_it_runs_on_a_learners_file(name, own_file, full_home, monkeypatch):
    monkeypatch.setenv(VARIABLE, str(own_file))
    (run,) = run_notebooks([PATHS[name]])
    assert run.error is None, f"cell {run.failed_cell}: {run.error}"
    rows = [row for row in scoreboard.rows() if row.notebook == name and row.data == own_file.stem]
    assert rows
