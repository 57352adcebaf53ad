"""Which code decides a result: the files that a building function reaches through its imports.

What is built is kept under a key that holds the text of these files. So a change in any of them builds it anew, and a
change elsewhere, in a widget's text or another chapter, does not; and nobody keeps a list by hand.
"""

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterable
from pathlib import Path

PACKAGE = "edgelab"
KEEPING = tuple(
    f"{PACKAGE}.{name}" for name in ("workspace", "source", "errors")
)  # where a result is kept, never what it is


def source_digest(*functions: Callable) -> str:
    """SHA-256 over the text of `source_files`."""
    digest = hashlib.sha256()
    for file in source_files(*functions):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def source_files(*functions: Callable) -> list[Path]:
    """The package's files that decide what these functions compute, sorted.

    Each function's own file is one of them, but only those of its imports count that the function uses, itself or
    through what it names in that file. Of a file that is reached by an import every import counts.

    Raises:
        ImportError: a file imports a module that the package does not have.
    """
    files: set[Path] = set()
    waiting: set[str] = set()
    for function in functions:
        file = Path(inspect.unwrap(function).__code__.co_filename)
        if not file.is_file():  # typed at a prompt: there is no text to hash
            continue
        files.add(file)
        waiting |= _imported_by(file, inspect.unwrap(function).__code__.co_firstlineno)
    seen = set(KEEPING)
    while waiting:
        module = waiting.pop()
        seen.add(module)
        reached = _file(module)
        if reached is None:
            raise ImportError(f"{module}: expected a module of the package, found none")
        files.add(reached)
        waiting |= _imports([_tree(reached)]).keys() - seen
    return sorted(files)


def _imported_by(file: Path, line: int) -> set[str]:
    """The modules that the function defined at this line of a file uses, itself or through what it names there."""
    tree = _tree(file)
    definitions: dict[str, list[ast.stmt]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            definitions.setdefault(node.name, []).append(node)
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AnnAssign):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                definitions.setdefault(getattr(target, "id", ""), []).append(node)
    waiting = [n for nodes in definitions.values() for n in nodes if _first_line(n) == line]
    reached: list[ast.stmt] = []
    while waiting:
        node = waiting.pop()
        reached.append(node)
        waiting += [n for name in _names([node]) for n in definitions.get(name, ()) if n not in reached + waiting]
    names, at_the_top = _names(reached), _imports(n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom))
    used = {module for module, bound in at_the_top.items() if bound & names}
    return (used | _imports(reached).keys()) - set(KEEPING)


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    inside = [n for node in nodes for n in ast.walk(node)]
    return {n.id for n in inside if isinstance(n, ast.Name)} | {n.attr for n in inside if isinstance(n, ast.Attribute)}


def _imports(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    """The package's modules that are imported in these nodes, at whatever depth, each with the names it is bound to."""
    found: dict[str, set[str]] = {}
    for node in (n for outer in nodes for n in ast.walk(outer)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == PACKAGE:
                    found.setdefault(alias.name, set()).add(alias.asname or PACKAGE)
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == PACKAGE:
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"  # a module of that package, or a name in that module
                found.setdefault(inner if _file(inner) else node.module, set()).add(alias.asname or alias.name)
    return found


@functools.cache
def _tree(file: Path) -> ast.Module:
    return ast.parse(file.read_bytes())


@functools.cache
def _file(module: str) -> Path | None:
    """The file of a module of the package, None for what is no module."""
    place = Path(__file__).parent.joinpath(*module.split(".")[1:])
    return next((f for f in (place.with_suffix(".py"), place / "__init__.py") if f.is_file()), None)
