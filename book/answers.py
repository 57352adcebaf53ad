"""The course's own answers, folded away under the exercises that they answer."""

import contextlib
import importlib
import io
import re

from nbformat import NotebookNode
from nbformat.v4 import new_markdown_cell

from edgelab.course.exercises import TODO, Checks

SAID = re.compile(re.escape(TODO).replace(r"\{\}", r"(\w+)"))


def with_answers(notebook: NotebookNode) -> NotebookNode:
    """A copy with a folded answer behind each cell whose check said that it is still to be done."""
    checks = checks_of(notebook)
    cells = []
    for cell in notebook.cells:
        cells.append(cell)
        said = "".join(output.get("text", "") for output in cell.get("outputs", []))
        if checks is not None:
            cells += [new_markdown_cell(folded(name, answer_of(checks, name))) for name in SAID.findall(said)]
    return NotebookNode(notebook | {"cells": cells})


def checks_of(notebook: NotebookNode) -> Checks | None:
    """The registry of exercises that a notebook imports."""
    source = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    found = re.search(r"^from (edgelab\.\w+\.checks) import .*\bcheck\b", source, re.MULTILINE)
    return importlib.import_module(found[1]).check if found else None


def answer_of(checks: Checks, name: str) -> str:
    """What `check.answer(name)` prints."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        checks.answer(name)
    return printed.getvalue().strip()


def folded(name: str, answer: str) -> str:
    """As Markdown: closed, until somebody opens it."""
    summary = f'<details class="answer"><summary>The course\'s own answer: <code>{name}</code></summary>'
    return f"{summary}\n\n```python\n{answer}\n```\n\n</details>"
