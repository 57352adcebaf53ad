"""What a notebook of the course must be, and the copy of it in which every exercise is solved.

`problems(notebook, name)` lists what is wrong; `solved(notebook, check)` is the copy. How much of it the learner does is
counted in `notebook_counts`. Tags: `nbval-check-output` where the output is committed and verified; with it `claim` on a
verdict (`...: yes, 3 of 3 seeds`) and `exercise` on a stub with its check, in one cell.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat

from edgelab.course.exercises import PASS, TODO, Checks
from edgelab.course.notebooks import VERIFIED, strip_outputs

TAGS = {VERIFIED, "claim", "exercise"}
MAX_LINES = 15
SECTIONS = "any other ## heading"
ANATOMY = ("## Predict", SECTIONS, "## Your turn", "## Explore", "## When it goes wrong", "## Recap")
OPTIONAL = ("## Your turn",)  # the exercises may stand in the sections
NOT_IN_THE_FIRST = ("## When it goes wrong",)


def problems(notebook, name: str) -> list[str]:
    """What is wrong with a notebook, each with the number of its code cell (from 1) where it has one."""
    found = list(_headings(notebook, name))
    if strip_outputs(notebook) != notebook:
        found.append("outputs, counts or metadata that `make tidy` removes")
    for number, cell in enumerate(code_cells(notebook), 1):
        found += [f"code cell {number}: {problem}" for problem in _cell(cell)]
    if any("not Python" in problem for problem in found):
        return found
    return found + list(_alt_text(notebook)) + list(_contents(notebook, name)) + list(_exercises(notebook))


def solved(notebook, check: Checks, form: str):
    """A copy in which each stub is the course's own answer, in one of `tests.forms.FORMS`, and the verified outputs say so."""
    copy = nbformat.from_dict(notebook)
    for cell in code_cells(copy):
        lines = cell.source.splitlines()
        bound = [(n, name) for n in parsed(cell).body for name in _binds(n) & set(check.exercises)]
        for node, name in reversed(bound if "exercise" in tags_of(cell) else []):
            if not calls(node, "check"):
                first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
                answer = f'{name} = formed(check.exercises["{name}"].reference, "{form}")'
                lines[first - 1 : node.end_lineno] = ["from tests.forms import formed", answer]
        cell.source = "\n".join(lines)
        for output in cell.outputs:
            for name in check.exercises:
                for before, after in (
                    (TODO.format(name), PASS.format(name)),
                    (f"{name}: the course's", f"{name}: yours"),
                ):
                    if "text" in output:
                        output.text = output.text.replace(before, after)
    return copy


def registry(path: Path) -> Checks:
    """The exercises of this notebook."""
    room = "course" if path.stem.startswith("00") else path.stem[3:]
    return importlib.import_module(f"edgelab.{room}.checks").check


def exercises(notebook) -> list[str]:
    """The names that the notebook checks, in order."""
    return [name for cell in code_cells(notebook) for name in _checked(cell)]


def _cell(cell) -> Iterator[str]:
    try:
        tree = parsed(cell)
    except SyntaxError as error:
        yield f"not Python: {error.msg} (no magics, no shell)"
        return
    if len(lines := code_lines(cell.source)) > MAX_LINES:
        yield f"{len(lines)} lines, at most {MAX_LINES}"
    if unknown := set(tags_of(cell)) - TAGS:
        yield f"unknown tags {sorted(unknown)}"
    if re.search(r"^\s*#\s*(NBVAL|PYTEST_VALIDATE)_", cell.source, re.MULTILINE):
        yield "an nbval marker in the code: use a tag"
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield "a star import"
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if any(name.split(".")[0] == "matplotlib" for name in names):
            yield "imports matplotlib: figures come from edgelab.course.plots, in one style"
    for call in calls(tree, "show_figure") + calls(tree, "plots.show_figure"):
        given = [*call.args[1:], *(k.value for k in call.keywords if k.arg == "alt")]
        if not given or (isinstance(given[0], ast.Constant) and not str(given[0].value).strip()):
            yield "a figure without alt text"
    if VERIFIED in tags_of(cell):
        if cell.execution_count is None:
            yield "to be verified, but without an execution count: nbval would pass it unseen"
        if not _text(cell).strip():
            yield "to be verified, but without a text output"
        if any(output.output_type == "error" for output in cell.outputs):
            yield "the committed output is an error"
    elif {"claim", "exercise"} & set(tags_of(cell)):
        yield f"a claim or an exercise without the tag {VERIFIED}"
    if "claim" in tags_of(cell) and not re.search(r": (yes|no)\b", _text(cell)):
        yield "a claim without a verdict: print `what is claimed: yes, by which rule`"


def _headings(notebook, name: str) -> Iterator[str]:
    found = []
    for cell in notebook.cells:
        prose = re.sub(r"^```.*?^```", "", cell.source, flags=re.MULTILINE | re.DOTALL)
        if cell.cell_type == "markdown":
            found += [line.strip() for line in prose.splitlines() if re.match(r"##? ", line)]
    if (
        not notebook.cells
        or not notebook.cells[0].source.startswith("# ")
        or sum(h.startswith("# ") for h in found) != 1
    ):
        yield "it should begin with its title, the only heading of level 1"
    kinds = [h if h in ANATOMY else SECTIONS for h in found if h.startswith("## ")]
    order = [kind for i, kind in enumerate(kinds) if kind != SECTIONS or kinds[i - 1 : i] != [SECTIONS]]
    optional = OPTIONAL + (NOT_IN_THE_FIRST if name.startswith("00") else ())
    expected = [kind for kind in ANATOMY if kind not in optional or kind in order]
    if order != expected:
        yield f"headings: expected {expected}, found {order}"


def _alt_text(notebook) -> Iterator[str]:
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        pictures = re.findall(r"<img\b[^>]*>", cell.source)
        if re.search(r"!\[\s*\]", cell.source) or any(not re.search(r'alt="[^"]+"', tag) for tag in pictures):
            yield "an image without alt text"


def _contents(notebook, name: str) -> Iterator[str]:
    trees = [parsed(cell) for cell in code_cells(notebook)]
    first = name.startswith("00")
    widgets = sum(bool(calls(tree, "show_") and not calls(tree, "show_figure")) for tree in trees)
    if widgets < 2:
        yield f"{widgets} widgets (cells that call show_...), at least 2"
    if not any(calls(tree, "predict") for tree in trees):
        yield "no prediction"
    if not first and not any(calls(tree, "reveal") for tree in trees):
        yield "no result set beside its prediction: reveal(...)"
    claims = sum({VERIFIED, "claim"} <= set(tags_of(cell)) for cell in code_cells(notebook))
    if claims < 2:
        yield f"{claims} claims, at least 2"
    if first:
        return
    if len(checked := exercises(notebook)) < 3:
        yield f"{len(checked)} exercises, expected at least three"
    section = ""
    shown = False
    for cell in notebook.cells:
        section = next((line for line in cell.source.splitlines()[::-1] if line.startswith("## ")), section)
        shown |= section == "## When it goes wrong" and VERIFIED in tags_of(cell)
    if not shown:
        yield "nothing goes wrong: a verified cell under that heading should show that it did"


def _exercises(notebook) -> Iterator[str]:
    bound_before: set[str] = set()
    for number, cell in enumerate(code_cells(notebook), 1):
        tree, names = parsed(cell), _checked(cell)
        if names and "exercise" not in tags_of(cell) or not names and "exercise" in tags_of(cell):
            yield f"code cell {number}: a stub and its check stand in one cell, tagged exercise"
        for name in names:
            if TODO.format(name) not in _text(cell):
                yield f"code cell {number}: the committed output should say [todo] {name}"
            if name in bound_before:
                yield f"code cell {number}: an earlier cell already holds {name}, perhaps the answer"
            stubs = [node for node in tree.body if name in _binds(node) and not calls(node, "check")]
            if not any(isinstance(n, ast.Constant) and n.value is ... for stub in stubs for n in ast.walk(stub)):
                yield f"code cell {number}: {name} should be a stub, with a ... to replace"
        for node in tree.body:
            bound_before |= _binds(node)


def code_cells(notebook) -> list:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def code_lines(source: str) -> list[str]:
    """The lines with something on them."""
    return [line for line in source.splitlines() if line.strip()]


def tags_of(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def parsed(cell) -> ast.Module:
    return compile(cell.source, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def _text(cell) -> str:
    return "".join(o.get("text", "") or o.get("data", {}).get("text/plain", "") for o in cell.outputs)


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    """Calls of what is named so, or whose name begins so if it ends in `_`."""
    found = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [c for c in found if (called := ast.unparse(c.func)) == name or name[-1] == "_" and called.startswith(name)]


def _checked(cell) -> list[str]:
    """Exercises that this cell checks: `check(name)` or `check("name", value)`."""
    firsts = [call.args[0] for call in calls(parsed(cell), "check") if call.args]
    return [first.id if isinstance(first, ast.Name) else str(getattr(first, "value", "?")) for first in firsts]


def _binds(node: ast.stmt) -> set[str]:
    """Names that a top-level statement gives a value to."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {alias.asname or alias.name for alias in node.names}
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
