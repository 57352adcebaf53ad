"""What a learner handed in: which exercise it is for, and whether it is still the stub."""

import ast
import dis
import inspect
import itertools
import textwrap
import tokenize
from collections.abc import Iterable
from types import FrameType
from typing import Any

from edgelab.course.compare import kind

BLOCKS = (ast.stmt, ast.excepthandler, ast.match_case)


def is_stub(attempt: Any) -> bool:
    """Whether a `...` still stands where an answer is due: not the one in `logits[..., 0]`."""
    if isinstance(attempt, dict | list | tuple | set):
        return any(is_stub(part) for part in (attempt.values() if isinstance(attempt, dict) else attempt))
    if not inspect.isfunction(attempt):
        return attempt is ...
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(attempt)))
    except (OSError, SyntaxError, tokenize.TokenError):
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


def meant(thing: Any, caller: FrameType, known: Iterable[str]) -> str:
    """Which of the known names is meant: a text that is one; what the caller calls the result of its call; the last one
    that holds this very thing, a lambda or a function named otherwise; else the thing's own name, known or not."""
    known, variables = list(known), variables_of(caller)
    holding = (name for name in reversed(known) if name in variables and variables[name] is thing)
    named = thing if isinstance(thing, str) else getattr(thing, "__name__", kind(thing))
    likely = [named, *_assigned(caller)] if isinstance(thing, str) else _assigned(caller)
    return next((name for name in itertools.chain(likely, holding) if name in known), named)


def variables_of(caller: FrameType) -> dict[str, Any]:
    """What the caller sees by name."""
    return caller.f_globals | caller.f_locals


def _assigned(caller: FrameType) -> list[str]:
    """`loss` of a caller that stands in `loss = check(mine)`: what its code stores as soon as the call is over."""
    coming = (step for step in dis.get_instructions(caller.f_code) if step.offset > caller.f_lasti)
    stored = itertools.takewhile(lambda step: step.opname.startswith(("STORE_", "COPY")), coming)
    return [step.argval for step in stored if isinstance(step.argval, str)]
