"""What a learner handed in: which exercise it is for, and whether it is still the stub."""

import ast
import inspect
import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


def is_stub(attempt: Any) -> bool:
    """Whether a `...` still stands where an answer is due: not the one in `logits[..., 0]`."""
    if isinstance(attempt, dict | list | tuple):
        return any(is_stub(part) for part in (attempt.values() if isinstance(attempt, dict) else attempt))
    if not inspect.isfunction(attempt):
        return attempt is ...
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(attempt)))
    except (OSError, SyntaxError):
        return ... in attempt.__code__.co_consts
    function = tree.body[0]
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):  # a lambda, with its line
        return any(isinstance(node, ast.Lambda) and _is_ellipsis(node.body) for node in ast.walk(tree))
    return any(_is_due(statement) for statement in function.body) or any(map(_leaves_open, function.body))


def _is_due(statement: ast.stmt) -> bool:
    """A line that holds nothing but `...`; within a block it is how some write `pass`."""
    return isinstance(statement, ast.Expr) and _is_ellipsis(statement.value)


def _leaves_open(statement: ast.AST) -> bool:
    """Whether it, or one within it, gives `...` back or a name to it; a function or class within may do as it likes."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return False
    if isinstance(statement, ast.Return | ast.Assign | ast.AnnAssign):
        value = statement.value
        return any(map(_is_ellipsis, value.elts if isinstance(value, ast.Tuple | ast.List) else [value]))
    inner = (child for child in ast.iter_child_nodes(statement) if isinstance(child, BLOCKS))
    return any(map(_leaves_open, inner))


def _is_ellipsis(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is ...


def names_of(thing: Any, variables: Mapping[str, Any], known: Iterable[str]) -> list[str]:
    """The known names under which the learner's variables hold this very thing, in the order of `known`."""
    return [name for name in known if variables.get(name) is thing]
