"""`python -m tools.lock`: resolve pyproject.toml anew and write `requirements.lock` (`make lock`).

It needs nothing but pip, and Python 3.11, the oldest that the course supports: that one needs the most packages.
"""

import json
import re
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

from edgelab.errors import UserError

OLDEST = "3.11"
HEADER = f"""\
# Every package of the course and of its tests, pinned. Written by `make lock`; change pyproject.toml instead.
# Resolved on Python {OLDEST}, the oldest supported; installs on 3.11 to 3.13. What torch needs for a GPU is not
# named here: pip adds it where the chosen build of torch asks for it.
"""
GPU = re.compile(r"(nvidia|cuda|triton)([-_].*)?$")
ROOT = Path(__file__).parents[1]
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"


class LockError(UserError):
    """The lock cannot be resolved or installed here; the message says what pip missed."""


def locked(report: dict) -> str:
    """`name==version` for each package that pip would install, without the local part (`2.13.0+cpu`).

    Raises:
        LockError: the report was made by another Python.
    """
    python = report["environment"]["python_version"]
    if python != OLDEST:
        raise LockError(
            f"expected Python {OLDEST}, which needs the most packages, found {python}: make lock PYTHON=python{OLDEST}"
        )
    pins = {}
    for item in report["install"]:
        name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
        if name != "edgelab-workbook" and not GPU.match(name):
            pins[name] = item["metadata"]["version"].partition("+")[0]
    return HEADER + "".join(f"{name}=={version}\n" for name, version in sorted(pins.items()))


def pins(lock: str) -> dict[str, str]:
    """Name -> version of a lock's text.

    Raises:
        LockError: a line is no pin.
    """
    lines = [line.strip() for line in lock.splitlines() if line.strip() and not line.startswith("#")]
    for line in lines:
        if not re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.+!]*", line):
            raise LockError(f"expected a pin such as numpy==2.4.1, found {line!r}")
    return dict(line.split("==") for line in lines)


def everything(pyproject: str) -> str:
    """What to resolve: the course with all its extras."""
    return f".[{','.join(tomllib.loads(pyproject)['project']['optional-dependencies'])}]"


def resolve(folder: Path) -> str:
    """The text of a new lock, by pip's own resolver in an environment of its own below `folder`.

    Raises:
        LockError: this is another Python than the oldest, or pip finds no answer.
    """
    if ".".join(map(str, sys.version_info[:2])) != OLDEST:
        locked({"environment": {"python_version": ".".join(map(str, sys.version_info[:2]))}})
    folder.mkdir(parents=True, exist_ok=True)
    python, report = environment(folder / "venv", clear=True), folder / "report.json"
    what = everything((ROOT / "pyproject.toml").read_text("utf-8"))
    pip(python, "install", "--quiet", "--dry-run", "--ignore-installed", "--report", str(report), what)
    return locked(json.loads(report.read_text("utf-8")))


def environment(folder: Path, *, clear: bool = False) -> Path:
    """The Python of a virtual environment there, made where it is missing."""
    python = folder / SCRIPTS / ("python.exe" if sys.platform == "win32" else "python")
    if clear or not python.exists():
        venv.create(folder, clear=True, with_pip=True)
    return python


def pip(python: Path, *arguments: str) -> None:
    """Run pip; its progress goes to standard error.

    Raises:
        LockError: it failed; with the lines in which it said why.
    """
    command = [str(python), "-m", "pip", *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=sys.stderr, stderr=subprocess.PIPE, text=True, errors="replace"
    )
    try:
        _, said = process.communicate()
    except KeyboardInterrupt:
        process.terminate()
        process.wait()
        raise
    if process.returncode:
        raise LockError(f"pip cannot do that here: {why(said)}")


def why(said: str) -> str:
    """The errors among pip's lines: the last says which release could not be had."""
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    return "; ".join(errors[-2:]) or (said.strip().splitlines() or ["it gave no reason"])[-1]


def main() -> int:
    try:
        lock = resolve(ROOT / "build" / "lock")
    except LockError as error:
        print(f"make lock: {error}", file=sys.stderr)
        return 2
    (ROOT / "requirements.lock").write_text(lock, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
