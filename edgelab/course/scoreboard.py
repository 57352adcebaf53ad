"""The scoreboard: one tidy table, to which each notebook adds what it measured and from which the last one chooses."""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab import workspace
from edgelab.course.kept import made, reading
from edgelab.declarations import Stored
from edgelab.machine.host import host
from edgelab.stats.intervals import accuracy_interval
from edgelab.stats.samples import LatencySamples

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

DECLARED = (
    Stored(
        what="what each notebook measured of each model, with this machine's name",
        where="{home}/scoreboard.*",
        how_long="until deleted by hand",
        about="device",
        part="course",
    ),
)

IDENTITY = ("notebook", "model", "precision", "runtime", "data", "split", "host")


@dataclass(frozen=True)
class Row:
    """One model as measured on one host: `accuracy_low` and `accuracy_high` bound its 95 % interval, `latency_ms`
    holds the raw samples of one request each (none where it was not timed), `size_bytes` is the whole bundle.
    `call_exact_match` is the share of requests whose label and slots are all right; None where the data has no slots."""

    notebook: str
    model: str
    precision: str
    runtime: str
    data: str
    split: str
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    slot_exact_match: float | None
    size_bytes: int
    latency_ms: tuple[float, ...]
    host: str
    measured_at: str
    call_exact_match: float | None = None  # last: rows that were kept before it was measured have none

    def __post_init__(self) -> None:
        steps = (0, self.accuracy_low, self.accuracy, self.accuracy_high, 1)
        if not all(a <= b + 1e-9 for a, b in pairwise(steps)):  # an interval's end is rounded, too
            interval = f"{self.accuracy} [{self.accuracy_low}, {self.accuracy_high}]"
            raise ValueError(f"expected an accuracy from 0 to 1 within its interval, found {interval}")

    @property
    def identity(self) -> tuple[str, ...]:
        """What a row is about: measuring the same again replaces it."""
        return tuple(getattr(self, name) for name in IDENTITY)


def measured(
    notebook: str,
    model: str,
    correct: "np.ndarray",
    samples: LatencySamples,
    *,
    size_bytes: int,
    slot_exact_match: float | None = None,
    call_exact_match: float | None = None,
    precision: str = "fp32",
    runtime: str = "onnxruntime",
    data: str = "pocket",
    split: str = "test",
) -> Row:
    """A row of what was measured here and now; `correct` is bool [examples] of the split."""
    accuracy = accuracy_interval(correct)
    interval = (accuracy.value, accuracy.low, accuracy.high)
    taken = (samples.milliseconds, host().cpu, date.today().isoformat())
    measures = (*interval, slot_exact_match, size_bytes, *taken, call_exact_match)
    return Row(notebook, model, precision, runtime, data, split, *measures)


def file() -> Path:
    """Where the rows are kept, one JSON object a line."""
    return workspace.home() / "scoreboard.jsonl"


def rows() -> list[Row]:
    """All rows, in the order of their identities; a `KeptError` where the file is damaged."""
    with reading(file()):
        lines = file().read_text("utf-8").splitlines() if file().exists() else []
        records = map(json.loads, lines)
        return [made(Row, record | {"latency_ms": tuple(record["latency_ms"])}) for record in records]


def add(new: Iterable[Row]) -> None:
    """Add rows; each replaces the one of the same identity. Notebooks may do so at the same time."""
    from filelock import FileLock

    file().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file().with_suffix(".lock")):
        board = {row.identity: row for row in [*rows(), *new]}
        lines = (json.dumps(asdict(board[identity])) for identity in sorted(board))
        workspace.write_atomic(file(), "".join(f"{line}\n" for line in lines))


def table() -> "pd.DataFrame":
    """The scoreboard to compute with: one line a row, without the raw samples but with their percentiles."""
    return as_table(rows())


def as_table(chosen: Iterable[Row]) -> "pd.DataFrame":
    """The same of some rows."""
    import numpy as np
    import pandas as pd

    records = []
    for row in chosen:
        record = asdict(row)
        samples = record.pop("latency_ms")
        p50, p90 = np.percentile(samples, (50, 90)) if samples else (np.nan, np.nan)
        records.append(record | {"p50_ms": p50, "p90_ms": p90, "samples": len(samples)})
    names = [name for name in Row.__dataclass_fields__ if name != "latency_ms"]
    return pd.DataFrame(records, columns=[*names, "p50_ms", "p90_ms", "samples"])


def pretty(board: "pd.DataFrame") -> "pd.DataFrame":
    """The same to read: percent with the interval, megabytes, milliseconds; best accuracy first within each data set."""
    import pandas as pd

    board = board.sort_values(["data", "split", "accuracy"], ascending=[True, True, False], kind="stable")

    def column(name: str, form: str, scale: float = 1.0) -> list[str]:
        return ["-" if pd.isna(value) else format(scale * value, form) for value in board[name]]

    def short(name: str, scale: float = 1.0) -> list[str]:
        """Five characters up to a thousand: with a generator's row the table would not fit any more."""
        return ["-" if pd.isna(v) else f"{v:.{1 + (v < 100) + (v < 10)}f}" for v in scale * board[name].astype(float)]

    low, high = column("accuracy_low", ".1f", 100), column("accuracy_high", ".1f", 100)
    accuracy = [f"{a} [{b}, {c}]" for a, b, c in zip(column("accuracy", ".1f", 100), low, high, strict=True)]
    shown = pd.DataFrame(
        {
            "Model": board["model"].to_numpy(),
            "Precision": board["precision"].to_numpy(),
            "Runtime": board["runtime"].to_numpy(),
            "Data": [f"{data}, {split}" for data, split in zip(board["data"], board["split"], strict=True)],
            "Accuracy, % [95 % interval]": accuracy,
            "Calls exact, %": column("call_exact_match", ".1f", 100),
            "Slots exact, %": column("slot_exact_match", ".1f", 100),
            "Size, MB": short("size_bytes", 1e-6),
            "p50, ms": short("p50_ms"),
            "p90, ms": short("p90_ms"),
            "Host": board["host"].to_numpy(),
        }
    )
    return shown if board["call_exact_match"].notna().any() else shown.drop(columns="Calls exact, %")
