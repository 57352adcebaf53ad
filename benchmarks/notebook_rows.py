"""A table with rows of each notebook, measured one notebook at a time."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from edgelab.workspace import write_atomic


def replace_rows(file: Path, notebook: str, head: Sequence[str], rows: Sequence[dict[str, str]]) -> None:
    """Put this notebook's rows into the CSV file in place of its earlier ones, in the course's order."""
    before = list(csv.DictReader(io.StringIO(file.read_text("utf-8")))) if file.exists() else []
    kept = [row for row in before if row["notebook"] != notebook]
    stream = io.StringIO()
    table = csv.DictWriter(stream, head, lineterminator="\n")
    table.writeheader()
    table.writerows(sorted([*kept, *rows], key=lambda row: row["notebook"]))
    write_atomic(file, stream.getvalue())
