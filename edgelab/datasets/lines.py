"""Texts without labels, such as logs of requests: one a line, or a column of a table."""

import io
from collections.abc import Iterator
from pathlib import Path

from edgelab.datasets.sources import UNLABELLED, DataError, read_cell, read_records, read_text


def load_lines(path: str | Path) -> tuple[str, ...]:
    """The different texts of a file, trimmed, in the order in which they first stand.

    A .txt file has one a line; a .csv, .tsv or .jsonl file the column `text`, and what other columns hold, labels too,
    is passed over. So are empty texts.

    Raises:
        DataError: the file cannot be read, lacks that column, or has no text; the message names the line.
    """
    path = Path(path)
    texts = tuple(dict.fromkeys(text for text in _texts(path) if text))
    if not texts:
        raise DataError(f"{path}: expected at least one text, found none")
    return texts


def _texts(path: Path) -> Iterator[str]:
    if path.suffix.lower() == ".txt":
        for line in io.StringIO(read_text(path), newline=None):
            yield line.strip()
    else:
        for number, record in read_records(path, UNLABELLED):
            yield read_cell(path, number, "text", record["text"])
