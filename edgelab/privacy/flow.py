"""Everything that the package stores and sends, in one table made from the code's own declarations."""

import ast
import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from edgelab.declarations import PLACES, Sent, Stored
from edgelab.workspace import PACKAGE

KINDS: dict[str, type[Stored] | type[Sent]] = {"Stored": Stored, "Sent": Sent}


@dataclass(frozen=True)
class Declared:
    """A declaration, and the module that it stands in."""

    module: str
    said: Stored | Sent


@functools.cache
def declared(package: Path = PACKAGE) -> tuple[Declared, ...]:
    """Every declaration in a package's source, by module; nothing is imported or run."""
    found = []
    for file in sorted(package.rglob("*.py")):
        text = file.read_text("utf-8")
        if "\nDECLARED = " in text:
            module = ".".join([package.name, *file.relative_to(package).with_suffix("").parts])
            found += [Declared(module, said) for said in read_declared(text, module)]
    return tuple(found)


def read_declared(text: str, module: str) -> list[Stored | Sent]:
    """The declarations of a file's text.

    Raises:
        ValueError: `DECLARED` is none of plain texts.
    """
    said = []
    for node in ast.parse(text).body:
        if not (isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DECLARED"):
            continue
        try:
            assert isinstance(node.value, ast.Tuple)
            for call in node.value.elts:
                assert isinstance(call, ast.Call)
                kind = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                fields = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords}
                said.append(KINDS[kind](*map(ast.literal_eval, call.args), **fields))
                assert place_of(said[-1].where) in PLACES
        except (AssertionError, ValueError, KeyError, TypeError):
            raise ValueError(f"{module}: expected DECLARED = (Stored(...), Sent(...)) of plain texts") from None
    return said


def declared_stores() -> tuple[Declared, ...]:
    """Every `Stored` of the package, by module."""
    return tuple(entry for entry in declared() if isinstance(entry.said, Stored))


def declared_sends() -> tuple[Declared, ...]:
    """Every `Sent` of the package, by module."""
    return tuple(entry for entry in declared() if isinstance(entry.said, Sent))


def data_flow(part: str | None = None) -> list[dict[str, str]]:
    """The table, one row a declaration, of one `part` or of both: `module`, `does` (keeps, sends), `what`, `about`, `where`
    (or to whom), and `how long, or policy`."""
    rows = []
    for entry in declared():
        said, place = entry.said, PLACES[place_of(entry.said.where)]
        if part not in (None, said.part):
            continue
        row = {"module": entry.module.removeprefix("edgelab."), "does": "sends", "what": said.what, "about": said.about}
        if isinstance(said, Stored):
            row |= {"does": "keeps", "where": said.where, "how long, or policy": said.how_long}
        else:
            row |= {"where": f"{said.to}: {place}", "how long, or policy": said.policy}
        rows.append(row)
    return rows


def place_of(where: str) -> str:
    """The place in braces that a pattern begins with; empty where it begins with none."""
    match = re.match(r"\{(\w+)\}", where)
    return match[1] if match else ""


def is_declared(entry: Stored | Sent, target: str, places: Mapping[str, Iterable[str]]) -> bool:
    """Whether a file's path, or `host:port`, is where a declaration says.

    Args:
        places: what each name in braces stands for now; one that is missing stands for nothing.
    """
    name = place_of(entry.where)
    pattern = entry.where[len(name) + 2 :] if isinstance(entry, Stored) else ""
    return any(re.fullmatch(re.escape(place) + _regular(pattern), target, re.DOTALL) for place in places.get(name, ()))


def _regular(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*)", pattern)
    return "".join({"**": ".*", "*": "[^/]*"}.get(part, re.escape(part)) for part in parts)
