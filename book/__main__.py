"""The course as a site to read: `python -m book`, or `make book`.

Every notebook is run as committed, its exercises going on with the course's own answers, and kept until the course
changes. The site needs no server of its own and asks nobody: any static server shows it, in any folder.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from book.executed import NotebookFailed, course_digest, execute, use_own_home
from book.site import build_site, check_place
from edgelab.commands.headless import CLEAR_LINE, heading, put_scripts_on_path, say_notebook, show_cell
from edgelab.commands.output import refuse, say, show
from edgelab.commands.signals import Terminated, heeding_termination
from edgelab.course.notebooks import CourseError, NotebookProgress, course_folder, notebooks
from edgelab.errors import UserError
from edgelab.workspace import Artifact, folder_bytes


def chosen_notebooks(names: list[str] | None) -> list[Path]:
    """The course's notebooks of these names, in the course's order; all where none are named.

    Raises:
        CourseError: there is none of a name.
    """
    known = {path.stem: path for path in notebooks()}
    if unknown := sorted(set(names or ()) - set(known)):
        raise CourseError(f"{unknown[0]}: expected one of {', '.join(known) or 'the course (none here)'}")
    return [path for name, path in known.items() if not names or name in names]


def run_all(paths: list[Path]) -> dict[str, Artifact]:
    """Every notebook's executed copy, by name. One that fails does not keep the others from running.

    Raises:
        NotebookFailed: some did, each in a sentence.
    """
    course, found, failed = course_digest(), {}, []
    clear = CLEAR_LINE if sys.stderr.isatty() else ""
    for number, path in enumerate(paths, 1):
        begin = NotebookProgress(path.stem, number, len(paths), cell=0, cells=0, seconds=0.0)
        try:
            made = found[path.stem] = execute(path, course, teller(begin))
        except NotebookFailed as error:
            failed.append(str(error))
            say(f"{clear}{error}")
        else:
            say(f"{clear}{heading(begin)}: {'run before' if made.loaded else f'run now, {made.seconds:.0f} s'}")
    if failed:
        raise NotebookFailed(f"{len(failed)} of {len(paths)} notebooks failed: {'; '.join(failed)}")
    return found


def teller(begin: NotebookProgress) -> Callable[[int, int, float], None]:
    """Says where that notebook is."""
    tell = show_cell if sys.stderr.isatty() else say_notebook
    return lambda cell, cells, seconds: tell(replace(begin, cell=cell, cells=cells, seconds=seconds))


def main(argv: list[str] | None = None) -> int:
    """Build it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m book", description=__doc__)
    parser.add_argument("--out", type=Path, help="the site's folder (default: build/book)")
    parser.add_argument("--only", nargs="+", metavar="NOTEBOOK", help="these notebooks alone, by name")
    args = parser.parse_args(argv)
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # of the kernel that an interruption ends
    try:
        with heeding_termination():
            out = Path(os.path.realpath(args.out or course_folder() / "build" / "book"))  # a link stays one
            check_place(out)
            chosen = chosen_notebooks(args.only)
            use_own_home()
            put_scripts_on_path()
            build_site(run_all(chosen), out)
    except KeyboardInterrupt as stop:
        say("", "interrupted: what has run to its end is kept, the next build goes on from there")
        return 143 if isinstance(stop, Terminated) else 130
    except UserError as error:
        return refuse(str(error))
    show(f"{out}: {folder_bytes(out) / 1e6:.0f} MB", f"python -m http.server --bind 127.0.0.1 -d {out}  # shows it")
    return 0


if __name__ == "__main__":
    code = main()
    if code > 128:  # a kernel was stopped in the middle: what nbclient says of it at the exit helps nobody
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
