"""A folder of part files that grows over many runs: one kind of result, one writer at a time, each part whole or not there."""

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from edgelab.declarations import Stored
from edgelab.errors import UserError, try_to_write
from edgelab.workspace import write_atomic

if TYPE_CHECKING:
    import pyarrow as pa

SCRATCH = ".scratch"  # how the name of a hidden file ends that is being written
RECORD = {
    "sweep": "sweep-record.json",
    "scores": "scores-record.json",
}  # what a folder holds, and the file that says of what
DECLARED = (
    Stored(
        what="results of a sweep or scores of logs, in parts, with a record of what they are of",
        where="{chosen}/**",
        how_long="until deleted by hand",
        about="nobody",
        part="course",
    ),
)


class PartsError(UserError):
    """A folder that parts cannot be written to; the message says why."""


@contextlib.contextmanager
def output(out: Path, kind: str, of: dict[str, str]) -> Iterator[None]:
    """A folder for parts of that kind, made or gone on with, and no one else's until the block ends.

    Args:
        kind: `sweep` or `scores`.
        of: what must be the same in all runs that write here, by what it is called.

    Raises:
        PartsError: it is no folder, holds something else, cannot be written to, or another run writes there.
    """
    from filelock import FileLock, Timeout

    with folder_errors(out):
        if out.exists() and not out.is_dir():
            raise PartsError(f"{out}: expected a folder to write to, found a file")
        _check(out, kind, of)
        out.mkdir(parents=True, exist_ok=True)
        try_to_write(out)
        try:
            held = FileLock(out / ".lock").acquire(timeout=0)
        except Timeout:
            raise PartsError(f"{out}: another run writes there: expected it to end first") from None
    with held:
        with folder_errors(out):
            for left in out.glob(f".*{SCRATCH}"):  # of a worker that was killed
                left.unlink(missing_ok=True)
            if not (out / RECORD[kind]).exists():
                write_atomic(out / RECORD[kind], json.dumps(of, indent=1))
        yield


def _check(out: Path, kind: str, of: dict[str, str]) -> None:
    found = sorted(file.name for file in out.iterdir() if file.name[0] != ".") if out.exists() else []
    if not found:
        return
    record = out / RECORD[kind]
    if not record.is_file():
        raise PartsError(f"{out}: expected an empty folder or earlier {kind}, found {found[0]}; choose another one")
    try:
        earlier = json.loads(record.read_text("utf-8"))
        differing = [name for name in of if earlier.get(name) != of[name]]
    except (ValueError, AttributeError, RecursionError):
        raise PartsError(f"{record}: expected what an earlier run wrote, found something else") from None
    if differing:
        told = ", ".join(f"{name} {earlier.get(name)} (here {of[name]})" for name in differing)
        raise PartsError(f"{out}: expected results of the same as here, found those of {told}; choose another folder")


@contextlib.contextmanager
def folder_errors(folder: Path) -> Iterator[None]:
    """What the system refuses inside is told of the folder.

    Raises:
        PartsError: with what was refused.
    """
    try:
        yield
    except OSError as error:
        raise PartsError(f"{folder}: cannot be written to: {error.strerror or error}") from None


@contextlib.contextmanager
def reading(file: Path) -> Iterator[None]:
    """What goes wrong inside is told of a file that an earlier run wrote.

    Raises:
        PartsError: it cannot be read, or is damaged.
    """
    import pyarrow as pa

    try:
        yield
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError, pa.ArrowException) as error:
        if getattr(error, "errno", None):
            raise PartsError(f"{file}: cannot be read: {error.strerror}") from None  # type: ignore[union-attr]
        raise PartsError(
            f"{file}: expected what an earlier run wrote, found something else: damaged; delete it, and the same command "
            "makes it anew"
        ) from None


@contextlib.contextmanager
def whole(file: Path) -> Iterator[BinaryIO]:
    """Another file, open to be written to, which becomes this one, on the disk, when the block has ended well. Two workers may
    write the same part, one of them given up by its scheduler: the later one replaces the earlier, which is the same."""
    scratch = file.with_name(f".{file.name}-{uuid.uuid4().hex[:8]}{SCRATCH}")
    with folder_errors(file.parent):
        try:
            with scratch.open("wb") as opened:
                yield opened
                opened.flush()
                os.fsync(opened.fileno())
            os.replace(scratch, file)
        finally:
            scratch.unlink(missing_ok=True)


def write_part(file: Path, table: "pa.Table") -> None:
    """A whole part, or none."""
    import pyarrow.parquet as pq

    with whole(file) as opened:
        pq.write_table(table, opened, compression="zstd")


def names(folder: Path, pattern: str) -> set[str]:
    """The parts that stand there, whole each."""
    return {file.name for file in folder.glob(pattern)}
