"""The command run: notebooks headless."""

import argparse
import os
import sys
from pathlib import Path

from edgelab.commands.command import Command
from edgelab.commands.headless import CLEAR_LINE, put_scripts_on_path, say_notebook, show_cell
from edgelab.commands.output import show, size


def run(args: argparse.Namespace) -> int:
    """Run them, and table how each went; after the whole course, write the report of this machine."""
    from edgelab.course.machine_report import kept, write
    from edgelab.course.notebooks import notebooks, run_notebooks
    from edgelab.datasets.choice import settle

    settle()
    if not args.notebooks:
        kept()  # what is damaged of it is told before hours of work
    put_scripts_on_path()
    paths = [find_notebook(name) for name in args.notebooks] if args.notebooks else notebooks()
    on_terminal = sys.stderr.isatty()
    runs = run_notebooks(paths, show_cell if on_terminal else say_notebook)
    if on_terminal:
        print(CLEAR_LINE, end="", file=sys.stderr)
    width = max((len(r.name) for r in runs), default=0) + 2
    show(f"{'notebook':<{width}}{'seconds':>8}{'peak memory':>13}")
    for r in runs:
        show(f"{r.name:<{width}}{r.seconds:>8.1f}{size(r.peak_bytes):>13}  {r.outcome}")
    failed = sum(r.error is not None for r in runs)
    show(f"{'total':<{width}}{sum(r.seconds for r in runs):>8.1f}{'':>13}  {len(runs) - failed} ok, {failed} failed")
    if not args.notebooks:
        show("", *write(runs))
    return 1 if failed else 0


def find_notebook(name: str) -> Path:
    """A file of the learner's, or the course's notebook of that name.

    Raises:
        CourseError: it is neither.
    """
    from edgelab.course.notebooks import CourseError, notebooks

    if os.path.isfile(name):  # unlike `Path.is_file`, of any name: no file has one that is too long
        return Path(name)
    known = {path.stem: path for path in notebooks()}
    if name not in known:
        raise CourseError(f"{name}: expected a notebook file or one of {', '.join(known) or 'the course (none here)'}")
    return known[name]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `run` takes."""
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="a name or a file (default: all)")


COMMAND = Command(
    name="run",
    run=run,
    help="run notebooks headless, in order, and table their seconds and peak memory",
    examples="edgelab run                       every notebook of the course, and a report of this machine\n"
    "edgelab run 01_distillation       one of them\n"
    "edgelab run work/my_notes.ipynb   a file of yours",
    arguments=arguments,
)
