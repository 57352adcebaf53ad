"""The numbers in a notebook's text, and what in its own code gives them.

A number is *given* if the notebook's code or a verified output holds it, or the exercises that the notebook checks: there it
is a parameter, or computed. What no code gives must be quoted from a source or worked out (`tests/traced.py`).
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
NUMBER = re.compile(r"(?<![\w.`/#-])[-+]?\d(?:[\d,]*\d)?(?:\.\d+)?(?![\w]|\.\d)")
SHARE = re.compile(
    r"^[* ]*(?:%|points?\b|cents?\b)|^(?: [a-z]+){0,2} (?:of|in) (?:100|a hundred)\b"
)  # also written as a hundredth in code
UNIT = re.compile(
    r"^[* ]*(?:%|[KMG]B\b|ms\b|s\b|seconds?\b|minutes?\b|times\b|points?\b|nats?\b|cents?\b|dollars?\b|(?:m|b)illion\b|of (?:100|a hundred)\b)"
)
# What is no figure: code and addresses; a text that is quoted; where one reads on; shapes; names of sections and notebooks.
NO_FIGURES = [
    (re.compile(r"`[^`\n]*`"), "` `"),
    (re.compile(r"\]\([^)\s]*\)"), "]"),
    (re.compile(r"https?://\S+"), ""),
    (re.compile(r'"[^"\n]*"'), '""'),
    (re.compile(r"\bsections? \d+(?:\.\d+)?(?:(?:,| and| or| to) \d+)*", re.IGNORECASE), "section"),
    (re.compile(r"^(#+ )\d+\. ", re.MULTILINE), r"\1"),
    (re.compile(r"\b(?:0\d|10)\b(?=[,:.'|]| and | to | \|)(?:(?:, | and | to )(?:0\d|10)\b)*"), "notebook"),
    (re.compile(r"^- \[\d+\]", re.MULTILINE), ""),
    (re.compile(r"\[[^\]\n]*\](?= (?:requests|examples|phones|texts|models|draws|rows))"), ""),
]
# Plain words of the trade: how wide a number is; a promise of minutes, which another test holds; the year of a work.
PLAIN = re.compile(r"^[- ]bits?\b")
WIDTHS = {2, 4, 5, 7, 8, 16, 32}
MINUTES = re.compile(r"About (\d+) minutes of yours")
YEAR = re.compile(r"\((?:[A-Z][^()]* )?$|[\w.,)\]] (?:al\. )?$|February $|\[showed in $|\($")
WORDS = {"twentyfold": "20", "three": "3"}
COUNTED = 10  # up to so many, things are counted in words and digits alike


@dataclass(frozen=True)
class Figure:
    """A number in a text: as it is written, its place there, and the words around it."""

    written: str
    value: float
    start: int
    shares: bool
    unit: bool
    around: str


def figures(text: str) -> Iterator[tuple[str, Figure]]:
    """All numbers that say how much, beside the text without what is no figure."""
    minutes = MINUTES.search(text)
    plain = text.replace(minutes[0], "") if minutes else text
    for pattern, by in NO_FIGURES:
        plain = pattern.sub(by, plain)
    for match in NUMBER.finditer(plain):
        value, after, before = abs(float(match[0].replace(",", ""))), plain[match.end() :], plain[: match.start()]
        unit = bool(UNIT.match(after))
        if value <= COUNTED and value == int(value) and not unit and "." not in match[0]:
            continue
        if PLAIN.match(after) and value in WIDTHS:
            continue
        if 1900 <= value <= 2030 and len(match[0]) == 4 and YEAR.search(before):
            continue
        around = " ".join(plain[max(0, match.start() - 50) : match.end() + 30].split())
        yield plain, Figure(match[0].lstrip("+-"), value, match.start(), bool(SHARE.match(after)), unit, around)


def given(notebook, name: str) -> set[float]:
    """The numbers in a notebook's code, in its verified outputs, and in the exercises of its room."""
    found: set[float] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            found |= _literals(compile(cell.source, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT))
            for output in cell.outputs:
                found |= _in(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
    room = ROOT / "edgelab" / ("course" if name.startswith("00") else name[3:])
    for file in [room / "checks.py", *sorted(room.glob("*_exercise.py"))]:
        found |= _literals(ast.parse(file.read_text("utf-8")))
    return found


def is_given(figure: Figure, numbers: set[float]) -> bool:
    """Whether one of the numbers is this one: as it stands; as a share, too, if it is said in %, points, cents or of 100."""
    sizes = (figure.value, figure.value / 100) if figure.shares else (figure.value,)
    return any(abs(size - number) < 1e-9 for size in sizes for number in numbers)


def _literals(tree: ast.AST) -> set[float]:
    found: set[float] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= _in(node.value)
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool)
        ):
            found.add(abs(float(node.value)))
    return found


def _in(text: str) -> set[float]:
    return {abs(float(number.replace(",", ""))) for number in NUMBER.findall(text)}


def said(snippet: str) -> list[tuple[float, int]]:
    """The numbers of a snippet, in their order, each with how many decimals it is written with; a few as words."""
    plain = NO_FIGURES[0][0].sub("", snippet)
    for word, number in WORDS.items():
        plain = re.sub(rf"\b{word}\b", number, plain)
    return [(abs(float(n.replace(",", ""))), len(n.partition(".")[2])) for n in NUMBER.findall(plain)]


def agree(number: float, value: float, places: int) -> bool:
    """Whether a number is this value, rounded to so many places."""
    return abs(number - value) <= 0.5 * 10**-places + 1e-9
