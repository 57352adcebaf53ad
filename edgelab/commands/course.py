"""The commands about the course and this machine: doctor, lab, run, cache."""

import argparse
import os
import sys
import sysconfig
from pathlib import Path

from edgelab.commands.doctor import size


def lab(args: argparse.Namespace) -> int:
    from jupyterlab.labapp import LabApp

    from edgelab.course.notebooks import lay_work_copy
    from edgelab.workspace import PACKAGE

    work, new = lay_work_copy()
    if new:
        print(f"laid in {work}: {', '.join(path.name for path in new)}", flush=True)
    put_scripts_on_path()
    first = "/00_start_here.ipynb" if (work / "00_start_here.ipynb").exists() else ""
    options = {
        "ServerApp.root_dir": work,
        "ServerApp.port": args.port,
        "ServerApp.open_browser": not args.no_browser,
        "ServerApp.allow_root": True,  # containers
        "LabApp.default_url": f"/lab/tree{first}",
        # No news, no update check, no catalogue of extensions: nothing asks the network.
        "LabApp.app_settings_dir": PACKAGE / "jupyter",
        "LabApp.extension_manager": "readonly",
    }
    LabApp.launch_instance([f"--{name}={value}" for name, value in options.items()])
    return 0


def put_scripts_on_path() -> None:
    """So that `!edgelab …` in a notebook is this environment's, activated or not."""
    os.environ["PATH"] = sysconfig.get_path("scripts") + os.pathsep + os.environ.get("PATH", "")


def run(args: argparse.Namespace) -> int:
    from edgelab.course.notebooks import notebooks, run_notebooks

    put_scripts_on_path()
    paths = [find_notebook(name) for name in args.notebooks] if args.notebooks else notebooks()
    interactive = sys.stderr.isatty()
    shown = None

    def show(progress):
        nonlocal shown
        line = f"[{progress.notebook}/{progress.notebooks}] {progress.name}"
        if interactive:
            print(
                f"\r\033[K{line}  cell {progress.cell}/{progress.cells}  {progress.seconds:.0f} s",
                end="",
                file=sys.stderr,
            )
        elif line != shown:
            print(f"{line}, {progress.cells} cells", file=sys.stderr, flush=True)
        shown = line

    runs = run_notebooks(paths, show)
    if interactive:
        print("\r\033[K", end="", file=sys.stderr)
    width = max((len(r.name) for r in runs), default=0) + 2
    print(f"{'notebook':<{width}}{'seconds':>8}{'peak memory':>13}")
    for r in runs:
        outcome = "ok" if r.error is None else f"cell {r.failed_cell}: {r.error.splitlines()[0]}"
        print(f"{r.name:<{width}}{r.seconds:>8.1f}{size(r.peak_bytes):>13}  {outcome}")
    failed = sum(r.error is not None for r in runs)
    print(f"{'total':<{width}}{sum(r.seconds for r in runs):>8.1f}{'':>13}  {len(runs) - failed} ok, {failed} failed")
    return 1 if failed else 0


def find_notebook(name: str) -> Path:
    """A file of the learner's, or the course's notebook of that name."""
    from edgelab.course.notebooks import CourseError, notebooks

    if Path(name).is_file():
        return Path(name)
    known = {path.stem: path for path in notebooks()}
    if name not in known:
        raise CourseError(f"{name}: expected a notebook file or one of {', '.join(known) or 'the course (none here)'}")
    return known[name]


def doctor(args: argparse.Namespace) -> int:
    from edgelab.commands.doctor import report

    print("\n".join(report()))
    return 0


def cache_list(args: argparse.Namespace) -> int:
    from edgelab import workspace

    found = list(workspace.artifacts())
    print(f"{workspace.home()}: {len(found)} built")
    for artifact in found:
        taken = size(workspace.folder_bytes(artifact.path))
        print(f"  {artifact.built_at}  {artifact.seconds:>6.0f} s  {taken:>9}  {artifact.path.name}")
    return 0


def cache_clear(args: argparse.Namespace) -> int:
    from edgelab import workspace

    print(f"deleted what was built in {workspace.home()}: {size(workspace.clear())} freed; downloads stay")
    return 0
