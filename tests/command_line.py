"""The `edgelab` command as a person runs it: what tests of commands share."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.beginning.guard import path_for_children

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Done:
    """What a command left: its exit code and what it wrote."""

    returncode: int
    stdout: str
    stderr: str


def process(*args, root: Path = ROOT, env: dict[str, str] | None = None, **options) -> subprocess.CompletedProcess:
    """In a process of its own, in `root`, whose package is the one imported."""
    command = [sys.executable, "-m", "edgelab", *map(str, args)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8"} | options
    if "input" not in streams:
        streams.setdefault("stdin", subprocess.DEVNULL)
    environment = {**os.environ, "PYTHONPATH": path_for_children(root), **(env or {})}
    return subprocess.run(command, cwd=root, env=environment, timeout=300, **streams)


def refused(done, *parts: str) -> None:
    """One line on standard error, exit code 2, nothing else."""
    assert done.returncode == 2 and not done.stdout, done
    assert re.fullmatch(r"edgelab: [^\n]+\n", done.stderr), done.stderr
    assert all(part in done.stderr for part in parts), done.stderr
