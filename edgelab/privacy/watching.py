"""Whether a program keeps and sends what the package declares, and nothing else: watched while it runs.

Two views, since each is blind to something. An audit hook in the program and in all Python programs that it starts sees what
Python opens, connects to and runs; folders compared before and after show also what a library in C++ or Rust wrote there.
"""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from edgelab.declarations import Sent, Stored
from edgelab.machine.watching import VARIABLE
from edgelab.privacy.flow import Declared, is_declared, place_of
from edgelab.workspace import PACKAGE

FOLDERS = ("home", "bundle", "device", "chosen", "temporary")
TELLING = ("uname", "sysctl")  # programs that tell what machine this is, to nobody else
Places = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Event:
    """`kind` is write, folder, send, lookup or run; `target` a path, an address, a host or a program; `module` asked for it, where
    that is known."""

    kind: str
    target: str
    module: str


@dataclass(frozen=True)
class Watched:
    """What a program did, what it printed, and how it ended."""

    events: tuple[Event, ...]
    printed: str
    complaints: str
    returncode: int


def run_watched(arguments: Sequence[str], *, environment: Mapping[str, str], folders: Sequence[Path]) -> Watched:
    """Run `python ARGUMENTS` to its end under the watch.

    Args:
        environment: variables besides those of this process.
        folders: which are compared before and after.
    """
    before = {file: state for folder in folders for file, state in _files(folder).items()}
    with tempfile.TemporaryDirectory() as place:
        noted, hook = Path(place) / "noted.jsonl", Path(place) / "sitecustomize.py"
        hook.write_text("from edgelab.machine import watching\n\nwatching.begin()\n", "utf-8")
        searched = os.pathsep.join(filter(None, (place, str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
        inherited = os.environ | {"PYTHONPATH": searched, "PYTHONDONTWRITEBYTECODE": "1", VARIABLE: str(noted)}
        done = subprocess.run(
            [sys.executable, *arguments],
            env=inherited | dict(environment),
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="backslashreplace",
        )
        lines = noted.read_text("utf-8").splitlines() if noted.exists() else []
    events = in_the_end([Event(*json.loads(line)) for line in lines])
    after = {file: state for folder in folders for file, state in _files(folder).items()}
    events += [Event("write", file, "") for file, state in after.items() if before.get(file) != state]
    return Watched(tuple(dict.fromkeys(events)), done.stdout, done.stderr, done.returncode)


def in_the_end(events: Iterable[Event]) -> list[Event]:
    """The events without renaming: what was written under one name and renamed counts under the name that it got."""
    settled: list[Event] = []
    for event in events:
        if event.kind != "rename":
            settled.append(event)
            continue
        old, new = event.target.split("\0")
        moved = [
            e.kind in ("write", "folder") and (e.target == old or e.target.startswith(f"{old}{os.sep}"))
            for e in settled
        ]
        settled = [
            replace(e, target=new + e.target[len(old) :]) if here else e for e, here in zip(settled, moved, strict=True)
        ]
        if not any(moved):
            settled.append(Event("write", new, event.module))
    return settled


def undeclared(events: Iterable[Event], declared: Iterable[Declared], places: Places) -> list[Event]:
    """The events that no declaration covers. A folder is covered within a place that any may be written to; a program by being
    this Python, which is watched as well, or one that only tells of the machine; a name is looked up only of hosts that may be
    sent to."""
    said = [entry.said for entry in declared]
    return [event for event in events if not _covered(event, said, places)]


def _covered(event: Event, said: Sequence[Stored | Sent], places: Places) -> bool:
    sends = [entry for entry in said if isinstance(entry, Sent)]
    if event.kind == "write":
        stores = [entry for entry in said if isinstance(entry, Stored)]
        return event.target == os.devnull or any(is_declared(entry, event.target, places) for entry in stores)
    if event.kind == "folder":
        roots = [Path(root) for name in FOLDERS for root in places.get(name, ())]
        folder = Path(event.target)
        return any(folder.is_relative_to(root) or root.is_relative_to(folder) for root in roots)
    if event.kind == "send":
        return any(is_declared(entry, event.target, places) for entry in sends)
    if event.kind == "lookup":
        addresses = [address for entry in sends for address in places.get(place_of(entry.where), ())]
        return event.target in {address.rpartition(":")[0] for address in addresses}
    return event.target in TELLING or os.path.realpath(event.target) == os.path.realpath(sys.executable)


def _files(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file below a folder, with its size and when it was last written."""
    found = {}
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a program that the watched one left running deletes it just now
            if file.is_symlink() or not file.is_dir():
                state = file.lstat()
                found[str(file.absolute())] = (state.st_size, state.st_mtime_ns)
    return found
