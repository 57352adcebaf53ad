"""The learner's journal: one line of JSON for each check, guess and result, in the order in which they came.

Lines are only ever added, whole, under a lock; what a killed process left of one is closed by the next. A line that the
course did not write so is left where it is, and skipped when the journal is read.
"""

import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from edgelab.course.kept import KeptError, made, reading
from edgelab.course.session import own_place
from edgelab.declarations import Stored

DECLARED = (
    Stored(
        what="what the learner did: each check's verdict with the answer, each guess, each result, and when",
        where="{checkout}/work/.edgelab/progress.*",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
    Stored(
        what="the same, where the package is installed without the course around it",
        where="{home}/progress.*",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
)

KINDS = ("check", "ask", "guess", "result", "restore")
VERDICTS = ("pass", "fail", "todo")
LOCK_S = 2.0  # a line takes a millisecond
LONGEST_LINE = 200_000  # bytes: an answer is a few lines of code
_told: set[str] = set()  # what this kernel has said once of a journal that cannot be kept


@dataclass(frozen=True)
class Event:
    """One thing that the learner did.

    Args:
        event: one of KINDS.
        verdict: of a check, one of VERDICTS.
        source: of a check that passed or failed: Python that gives `exercise` the answer.
        needs: the names that `source` uses and only the notebook's other cells make.
        key: of an `ask`, a `guess` or a `result`.
    """

    at: str
    event: str
    notebook: str = ""
    exercise: str = ""
    verdict: str = ""
    problem: str = ""
    source: str = ""
    needs: Sequence[str] = ()
    key: str = ""
    question: str = ""
    value: float | None = None
    unit: str = ""

    @property
    def time(self) -> datetime:
        """When."""
        return datetime.fromisoformat(self.at)


@dataclass(frozen=True)
class Journal:
    """What a file holds, by time, and how many of its lines are not the course's."""

    file: Path
    events: tuple[Event, ...]
    skipped: int = 0

    @property
    def note(self) -> str:
        """What was skipped, in a line; empty where nothing was."""
        lines = f"{self.skipped} lines are" if self.skipped > 1 else "1 line is"
        return (
            f"{self.file}: {lines} not the course's, or half written: skipped, and left there" if self.skipped else ""
        )


def keep(event: str, **values: object) -> None:
    """Add a line, if this kernel is a learner's. If that cannot be, a line says so, once, and the notebook goes on."""
    file = own_place()
    if file is None:
        return
    now = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        add(file, made(Event, {"at": now, "event": event, **values}))
    except Exception as error:  # a full disk, a lock, a folder of somebody else: whatever it is, the lesson goes on
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if reason not in _told:
            _told.add(reason)
            print(f"(your progress could not be kept in {file}: {reason}; the notebook goes on without)")


def add(file: Path, event: Event) -> None:
    """Add a line, whole or not at all.

    Raises:
        OSError: the system refuses; a `Timeout` of `filelock` is one, too.
    """
    from filelock import FileLock

    said = {f.name: getattr(event, f.name) for f in fields(event) if getattr(event, f.name) != f.default}
    if isinstance(event.value, float) and not math.isfinite(event.value):
        del said["value"]
    line = json.dumps(said).encode() + b"\n"
    if len(line) > LONGEST_LINE:
        return add(file, Event(**asdict(event) | {"source": "", "needs": (), "problem": "too long to be kept"}))
    file.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file.with_suffix(".lock"), timeout=LOCK_S), file.open("ab+", buffering=0) as stream:
        end = stream.seek(0, os.SEEK_END)
        if end:
            stream.seek(end - 1)
            line = line if stream.read(1) == b"\n" else b"\n" + line  # after half a line of a process that was killed
        try:
            if (written := stream.write(line)) != len(line):
                raise OSError(f"{written} of {len(line)} bytes written: no space left")
        except OSError:
            stream.truncate(end)
            raise


def read(file: Path) -> Journal:
    """What is kept there: nothing where there is no file.

    Raises:
        KeptError: it cannot be read.
    """
    events, skipped = [], 0
    with reading(file):
        if file.exists() and not file.is_file() and not file.is_dir():
            raise KeptError(f"{file}: expected a file, found a pipe or a device: nobody waits for what it may say")
        lines = file.read_bytes().splitlines() if file.exists() else []
    for line in filter(bytes.strip, lines):
        try:
            events.append(_event(line))
        except (ValueError, TypeError, RecursionError, OverflowError):
            skipped += 1
    return Journal(file, tuple(sorted(events, key=lambda event: event.time)), skipped)


def _event(line: bytes) -> Event:
    """The event of a line.

    Raises:
        ValueError: it is none; a `TypeError` where a field is missing or not known; an `OverflowError` where the local
            calendar has no such time.
    """
    if len(line) > LONGEST_LINE:
        raise ValueError("too long")
    event = made(Event, json.loads(line.decode()))
    event.time.astimezone()  # as whoever shows it does
    known = event.event in KINDS and (event.verdict in VERDICTS if event.event == "check" else not event.verdict)
    if not known or event.time.tzinfo is None or (event.value is not None and not math.isfinite(event.value)):
        raise ValueError("of no known kind")
    return event
