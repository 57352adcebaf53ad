"""The minutes of each section of a notebook, counted: what there is to read, and its exercises.

The sections of a notebook add up to the minutes that it promises (`course/notebooks.py:COURSE`): reading takes WORDS_A_MINUTE,
the rest of the promise is shared out evenly among the exercises.
"""

import functools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil, floor
from pathlib import Path

from edgelab.course.notebooks import COURSE, notebooks

WORDS_A_MINUTE = 200
GUESS_MINUTES = 1  # to ask a room for its guess and to say what came
OPENING = "Opening"
PROMISED = {name: minutes for name, _, _, minutes in COURSE}


@dataclass(frozen=True)
class Section:
    """A section, or an optional part of one: its words, exercises and predictions (name -> question), in order; `minutes` is
    what a learner takes who does it."""

    notebook: str
    title: str
    words: int
    exercises: tuple[str, ...]
    predictions: dict[str, str]
    minutes: int = 0

    @property
    def shown_minutes(self) -> int:
        """What it takes to show it to a room: the reading, told, and its guesses; the course's own answers go in."""
        return ceil(self.words / WORDS_A_MINUTE) + GUESS_MINUTES * len(self.predictions)

    @property
    def number(self) -> str:
        """How a plan names it: `3` for "3. The formats", else its title."""
        found = re.match(r"(\d+)\. .*?(, on)?$", self.title)
        return f"{found[1]}{found[2] or ''}" if found else self.title


def sections(path: Path) -> tuple[Section, ...]:
    """The sections of a notebook, in order."""
    parts: list[tuple[str, list[dict]]] = [(OPENING, [])]
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            heading = re.search(r"^##(#?) (.*)$", text, re.MULTILINE)
            if heading and (not heading[1] or heading[2].startswith("Optional")):
                parts.append((heading[2].strip(), []))
            elif heading and parts[-1][0].startswith(
                "Optional"
            ):  # back in the section that the optional part stands in
                parts.append((f"{_section_before(parts)}, on", []))
        parts[-1][1].append(cell)
    return _timed([_section(path.stem, title, cells) for title, cells in parts], PROMISED[path.stem])


def _section_before(parts: list[tuple[str, list[dict]]]) -> str:
    return next(title for title, _ in reversed(parts) if not title.startswith("Optional"))


def _section(notebook: str, title: str, cells: list[dict]) -> Section:
    words, exercises, predictions = 0, [], {}
    for cell in cells:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            words += len(text.split())
            continue
        predictions |= dict(re.findall(r'\bpredict\(\s*"(\w+)", "([^"]+)"', text))
        if "exercise" in cell["metadata"].get("tags", []):
            exercises += re.findall(r'^(?:.*= )?check\("?(\w+)', text, re.MULTILINE)[-1:]
    return Section(notebook, title, words, tuple(exercises), predictions)


def exercise_minutes(notebook: str) -> float:
    """What is counted for each exercise of it."""
    return _share(all_sections()[notebook], PROMISED[notebook])


def _share(found: Sequence[Section], promised: int) -> float:
    """What is left of the promise after reading, for each exercise."""
    reading = sum(each.words for each in found) / WORDS_A_MINUTE
    return (promised - reading) / sum(len(each.exercises) for each in found)


def _timed(found: list[Section], promised: int) -> tuple[Section, ...]:
    """With whole minutes that add up to the promise: those that lose most by rounding down are rounded up."""
    exercise = _share(found, promised)
    exact = [each.words / WORDS_A_MINUTE + exercise * len(each.exercises) for each in found]
    up = sorted(range(len(found)), key=lambda i: floor(exact[i]) - exact[i])[: promised - sum(map(floor, exact))]
    return tuple(replace(each, minutes=floor(exact[i]) + (i in up)) for i, each in enumerate(found))


@functools.cache
def all_sections() -> dict[str, tuple[Section, ...]]:
    """Of every notebook, by its name."""
    return {path.stem: sections(path) for path in notebooks()}
