"""The course as a site to read: `python -m book`, or `make book`.

Every notebook is run as committed, its exercises going on with the course's own answers, and kept until the course
changes. The site needs no server of its own and asks nobody: any static server shows it, in any folder.
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path

from book.executed import NotebookFailed, course_digest, execute, use_own_home
from book.site import build_site, check_place
from edgelab.commands.lab import put_scripts_on_path
from edgelab.commands.output import printable, refuse, say, show
from edgelab.commands.signals import Terminated, heed_in_loop, heeding_termination
from edgelab.course.notebooks import CourseError, course_folder, notebooks
from edgelab.errors import UserError
from edgelab.workspace import Artifact, folder_bytes

CLEAR_LINE = "\r\033[K"


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
    for number, path in enumerate(paths, 1):
        heading = f"[{number}/{len(paths)}] {path.stem}"
        try:
            found[path.stem] = execute(path, course, teller(heading))
        except NotebookFailed as error:
            failed.append(str(error))
            say(str(error))
        else:
            made = found[path.stem]
            say(f"{heading}: {'run before' if made.loaded else f'run now, {made.seconds:.0f} s'}")
    if failed:
        raise NotebookFailed(f"{len(failed)} of {len(paths)} notebooks failed: {'; '.join(failed)}")
    return found


def teller(heading: str) -> Callable[[int, int, float], None]:
    """Says where a notebook is: on a terminal in a line that is written over."""

    def tell(cell: int, cells: int, seconds: float) -> None:
        heed_in_loop()
        if sys.stderr.isatty():
            end = CLEAR_LINE if cell == cells else ""
            line = printable(f"{heading}  cell {cell}/{cells}  {seconds:.0f} s")
            print(f"{CLEAR_LINE}{line}{end}", end="", file=sys.stderr, flush=True)
        elif cell == 1:
            say(f"{heading}, {cells} cells")

    return tell


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
