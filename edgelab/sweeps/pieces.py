"""Logs in pieces: which files there are, and where each is divided, so that workers share one and memory stays small."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgelab.errors import UserError

PIECE_BYTES, PIECE_ROWS = 8_000_000, 100_000  # of a JSONL file, of a Parquet file: some seconds of work
ENDINGS = (".parquet", ".jsonl")


class LogsError(UserError):
    """Logs that cannot be scored; the message says which and why."""


@dataclass(frozen=True)
class Piece:
    """A part of a file, from `start` to `end`: bytes of JSONL, of which it has the lines that begin there; row groups of
    Parquet, of which the first row has the number `first_row`."""

    source: int  # the number of the file
    number: int  # in the file
    path: Path
    start: int
    end: int
    first_row: int
    rows: int | None  # None where nobody has counted them
    size_bytes: int

    @property
    def name(self) -> str:
        """As its part files are called."""
        return f"{self.source:05d}-{self.number:06d}"


def find_sources(logs: Path) -> list[str]:
    """The files of a folder and its folders, by their names in it, sorted; or the one file. Hidden ones are nobody's.

    Raises:
        LogsError: there are none.
    """
    expected = f"expected a {' or '.join(ENDINGS)} file, or a folder of them"
    try:
        if logs.is_file():
            if logs.suffix.lower() not in ENDINGS:
                raise LogsError(f"{logs}: {expected}")
            return [logs.name]
        found = [file for file in logs.rglob("*") if file.suffix.lower() in ENDINGS and file.is_file()]
        inside = [file.relative_to(logs) for file in found]
        if not logs.exists():
            raise LogsError(f"{logs}: cannot be read: No such file or directory")
    except OSError as error:
        raise LogsError(f"{error.filename or logs}: cannot be read: {error.strerror}") from None
    named = sorted(str(file) for file in inside if not any(part.startswith(".") for part in file.parts))
    if not named:
        raise LogsError(f"{logs}: {expected}, found none")
    return named


def pieces_of(source: int, path: Path) -> list[Piece]:
    """How a file is divided. An empty JSONL file has no pieces.

    Raises:
        LogsError: it is no such file as its name says, is cut off, or has no texts.
    """
    try:
        if path.suffix.lower() == ".parquet":
            return list(_row_groups(source, path))
        size = path.stat().st_size
        with path.open("rb"):  # readable at all?
            pass
    except OSError as error:
        raise LogsError(error.strerror or _one_line(error)) from None
    starts = range(0, size, PIECE_BYTES)
    ends = [min(start + PIECE_BYTES, size) for start in starts]
    return [
        Piece(source, i, path, start, end, 0, None, end - start)
        for i, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _row_groups(source: int, path: Path) -> Iterator[Piece]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            schema, metadata = file.schema_arrow, file.metadata
            groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
            sizes = [(group.num_rows, group.total_byte_size) for group in groups]
    except pa.ArrowException as error:
        raise LogsError(f"expected Parquet: {_one_line(error)}") from None
    except OSError as error:
        if error.errno:
            raise
        raise LogsError(f"expected Parquet: {_one_line(error)}") from None
    if schema.names.count("text") != 1:
        raise LogsError(f"expected one column 'text', found {', '.join(schema.names)[:200] or 'none'}")
    kind = schema.field("text").type
    if not is_text(kind):
        raise LogsError(f"expected a column 'text' of strings, found {kind}")
    start = first = number = rows = size = 0
    for end, (more, more_bytes) in enumerate(sizes, 1):
        rows, size = rows + more, size + more_bytes
        if rows >= PIECE_ROWS or end == len(sizes):
            yield Piece(source, number, path, start, end, first, rows, size)
            start, first, number, rows, size = end, first + rows, number + 1, 0, 0


def is_text(kind: Any) -> bool:
    """Whether a Parquet column of this type holds texts, as they are or by number."""
    import pyarrow as pa

    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
