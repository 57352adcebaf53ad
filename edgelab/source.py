"""Which code decides a result: the files that a building function reaches through its imports.

What is built is kept under a key that holds the text of these files. So a change in any of them builds it anew, and a
change elsewhere, in a widget's text or another chapter, does not; and nobody keeps a list by hand.
"""

import ast
import functools
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

PACKAGE = "edgelab"
# Where a result is kept and what is shown of it, never what it is.
KEEPING = tuple(f"{PACKAGE}.{name}" for name in ("workspace", "source", "errors", "declarations", "machine.bars"))
FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
ASSIGNMENTS = ast.Assign | ast.AnnAssign | ast.AugAssign


def source_digest(*functions: Callable) -> str:
    """SHA-256 over the text of `source_files`."""
    digest = hashlib.sha256()
    for file in source_files(*functions):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def source_files(*functions: Callable) -> list[Path]:
    """The package's files that decide what these functions compute, sorted.

    Each function's own file is one of them, but only those of its imports count that the function uses, itself or
    through what it names in that file. Of a file that is reached by an import every import counts. What a value brings
    along is not seen, a method that is inherited or a function handed over as an argument: name it, or hand it in.

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
        if isinstance(node, FUNCTIONS | ast.ClassDef):
            for name in (node.name, f".{node.name}"):
                definitions.setdefault(name, []).append(node)
    waiting: list[ast.stmt] = []
    waiting += (n for n in ast.walk(tree) if isinstance(n, FUNCTIONS | ASSIGNMENTS) and _first_line(n) == line)
    # What it names may be made in the file itself, or by a function that it stands in.
    top = [n for n in tree.body if not isinstance(n, FUNCTIONS | ast.ClassDef)]
    around = [n for n in ast.walk(tree) if isinstance(n, FUNCTIONS) and any(w in ast.walk(n) for w in waiting)]
    for node in _inside([*top, *around]):
        if isinstance(node, ASSIGNMENTS):
            for made in _inside([node]):
                if isinstance(made, ast.Name) and isinstance(made.ctx, ast.Store):
                    definitions.setdefault(made.id, []).append(node)
    waiting = waiting or list(tree.body)  # a lambda among arguments, say: then all of the file counts
    reached: list[ast.stmt] = []
    while waiting:
        node = waiting.pop()
        reached.append(node)
        waiting += [n for name in _names([node]) for n in definitions.get(name, ()) if n not in reached + waiting]
    names, at_the_top = _names(reached), _imports(top)
    used = {module for module, bound in at_the_top.items() if bound & names}
    return (used | _imports(reached).keys()) - set(KEEPING)


def _first_line(node: ast.stmt) -> int:
    return min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])


def _inside(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """These nodes and all within them."""
    return (inner for node in nodes for inner in ast.walk(node))


def _names(nodes: Iterable[ast.AST]) -> set[str]:
    """Every name in these nodes, and every attribute as `.name`: of whatever object, so it may be any method's."""
    inside = list(_inside(nodes))
    attributes = {f".{n.attr}" for n in inside if isinstance(n, ast.Attribute)}
    return {n.id for n in inside if isinstance(n, ast.Name)} | attributes


def _imports(nodes: Iterable[ast.AST]) -> dict[str, set[str]]:
    """The package's modules that are imported in these nodes, at whatever depth, each with the names it is bound to."""
    found: dict[str, set[str]] = {}
    for node in _inside(nodes):
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
