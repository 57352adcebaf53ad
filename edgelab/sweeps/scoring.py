"""`edgelab score`: a piece of the logs, on a worker. Constant memory, the same part whoever writes it."""

import contextlib
import functools
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.sweeps.parts import reading, whole
from edgelab.sweeps.pieces import Piece
from edgelab.sweeps.reading import Batch, read, shown

if TYPE_CHECKING:
    import pyarrow as pa

REMEMBERED = 100_000  # different texts of a piece whose answers are kept: people repeat themselves
COUNTS = b"edgelab"  # where a part's schema holds `Counts`


@dataclass(frozen=True)
class Counts:
    """Of a piece, or of many: rows scored and set aside; answers that the model was asked for (each text of a piece once);
    the seconds of a core that a worker took, whoever else used the machine; its peak of memory in bytes, of many the highest."""

    rows: int = 0
    aside: int = 0
    asked: int = 0
    cpu_s: float = 0.0
    peak_bytes: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            self.rows + other.rows,
            self.aside + other.aside,
            self.asked + other.asked,
            self.cpu_s + other.cpu_s,
            max(self.peak_bytes, other.peak_bytes),
        )


def scored_name(piece: Piece) -> str:
    """The part file of a piece's answers: where it stands, the piece is done."""
    return f"part-{piece.name}.parquet"


def aside_name(piece: Piece) -> str:
    """The part file of what cannot be read of a piece; there is none where all can."""
    return f"aside-{piece.name}.parquet"


def score_piece(piece: Piece, source: str, bundle: Path, sha256: str, out: Path) -> Counts:
    """Answer each row, and write the part. A `LogsError` says that the file cannot be read at all, a `BundleError` that the
    bundle is another one or does not work, a `PartsError` that the part cannot be written."""
    import pyarrow.parquet as pq

    if (out / scored_name(piece)).exists():  # a worker died after it had written it, before it was heard
        return counts_of(out / scored_name(piece))
    model = open_bundle(bundle, sha256)
    start, name = time.thread_time(), shown(source)
    known: dict[str, tuple[str, float, str]] = {}
    rows = aside = asked = 0
    schema = scored_schema()
    # What is set aside stands there before the part, which says that the piece is done.
    with (
        whole(out / scored_name(piece)) as part,
        _Aside(out / aside_name(piece), name) as set_aside,
        pq.ParquetWriter(part, schema, compression="zstd") as writer,
    ):
        for batch in read(piece):
            asked += _learn(model, batch, known)
            writer.write_table(_answers(batch, name, known, schema))
            set_aside.add(batch)
            rows, aside = rows + len(batch.rows), aside + len(batch.aside)
            if len(known) > REMEMBERED:
                known.clear()
        counts = Counts(rows, aside, asked, time.thread_time() - start, peak_bytes())
        writer.add_key_value_metadata({COUNTS.decode(): json.dumps(asdict(counts))})
    return counts


class _Aside(contextlib.ExitStack):
    """The part file of what cannot be read, begun with the first such row."""

    def __init__(self, file: Path, source: str) -> None:
        super().__init__()
        self.file, self.source = file, source
        self.writer: Any = None

    def add(self, batch: Batch) -> None:
        """What of a batch cannot be read."""
        import pyarrow.parquet as pq

        if not batch.aside:
            return
        table = aside_table(self.source, batch.aside)
        if self.writer is None:
            opened = self.enter_context(whole(self.file))
            self.writer = self.enter_context(pq.ParquetWriter(opened, table.schema, compression="zstd"))
        self.writer.write_table(table)


@functools.lru_cache(maxsize=1)
def open_bundle(folder: Path, sha256: str) -> Bundle:
    """The bundle, opened once by a worker.

    Raises:
        BundleError: it is another one than the command has seen.
    """
    bundle = Bundle.load(folder)
    if bundle.manifest["manifest_sha256"] != sha256:
        raise BundleError(f"{folder}: expected the bundle that the command was given, found that it has changed")
    return bundle


def _learn(model: Bundle, batch: Batch, known: dict[str, tuple[str, float, str]]) -> int:
    """Ask for the texts that are not known yet, each once; how many there were."""
    texts = [text for text in dict.fromkeys(batch.texts) if text not in known]
    for answer in model.predict_many(texts):
        slots = json.dumps(answer.slots, ensure_ascii=False) if answer.slots else "{}"
        known[answer.text] = (answer.label, answer.confidence, slots)
    return len(texts)


def scored_schema() -> "pa.Schema":
    """The columns of the answers: the row's file and number (of JSONL the byte at which its line begins), the label, its
    probability, the slots as JSON."""
    import pyarrow as pa

    text = pa.dictionary(pa.int32(), pa.string())
    return pa.schema(
        [("source", text), ("row", pa.int64()), ("label", text), ("confidence", pa.float32()), ("slots", pa.string())]
    )


def _answers(batch: Batch, source: str, known: dict[str, tuple[str, float, str]], schema: "pa.Schema") -> "pa.Table":
    import pyarrow as pa

    found = [known[text] for text in batch.texts]
    labels, confidences, slots = zip(*found, strict=True) if found else ((), (), ())
    columns: list[Any] = [[source] * len(found), batch.rows, labels, confidences, slots]
    arrays = [pa.array(column, kind) for column, kind in zip(columns, schema.types, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def aside_table(source: str, aside: Sequence[tuple[int | None, str]]) -> "pa.Table":
    """What could not be read: where it stands (no row: the whole file), and the reason. Not the text: it stays where it is."""
    import pyarrow as pa

    rows, reasons = zip(*aside, strict=True)
    return pa.table(
        {
            "source": pa.array([source] * len(rows), pa.string()),
            "row": pa.array(rows, pa.int64()),
            "reason": pa.array(reasons, pa.string()),
        }
    )


def counts_of(part: Path) -> Counts:
    """What a part says of itself; a `PartsError` where it is damaged."""
    import pyarrow.parquet as pq

    with reading(part):
        counts = Counts(**json.loads(pq.read_metadata(part).metadata[COUNTS]))
        return Counts() + counts  # a `TypeError` where one is no number


def peak_bytes() -> int:
    """The most memory that this process has taken so far; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return 0
    import sys

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # kilobytes on Linux
