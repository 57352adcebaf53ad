"""The command progress: how far the learner is."""

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab.commands.command import Command
from edgelab.commands.output import print_table, say, show
from edgelab.declarations import Stored
from edgelab.errors import UserError

if TYPE_CHECKING:
    from edgelab.course.progress import Part

DECLARED = (
    Stored(
        what="the learner's progress with their answers, where they wish to have it",
        where="{chosen}",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
)


def progress(args: argparse.Namespace) -> int:
    """Tell it, or write it to a file."""
    from edgelab import __version__
    from edgelab.course.journal import read
    from edgelab.course.outline import outlines
    from edgelab.course.progress import HOW_COUNTED, as_json, next_step, parts, told
    from edgelab.course.session import place

    journal = read(place())
    found = parts(journal, outlines())
    if journal.note:
        say(journal.note)
    if args.export:
        export(args.export, as_json(found, journal, __version__), args.force)
        show(f"written: {args.export}")
        return 0
    if args.notebook:
        show(*told(named(found, args.notebook)))
    elif not any(part.begun for part in found):
        show(f"nothing yet in {journal.file}: it begins with your first check or guess in a notebook of `edgelab lab`")
    else:
        print_table([["notebook", "exercises", "predictions", "minutes"], *(row(p) for p in found if p.begun)])
        near = [f"  {p.question}: {p.in_words}" for part in found for p in part.predictions if p.guess and p.result]
        show(*(["", "predictions and results", *dict.fromkeys(near)] if near else []))
        show("", HOW_COUNTED)
    show("", f"next: {next_step(found, journal)}")
    return 0


def row(part: "Part") -> list[str]:
    """Of the table."""
    guessed = sum(p.guess is not None for p in part.predictions)
    passed = len(part.exercises) - len(part.left)
    return [
        part.name,
        f"{passed} of {len(part.exercises)} pass",
        f"{guessed} of {len(part.predictions)}",
        f"{part.minutes:.0f} of about {part.promised}",
    ]


def named(parts: "tuple[Part, ...]", name: str) -> "Part":
    """The notebook of that name or number.

    Raises:
        UserError: there is none.
    """
    name = Path(name).name
    for part in parts:
        if name in (part.name[:2], part.name, f"{part.name}.ipynb"):
            return part
    raise UserError(f"{name}: expected a notebook of the course: {', '.join(part.name for part in parts)}")


def export(file: Path, content: dict, force: bool) -> None:
    """Write it, over nothing that stands there unless that is wished.

    Raises:
        UserError: the file is there, or cannot be written.
    """
    from edgelab.workspace import write_atomic

    if os.path.lexists(file) and not (force and os.path.isfile(file)):  # `os.path`'s take any name, however long
        wish = "no such file yet, or --force to write over it" if os.path.isfile(file) else "a file to write"
        raise UserError(f"{file}: is there already: expected {wish}")
    try:
        # What a link leads to: else the link itself would be replaced.
        write_atomic(Path(os.path.realpath(file)), json.dumps(content, indent=1, ensure_ascii=False) + "\n")
    except OSError as error:
        raise UserError(f"{file}: cannot be written: {error.strerror}") from None


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `progress` takes."""
    parser.add_argument("--notebook", metavar="NOTEBOOK", help="all of one notebook: its name or number, such as 02")
    parser.add_argument("--export", metavar="FILE", type=Path, help="write everything as one JSON file, for yourself")
    parser.add_argument("--force", action="store_true", help="with --export: write over a file that is there")


COMMAND = Command(
    name="progress",
    run=progress,
    help="tell which exercises pass, how near your predictions were, your minutes so far, and what comes next",
    more="""
It is computed from work/.edgelab/progress.jsonl, to which the notebooks that you open with `edgelab lab` add a line at each
check, guess and result (without the course's folder: from progress.jsonl in EDGELAB_HOME). Nothing of it is ever sent.

The file of --export holds `next`, `pause_minutes` and, for each of `notebooks`: `name`, `minutes`, `promised_minutes`,
`exercises` (`name`, `state`, `tries`, `passed_at`, `answer`: your lines that passed, `failed_at`, `failed_answer`, `problem`)
and `predictions` (`key`, `question`, `guess`, `guessed_at`, `measured`, `measured_at`, `unit`, `difference`).
""",
    arguments=arguments,
    examples="edgelab progress\nedgelab progress --notebook 02\nedgelab progress --export me.json",
)
