"""What a notebook of the course has its learner do: its exercises and its questions, in order, read out of its file."""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from edgelab.course.notebooks import COURSE, notebooks
from edgelab.workspace import checkout


@dataclass(frozen=True)
class Outline:
    """Of a notebook: `questions` by their keys."""

    name: str
    exercises: tuple[str, ...] = ()
    questions: Mapping[str, str] = field(default_factory=dict)


def outlines() -> list[Outline]:
    """Of every notebook. Where the course is not around the package, without exercises and questions."""
    written = {path.stem: path for path in notebooks()} if checkout() else {}
    return [outline(written[name]) if name in written else Outline(name) for name, *_ in COURSE]


def outline(path: Path) -> Outline:
    """Of one of the course's own files."""
    exercises: list[str] = []
    questions: dict[str, str] = {}
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        calls = [node for node in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(node, ast.Call)]
        if "exercise" in cell["metadata"].get("tags", []):
            exercises += [
                first.id if isinstance(first, ast.Name) else str(_text(first)) for first in _first(calls, "check")
            ]
        for call in calls:
            if ast.unparse(call.func) == "predict" and len(call.args) > 1:
                questions[_text(call.args[0])] = _text(call.args[1])
    return Outline(path.stem, tuple(exercises), questions)


def _first(calls: list[ast.Call], name: str) -> Iterator[ast.expr]:
    """The first argument of each call of that name."""
    return (call.args[0] for call in calls if ast.unparse(call.func) == name and call.args)


def _text(argument: ast.expr) -> str:
    return str(argument.value) if isinstance(argument, ast.Constant) else ast.unparse(argument)
