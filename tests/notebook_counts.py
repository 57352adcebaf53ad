"""How much of a notebook its learner does, counted: a notebook is done, not watched.

`count(notebook, check)` counts; `shortfalls(counts, minutes, first)` names what is not enough. A *doing* is an exercise or a
guess asked for outside the opening section; every code cell that is neither, nor asks for the opening guess, is *given*.
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from edgelab.course.exercises import Checks
from tests.notebook_lint import MAX_LINES, calls, code_lines, exercises, parsed, tags_of

FIRST_DOING = 14  # at the latest, counting all cells from 1
IN_A_ROW = 2  # given code cells
ANSWERED = 1 / 4  # of all lines, those that the learner writes
WORDS_A_MINUTE, EXERCISE_MINUTES, LEEWAY = 200, (3, 8), 0.2


@dataclass(frozen=True)
class Counts:
    """`first_doing` is a place among all cells, from 1, or None; lines are those with something on them."""

    first_doing: int | None
    exercises: int
    doings: int
    in_a_row: int
    answer_lines: int
    given_lines: int
    longest: int
    words: int

    @property
    def answered(self) -> float:
        """The share of all code lines that the learner writes."""
        return self.answer_lines / max(1, self.answer_lines + self.given_lines)

    @property
    def minutes(self) -> tuple[float, float]:
        """What a fast and a slow learner needs: to read, and for the exercises."""
        fast, slow = (self.words / WORDS_A_MINUTE + each * self.exercises for each in EXERCISE_MINUTES)
        return fast, slow


def count(notebook, check: Checks) -> Counts:
    doings, number, lengths = [], 0, [0]
    row = longest_row = given_lines = words = 0
    for place, (cell, section, free) in enumerate(_walk(notebook), 1):
        if cell.cell_type != "code":
            words += len(cell.source.split())
            continue
        exercise, guess = "exercise" in tags_of(cell), bool(calls(parsed(cell), "predict"))
        number += exercise
        lengths.append(len(code_lines(cell.source)))
        given_lines += 0 if exercise else lengths[-1]
        if exercise or (guess and section != "## Predict"):
            doings.append(place)
        row = 0 if exercise or guess or free else row + 1
        longest_row = max(longest_row, row)
    answers = sum(_answer_lines(check.exercises[name].reference) for name in exercises(notebook))
    first = doings[0] if doings else None
    return Counts(first, number, len(doings), longest_row, answers, given_lines, max(lengths), words)


def shortfalls(counts: Counts, minutes: float, *, first: bool = False) -> dict[str, str]:
    """What is not enough, by the name of its rule; `minutes` are those promised, and `first` is `00_start_here`."""
    fast, slow = counts.minutes
    least_exercises, least_doings = (1, 1) if first else (6, 8)
    rules = {
        "first doing": (
            counts.first_doing is not None and counts.first_doing <= FIRST_DOING,
            f"at cell {counts.first_doing}, at the latest at {FIRST_DOING}",
        ),
        "exercises": (counts.exercises >= least_exercises, f"{counts.exercises}, at least {least_exercises}"),
        "doings": (counts.doings >= least_doings, f"{counts.doings}, at least {least_doings}"),
        "given in a row": (counts.in_a_row <= IN_A_ROW, f"{counts.in_a_row} code cells, at most {IN_A_ROW}"),
        "answers": (counts.answered >= ANSWERED, f"{counts.answered:.0%} of the lines, at least {ANSWERED:.0%}"),
        "minutes": (
            (1 - LEEWAY) * fast <= minutes <= (1 + LEEWAY) * slow,
            f"{minutes} promised, {fast:.0f} to {slow:.0f} counted",
        ),
        "long cells": (counts.longest <= MAX_LINES, f"{counts.longest} lines, at most {MAX_LINES}"),
    }
    return {name: found for name, (enough, found) in rules.items() if not enough}


def _walk(notebook) -> Iterator[tuple]:
    """Each cell, its section, and whether any number of cells may be given there: a failure shown, or what is optional."""
    section = heading = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            for line in re.findall(r"^###? .*$", cell.source, re.MULTILINE):
                heading = line.strip()
                section = heading if heading.startswith("## ") else section
        free = section == "## When it goes wrong" or "optional" in f"{section} {heading}".lower()
        yield cell, section, free


def _answer_lines(reference) -> int:
    """The lines that a learner writes: a function's body without its docstring, or one for each entry of a design."""
    if not callable(reference):
        return len(reference) if isinstance(reference, dict | list | tuple) else 1
    source = textwrap.dedent(inspect.getsource(reference))
    body = ast.parse(source).body[0].body
    if ast.get_docstring(ast.parse(source).body[0]) is not None:
        body = body[1:]
    return len(code_lines("\n".join(source.splitlines()[body[0].lineno - 1 :])))
