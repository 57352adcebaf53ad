"""`python -m tools.refresh`: what a new lock would do to the notebooks' numbers, before it is taken (`make refresh`).

    make refresh                          resolve anew, run every notebook under both locks, report
    make refresh ONLY="00_start_here 01_distillation"
    make refresh LOCK=my.lock             try that lock instead of resolving one
    make refresh ACCEPT=1                 the lock of the last report becomes requirements.lock; then `make env`

It resolves pyproject.toml anew and installs the result beside .venv, which stays as it is. Each notebook then runs twice, one
after the other: under the lock of today, in .venv, and under the new one, each with a home of its own. All of it lies in
build/refresh; interrupted, it goes on with the next notebook when called again. It exits with 0 if there is nothing to look
at, with 1 if there is, with 2 if it could not be done.
"""

import argparse
import hashlib
import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from unittest.mock import patch

from filelock import FileLock, Timeout

from edgelab import workspace
from edgelab.commands.run import find_notebook
from edgelab.commands.signals import heeding_termination
from edgelab.course import outcomes, scoreboard
from edgelab.course.notebooks import notebooks
from edgelab.errors import UserError
from edgelab.machine.host import host
from tools.changes import Report, Side, compare, markdown, packages
from tools.lock import ROOT, environment, pins, pip, resolve

WORK = ROOT / "build" / "refresh"
LOCK = ROOT / "requirements.lock"
# What these show needs more than the lock: each home gets it, from the course's own downloads where they are there.
PREPARED = {"06_tiers": "vision", "08_generation": "generator"}
DECIDES = ("edgelab/**/*.py", "tools/*.py", "notebooks/*.ipynb", "data/**/*")  # besides the lock, what a run says


@dataclass(frozen=True)
class Place:
    """Where one lock's notebooks run: the Python that has it, and a folder for all that they write."""

    name: str
    lock: str
    python: Path
    folder: Path

    @property
    def home(self) -> Path:
        return self.folder / "home"

    def result(self, notebook: Path) -> Path:
        return self.folder / "results" / f"{notebook.stem}.json"


def digest(lock: str, root: Path = ROOT) -> str:
    """Of all that decides a run: results of another state are not compared."""
    found = hashlib.sha256(lock.encode())
    for path in sorted(path for pattern in DECIDES for path in root.glob(pattern) if path.is_file()):
        found.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return found.hexdigest()


def begin(place: Place) -> None:
    """Forget what another lock, or another state of the course, has left there. Of another state models stay, under keys of
    their own; of another lock nothing does: those keys name but the libraries that train."""
    key, now = place.folder / "key", {"lock": place.lock, "course": digest(place.lock)}
    before = kept(key) or {}
    if before.get("lock") != now["lock"]:
        shutil.rmtree(place.home, ignore_errors=True)
    if before != now:
        shutil.rmtree(place.folder / "results", ignore_errors=True)
        for left in place.home.glob("*.json*"):
            left.unlink()
        workspace.write_atomic(key, json.dumps(now))
    place.home.mkdir(parents=True, exist_ok=True)
    downloads = place.home / "downloads"
    if workspace.download_home().exists() and not downloads.exists():
        downloads.symlink_to(workspace.download_home().resolve())  # compared with their SHA-256 when they are read


def install(lock: str, folder: Path, index: str | None) -> Path:
    """The Python of an environment with that lock; pip goes on with what an interruption left of it."""
    text, stamp = folder / "requirements.lock", folder / "installed"
    same = text.exists() and text.read_text("utf-8") == lock
    python = environment(folder, clear=not same)
    if not same:
        workspace.write_atomic(text, lock)
    if not stamp.exists():
        more = ["--extra-index-url", index] if index else []
        pip(python, "install", *more, "-r", str(text))
        stamp.touch()
    return python


def child(place: Place, *command: str) -> int:
    """Run a module of the course there, with nothing of this process's own EdgeLab or Python settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EDGELAB_", "PYTHON"))}
    paths = os.pathsep.join([str(place.python.parent), os.environ.get("PATH", "")])
    kept |= {"EDGELAB_HOME": str(place.home), "PYTHONPATH": str(ROOT), "PATH": paths}
    process = subprocess.Popen([str(place.python), "-m", *command], cwd=ROOT, env=kept, stdout=subprocess.DEVNULL)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait(30)
        raise


def run(paths: Sequence[Path], places: Sequence[Place], say: Callable[[str], None]) -> Iterator[str]:
    """Run each notebook under each lock, one lock after the other, so that both meet the same machine; those that went
    well before are not run again. Yields what a reader of the report should know."""
    for place in places:
        begin(place)
    for what in [PREPARED[path.stem] for path in paths if path.stem in PREPARED]:
        for place in places:
            say(f"{place.name}: edgelab prepare {what}")
            if child(place, "edgelab", "prepare", what):
                yield f"`edgelab prepare {what}` failed under the lock of {place.name}: its notebook ran without"
    for number, path in enumerate(paths, 1):
        for place in places:
            found = kept(place.result(path))
            told = "kept"
            if found is None or found["failed"]:
                say(f"[{number}/{len(paths)}] {path.stem}, {place.name} ...")
                code = child(place, "tools.notebook_results", str(place.result(path)), str(path.resolve()))
                found = kept(place.result(path))
                if code or found is None:
                    raise UserError(f"{path.stem} could not be run under the lock of {place.name}: exit code {code}")
                told = f"{found['seconds']:.0f} s"
            say(f"[{number}/{len(paths)}] {path.stem}, {place.name}: {found['outcome']} ({told})")


def kept(file: Path) -> dict | None:
    """What stands there; None where there is nothing, or nothing whole."""
    try:
        found = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def side(place: Place, paths: Sequence[Path]) -> Side:
    """What was written there, of these notebooks."""
    results = {path.stem: found for path in paths if (found := kept(place.result(path)))}
    with patch.dict(os.environ, EDGELAB_HOME=str(place.home)):
        board = [row for row in scoreboard.rows() if row.notebook in results]
        return Side(pins(place.lock), results, board, outcomes.outcomes())


def constraint() -> str | None:
    """What this machine's pip is told to hold back, by its settings or the environment: a new lock from here lacks it."""
    settings = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True).stdout
    found = dict(re.findall(r"^(global|install|:env:)\.constraint='(.*)'$", settings, re.MULTILINE))
    named = Path(found.get(":env:") or found.get("install") or found.get("global") or "")  # as pip ranks them
    lines = named.read_text("utf-8").splitlines() if named.is_file() else []
    return ", ".join(line for line in lines if line.strip() and not line.startswith("#")) or None


def installed_otherwise(lock: str) -> list[str]:
    """Packages of this environment that are not what that lock says."""
    found = []
    for name, version in pins(lock).items():
        try:
            here = importlib.metadata.version(name).partition("+")[0]
        except importlib.metadata.PackageNotFoundError:  # needed on another system or Python only
            continue
        if here != version:
            found.append(f"{name} {here} instead of {version}")
    return found


def refresh(paths: Sequence[Path], lock: Path | None, index: str | None, say: Callable[[str], None]) -> Report:
    """All of it; the report is in `WORK / "report.md"`, the lock that it is about beside it.

    Raises:
        UserError: the new lock cannot be had here, or .venv is not what requirements.lock says.
    """
    today = LOCK.read_text("utf-8")
    if wrong := installed_otherwise(today):
        raise UserError(f"this environment is not what requirements.lock says: {'; '.join(wrong[:3])}: run `make env`")
    if lock is None:
        say("resolving pyproject.toml anew ...")
        new = resolve(WORK / "resolve")
    else:
        try:
            new = lock.read_text("utf-8")
        except (OSError, ValueError):
            raise UserError(f"{lock}: expected a lock as requirements.lock is one") from None
        pins(new)
    workspace.write_atomic(WORK / "requirements.lock", new)
    say(f"{len(packages(pins(today), pins(new)))} packages change; installing the new lock beside .venv ...")
    python = install(new, WORK / "new" / "venv", index)
    places = (
        Place("today", today, Path(sys.executable), WORK / "today"),
        Place("new", new, python, WORK / "new"),
    )
    here = host()
    notes = [f"{datetime.now():%Y-%m-%d %H:%M}, {here.cpu}, {here.cores} cores, Python {here.python}"]
    notes += [f"pip was held back here: {held}; newer releases were not looked at" for held in [constraint()] if held]
    notes += run(paths, places, say)
    report = compare(*(side(place, paths) for place in places))
    workspace.write_atomic(WORK / "report.md", markdown(report, notes))
    workspace.write_atomic(WORK / "reported", digest(new))
    return report


@contextmanager
def alone() -> Iterator[None]:
    """Nobody else refreshes here meanwhile.

    Raises:
        UserError: somebody does.
    """
    WORK.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(WORK / "running", timeout=0):
            yield
    except Timeout:
        raise UserError(f"{WORK}: another `make refresh` is running") from None


def accept() -> None:
    """The lock of the last report becomes requirements.lock.

    Raises:
        UserError: there is no report of it, or the course has changed since.
    """
    new, reported = WORK / "requirements.lock", WORK / "reported"
    if not new.exists() or not reported.exists() or digest(new.read_text("utf-8")) != reported.read_text():
        raise UserError(f"expected a report of {new} on the course as it is now: run `make refresh` first")
    workspace.write_atomic(LOCK, new.read_text("utf-8"))


def main(arguments: Sequence[str] | None = None) -> int:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m tools.refresh", description=__doc__, formatter_class=form)
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="a name (default: all)")
    parser.add_argument("--lock", type=Path, metavar="FILE", help="try this lock instead of resolving one")
    parser.add_argument("--extra-index-url", metavar="URL", help="one more index for pip, as make's TORCH_INDEX")
    parser.add_argument("--accept", action="store_true", help="take the lock of the last report; then `make env`")
    args = parser.parse_args(arguments)

    def say(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        with heeding_termination():
            if args.accept:
                accept()
                say("requirements.lock is the new one; `make env` installs it")
                return 0
            paths = [find_notebook(name) for name in args.notebooks] or notebooks()
            with alone():
                report = refresh(paths, args.lock, args.extra_index_url, say)
    except UserError as error:
        say(f"make refresh: {error}")
        return 2
    except OSError as error:  # a full disk, a folder that takes nothing
        say(f"make refresh: {error.filename or WORK}: {error.strerror}")
        return 2
    except KeyboardInterrupt:
        say(f"\nmake refresh: interrupted; what was run is kept in {WORK}: call it again to go on")
        return 130
    print(*(f"look at: {line}" for line in report.look), f"report: {WORK / 'report.md'}", sep="\n")
    return 1 if report.look else 0


if __name__ == "__main__":
    sys.exit(main())
