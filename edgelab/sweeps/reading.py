"""The rows of a piece, a batch at a time: what can be read, and what cannot with its reason."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from edgelab.sweeps.pieces import LogsError, Piece, is_text

BATCH = 2048  # rows in memory at once
LONGEST = 1_000_000  # bytes of a line: a model reads the first hundred words or so
SKIPPED = 1 << 16  # bytes of what is too long, at once


@dataclass
class Batch:
    """Rows of a file: where each stands (its number in Parquet, in JSONL the byte at which its line begins) and what it says.
    Those that cannot be read are in `aside`, with the reason."""

    rows: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    aside: list[tuple[int, str]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.rows) + len(self.aside)

    def add(self, row: int, value: object) -> None:
        """What stands in a row where a text should, as UTF-8 or otherwise."""
        try:
            text = _text(value)
        except ValueError as error:
            self.aside.append((row, str(error)))
        else:
            self.rows.append(row)
            self.texts.append(text)


def read(piece: Piece) -> Iterator[Batch]:
    """The rows of a piece, in order; blank lines are none. What of a Parquet file is damaged is set aside as a whole.

    Raises:
        LogsError: the file cannot be read at all, or is not the one that was divided.
    """
    try:
        yield from _parquet(piece) if piece.path.suffix.lower() == ".parquet" else _jsonl(piece)
    except OSError as error:
        raise LogsError(f"{piece.path}: cannot be read: {error.strerror or error}") from None


def _text(value: object) -> str:
    """Trimmed.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bytes):
        try:
            value = value.decode()
        except UnicodeDecodeError as error:
            raise ValueError(f"expected UTF-8, found byte 0x{value[error.start]:02x}") from None
    if not isinstance(value, str):
        raise ValueError(f"expected a text, found {'null' if value is None else type(value).__name__}")
    text = value.strip()
    if not text:
        raise ValueError("expected a text, found it empty")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("expected whole characters, found half of one") from None
    return text


def _jsonl(piece: Piece) -> Iterator[Batch]:
    batch = Batch()
    with piece.path.open("rb") as file:
        for start, line in _lines(file, piece):
            if line is None:
                batch.aside.append((start, f"expected a line of at most {LONGEST:,} bytes"))
            elif line.strip():
                _add_line(batch, start, line)
            if len(batch) >= BATCH:
                yield batch
                batch = Batch()
    if len(batch):
        yield batch


def _add_line(batch: Batch, start: int, line: bytes) -> None:
    try:
        record = json.loads(line.decode("utf-8-sig" if start == 0 else "utf-8"))
    except UnicodeDecodeError as error:
        batch.aside.append((start, f"expected UTF-8, found byte 0x{error.object[error.start]:02x}"))
    except (ValueError, RecursionError) as error:  # also a number or a nesting that Python does not read
        said, _, _ = getattr(error, "msg", str(error)).partition(";")
        batch.aside.append((start, f"expected a JSON object: {said}"))
    else:
        if not isinstance(record, dict):
            batch.aside.append((start, f"expected a JSON object, found {type(record).__name__}"))
        elif "text" not in record:
            batch.aside.append((start, "expected a 'text', found none"))
        else:
            batch.add(start, record["text"])


def _lines(file: BinaryIO, piece: Piece) -> Iterator[tuple[int, bytes | None]]:
    """The lines that begin in the piece, each with where; None for one that is too long."""
    position = piece.start
    if position:  # the line that began before is of the piece before
        position -= 1
        file.seek(position)
        position += _rest_of_line(file)
    while position < piece.end and (line := file.readline(LONGEST + 1)):
        start, position = position, position + len(line)
        if len(line) > LONGEST and not line.endswith(b"\n"):
            position += _rest_of_line(file)
            yield start, None
        else:
            yield start, line


def _rest_of_line(file: BinaryIO) -> int:
    """Pass over it; how many bytes it had."""
    passed = 0
    while part := file.readline(SKIPPED):
        passed += len(part)
        if part.endswith(b"\n"):
            break
    return passed


def _parquet(piece: Piece) -> Iterator[Batch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = piece.first_row
    try:
        file = pq.ParquetFile(piece.path)
        same = file.metadata.num_row_groups >= piece.end and is_text(file.schema_arrow.field("text").type)
    except (pa.ArrowException, KeyError):
        same = False
    if not same:
        raise LogsError(f"{piece.path}: expected the file of before, found another one")
    with file:
        for group in range(piece.start, piece.end):
            end = row + file.metadata.row_group(group).num_rows
            yield from _row_group(file, piece.path, group, row, end)
            row = end


def _row_group(file: Any, path: Path, group: int, row: int, end: int) -> Iterator[Batch]:
    """The rows of one row group, from one number to another; from where it is damaged on, all are set aside.

    Raises:
        LogsError: the system cannot read it.
    """
    import pyarrow as pa

    try:
        for records in file.iter_batches(BATCH, row_groups=[group], columns=["text"], use_threads=False):
            batch = Batch()
            for number, value in enumerate(_bytes(records.column(0)), row):
                batch.add(number, value)
            yield batch
            row += len(batch)
    except (pa.ArrowException, OSError) as error:
        if getattr(error, "errno", None):
            raise LogsError(f"{path}: cannot be read: {error}") from None
        reason = f"expected Parquet: {' '.join(str(error).split())[:200]}"
        yield from _all_aside(range(row, end), reason)


def _bytes(column: Any) -> list[bytes | None]:
    """Texts undecoded: pyarrow would refuse a whole batch for one that is not UTF-8."""
    import pyarrow as pa

    plain = column.dictionary_decode() if pa.types.is_dictionary(column.type) else column
    if pa.types.is_string_view(plain.type):
        plain = plain.cast(pa.large_string())
    return plain.cast(pa.large_binary()).to_pylist()


def _all_aside(rows: Iterable[int], reason: str) -> Iterator[Batch]:
    batch = Batch()
    for row in rows:
        batch.aside.append((row, reason))
        if len(batch) >= BATCH:
            yield batch
            batch = Batch()
    if len(batch):
        yield batch


def shown(path: str | Path) -> str:
    """A file's name as a column of texts takes it: it may hold bytes that are not UTF-8."""
    return str(path).encode("utf-8", "backslashreplace").decode()
