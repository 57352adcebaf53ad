"""What all explorers share: a callback that is told the values, and stays over a pure function."""

import ast
import importlib
import inspect

import pandas as pd
import pytest

from edgelab.course import plots
from edgelab.course.explorer import explorer, slider
from edgelab.workspace import PACKAGE
from tests.explorers import cells, controls_of, parts


def test_an_explorer_calls_draw_with_the_values_in_order_and_escapes_its_words():
    calls = []

    def draw(a, b):
        calls.append((a, b))
        return plots.figure(2, 2)[0], "a < b & c", pd.DataFrame({"sum": [a + b]})

    box = explorer([slider("a", 1, 0, 5, 1), slider("b", 2, 0, 5, 1)], draw)
    controls_of(box)[1].value = 4
    assert calls == [(1, 2), (1, 4)]
    words, _, table = parts(box)
    assert words == "a < b & c" and cells(table) == [["5.0"]] and "a < b" not in box.children[2].value


MODULES = [
    "edgelab.course.start_here",
    *(f"edgelab.{f.parent.name}.widgets" for f in sorted(PACKAGE.glob("*/widgets.py"))),
]


@pytest.mark.parametrize("name", MODULES)
def test_callbacks_stay_over_pure_functions(name):
    """A callback is under ten statements, and what it shows is computed by `compute_x`."""
    tree = ast.parse(inspect.getsource(importlib.import_module(name)))
    callbacks = [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name in ("draw", "update")]
    assert callbacks
    for callback in callbacks:
        assert sum(isinstance(n, ast.stmt) for n in ast.walk(callback)) <= 10  # itself, and nine
        calls = [n.func for n in ast.walk(callback) if isinstance(n, ast.Call)]
        assert any(isinstance(f, ast.Name) and f.id.startswith("compute_") for f in calls), callback.lineno
