"""What a command says: lines and tables for people, JSON for programs, refusals.

Names and texts come from files that somebody else may have written: what would steer a terminal is shown as `\\x1b`.
"""

import contextlib
import io
import json
import os
import re
import sys
from math import inf

from edgelab.errors import UserError

LONGEST = 10_000  # characters of a refusal: two paths of the longest kind that there is


def printable(text: str, but: str = "") -> str:
    """The text with its control characters written out, but for these."""
    return re.sub(
        r"[\x00-\x1f\x7f-\x9f]", lambda found: found[0] if found[0] in but else f"\\x{ord(found[0]):02x}", text
    )


def show(*lines: str) -> None:
    """Each on a line of standard output."""
    _write("".join(f"{printable(line)}\n" for line in lines))


def show_part(text: str) -> None:
    """A part of a text that comes bit by bit: its lines and tabs as they are."""
    _write(printable(text, but="\n\t"))


def print_table(rows: list[list[str]]) -> None:
    """The first column to the left, the others to the right."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))]
        show("  ".join(cells).rstrip())


def print_json(value: object, indent: int | None = 1) -> None:
    """As JSON in UTF-8, whatever the terminal's encoding.

    Raises:
        UserError: a number is infinite or none, which JSON cannot say.
    """
    try:
        text = json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False)
    except ValueError:
        raise UserError("expected numbers to write as JSON, found one that is infinite or not a number") from None
    text = re.sub(r"[\x7f-\x9f]", lambda found: f"\\u{ord(found[0]):04x}", text)
    # Half a character, of a file's name that is not UTF-8, becomes what JSON writes for it: \udce9.
    _reconfigure(encoding="utf-8", errors="backslashreplace")
    _write(text + "\n")


def _write(text: str) -> None:
    """To standard output, at once: what cannot be written is an error here, not at the exit.

    Raises:
        UserError: it is full.
        OSError: it is a pipe that nobody reads any more.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise UserError(f"standard output: cannot be written to: {error.strerror}") from None


def say(*lines: str) -> None:
    """Each on a line of standard error; where that is full or closed, there is nobody to tell."""
    with contextlib.suppress(OSError):
        print("".join(f"{printable(line)}\n" for line in lines), end="", file=sys.stderr, flush=True)


def refuse(message: str) -> int:
    """One line on standard error; returns the exit code. What was found may be a file's first megabyte: the middle of
    such a line is left out."""
    line = " ".join(message.split())
    say(f"edgelab: {line if len(line) <= LONGEST else f'{line[: LONGEST // 2]} ... {line[-LONGEST // 2 :]}'}")
    return 2


def open_streams() -> None:
    """Standard output and error as commands need them: there, and able to write any character in some way.

    Raises:
        UserError: standard output is closed.
    """
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w")  # noqa: SIM115  (for as long as the program runs)
    if sys.stdout is None:
        raise UserError("standard output is closed")
    _reconfigure(errors="backslashreplace")


def _reconfigure(errors: str, encoding: str | None = None) -> None:
    if isinstance(sys.stdout, io.TextIOWrapper):  # else it is a notebook's, or a test's
        sys.stdout.reconfigure(encoding=encoding or sys.stdout.encoding, errors=errors)


def abandon_output() -> None:
    """What is still waiting for standard output goes nowhere, so that Python's exit does not try it again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def size(count: int) -> str:
    """Bytes as a person reads them."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:,.0f} MB"


def interval(ends: dict[str, float | None], form: str = ".3f") -> str:
    """An interval as JSON has it, to read; an end that is None is open."""
    from edgelab.stats.intervals import Interval

    known = {name: inf if end is None else end for name, end in ends.items()}
    return format(Interval(**known), form)
