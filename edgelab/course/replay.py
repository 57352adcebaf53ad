"""An answer as Python that gives it again in another kernel: the learner's own lines, cut out of the cells that they ran.

What an answer uses is looked for where the learner wrote it: in the cell that was checked, and of earlier cells in the last
one that defines it, as long as that one only imports, defines or names a plain value. Anything else (a model, a table that
a cell computed) is not made anew: it is named, for the notebook to make it.
"""

import ast
import builtins
import functools
import linecache
import pprint
import re
import symtable
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import Any

FLAGS = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT  # as a notebook's cells are compiled
LINE_ENDS = re.compile(r"\r\n|\r|\n")  # Python's: `str.splitlines` also ends a line within a text, at U+2028 and others
PLAIN = (ast.Import, ast.ImportFrom, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True)
class Source:
    """`text` gives the answer its name; `needs` are the names in it that only the notebook's cells make."""

    text: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Statement:
    """A statement of a cell: its lines, the names that it gives a value to, uses, and changes in place."""

    text: str
    first: int
    last: int
    binds: frozenset[str]
    uses: frozenset[str]
    changes: frozenset[str]
    plain: bool


def source_of(name: str, attempt: Any, caller: FrameType, check: object, exercises: Collection[str]) -> Source | None:
    """Python that gives `name` this attempt, which is just being handed to `check`; None where it cannot be told.

    Args:
        exercises: names that the notebook has from its other checks.
    """
    if not callable(attempt) and (literal := _literal(attempt)):
        return Source(f"{name} = {literal}")
    scope = caller.f_globals
    checks = {key for key, value in scope.items() if value is check}
    told = "".join(linecache.getlines(caller.f_code.co_filename, scope)).splitlines()
    ran = [cell for cell in scope.get("In", ()) if isinstance(cell, str)]
    # As it ran: IPython's lines end at each U+2028 of a text, too, and are no Python then.
    own = next((cell for cell in reversed(ran) if cell.splitlines() == told), "\n".join(told))
    statements = _statements(own)
    here = next((i for i, s in enumerate(statements) if s.first <= caller.f_lineno <= s.last and s.uses & checks), None)
    handed = None if here is None else _handed_in(statements[here], caller.f_lineno, checks, name)
    if handed is None:
        return None
    earlier = [_statements(cell) for cell in reversed(ran) if cell.strip() != own.strip()]
    last = [] if handed == name else _statements(f"{name} = {handed}")
    wanted = last[0].uses if last else frozenset([name])
    given = (frozenset(exercises) - {name}) | checks
    cells = [[s for s in cell if not s.uses & checks] for cell in [statements[:here], *earlier]]
    lines, missing = _cut(cells, wanted, given)
    if not lines and not last:
        return None
    text = "\n\n".join(s.text for s in [*lines, *last])
    return Source(text, tuple(sorted(each for each in missing if each in scope)))


def run_again(name: str, text: str, scope: dict[str, Any]) -> Any:
    """The answer that this source gives, run among a notebook's names as a cell of its own would be. Whatever the
    learner's lines raise comes through."""
    file = f"<kept answer: {name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)  # for `inspect.getsource`
    exec(compile(text, file, "exec"), scope)
    return scope[name]


def used_by(text: str) -> frozenset[str]:
    """The names that this source uses and does not make."""
    statements = _statements(text)
    made = frozenset[str]().union(*(s.binds for s in statements))
    return frozenset[str]().union(*(s.uses for s in statements)) - made - set(dir(builtins))


def _literal(value: Any) -> str:
    """Plain data as Python writes them; empty for anything else."""
    try:
        return pprint.pformat(value, sort_dicts=False) if ast.literal_eval(repr(value)) == value else ""
    except Exception:  # whatever an odd value's own methods raise
        return ""


def _handed_in(here: Statement, line: int, checks: set[str], name: str) -> str | None:
    """What stands in the call of the check on that line: `mine` of `check(mine)` and of `check("loss", mine)`."""
    found = []
    for node in ast.walk(ast.parse(here.text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in checks and node.args:
            found.append(node)
    if len(found) > 1:
        at = line - here.first + 1
        found = [node for node in found if node.lineno <= at <= (node.end_lineno or at)]
    if len(found) != 1:
        return None
    given = found[0].args[-1]
    return name if isinstance(given, ast.Constant) and given.value == name else ast.unparse(given)


def _cut(
    cells: Sequence[Sequence[Statement]], wanted: frozenset[str], given: frozenset[str]
) -> tuple[list[Statement], set[str]]:
    """The statements that make the wanted names and what those use, in the order in which they ran; and the names that
    none makes. The first cell is the one that was checked, the others go back in time."""
    chosen: dict[tuple[int, int], Statement] = {}
    missing: set[str] = set()
    seen, waiting = set(given) | set(dir(builtins)), sorted(wanted - given)
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        place = next((i for i, cell in enumerate(cells) if any(name in s.binds for s in cell)), None)
        found = [] if place is None else [(k, s) for k, s in enumerate(cells[place]) if name in s.binds | s.changes]
        if place is None or (place and not all(s.plain for _, s in found)):
            missing.add(name)
            continue
        for number, statement in found:
            chosen[-place, number] = statement
            waiting += sorted(statement.uses - seen)
    return [chosen[key] for key in sorted(chosen)], missing


@functools.lru_cache(maxsize=1000)
def _statements(cell: str) -> tuple[Statement, ...]:
    """The statements of a cell; none where it is no Python."""
    try:
        tree = compile(cell, "cell", "exec", FLAGS)
    except (SyntaxError, ValueError):
        return ()
    return tuple(filter(None, (_statement(node, cell) for node in tree.body)))


def _statement(node: ast.stmt, cell: str) -> Statement | None:
    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
    last = node.end_lineno or node.lineno
    lines = LINE_ENDS.split(cell)[first - 1 : last]
    text = "\n".join(lines)
    try:
        whole = node.col_offset == 0 and len(ast.parse(text).body) == 1
        text = text if whole else ast.unparse(node)  # others stand on its lines
        table = symtable.symtable(text, "cell", "exec")
    except SyntaxError:  # an `await` of the notebook's own
        return None
    symbols = table.get_symbols()
    binds = {s.get_name() for s in symbols if s.is_assigned() or s.is_imported()}
    uses = {s.get_name() for s in symbols if s.is_referenced()} | set(_from_outside(table))
    plain = isinstance(node, PLAIN) or (
        isinstance(node, ast.Assign) and (isinstance(node.value, ast.Lambda) or _is_literal(node.value))
    )
    return Statement(text, first, last, frozenset(binds), frozenset(uses), frozenset(_changed(node)), plain)


def _from_outside(table: symtable.SymbolTable) -> Iterator[str]:
    """The names that the functions and classes within take from around them."""
    for inner in table.get_children():
        yield from (s.get_name() for s in inner.get_symbols() if s.is_global())
        yield from _from_outside(inner)


def _changed(node: ast.stmt) -> Iterator[str]:
    """`plan` of `plan["seeds"] = 3` and of `plan.update(...)`, wherever in the statement they stand."""
    if isinstance(node, PLAIN):
        return
    for part in ast.walk(node):
        target: ast.AST | None = None
        if isinstance(part, ast.Subscript | ast.Attribute) and isinstance(part.ctx, ast.Store):
            target = part.value
        if (
            isinstance(part, ast.Expr)
            and isinstance(part.value, ast.Call)
            and isinstance(part.value.func, ast.Attribute)
        ):
            target = part.value.func.value
        while isinstance(target, ast.Subscript | ast.Attribute):
            target = target.value
        if isinstance(target, ast.Name):
            yield target.id


def _is_literal(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return False
    return True
