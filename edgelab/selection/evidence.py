"""What a decision rests on: each model's outcomes on the same examples, its latencies, its size; and the file of them."""

import json
import reprlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.bundle.manifest import are_all, is_number, is_text
from edgelab.declarations import Stored
from edgelab.errors import UserError
from edgelab.selection.form import FormError, Requirements
from edgelab.stats.dependence import dependent_percentile_interval
from edgelab.stats.intervals import Interval, accuracy_interval, retention_interval
from edgelab.workspace import write_atomic

DECLARED = (
    Stored(
        what="the form and the evidence of a decision: what each model got right, example by example, and its latencies",
        where="{home}/decision.json",
        how_long="until deleted by hand",
        about="device",
        part="course",
    ),
)

OUTCOMES = ("right_label", "right_call", "high_stakes_wrong", "private_sent")
# The share of the form that each column of outcomes is.
SHARE_OF = {
    "accuracy": "right_label",
    "calls": "right_call",
    "high_stakes": "high_stakes_wrong",
    "private": "private_sent",
}


class EvidenceError(UserError):
    """Rows that cannot be compared, or a file that holds none; the message says what was expected."""


@dataclass(frozen=True, eq=False)
class Evidence:
    """One model as measured on held-out examples (validation, where a decision is to be made). None: not measured here.

    Args:
        name: unique among the rows.
        right_label: whether the label of each example is right, bool [examples].
        right_call: whether label and slots are, bool [examples].
        high_stakes_wrong: whether a tool of high stakes was called that was not asked for, bool [examples].
        private_sent: whether a private value left the device, bool [examples].
        latency_ms: raw samples of one request each, in the order taken, by tier: `{form.HERE: (1.9, 2.1, ...)}`.
        size_bytes: of the whole bundle.
        memory_mb: resident, in millions of bytes.
        coverage: share of the install base that it reaches.
        ships: False for a row that others are only measured against: the teacher in the cloud.

    Raises:
        EvidenceError: no examples, or columns of different lengths.
    """

    name: str
    right_label: np.ndarray
    size_bytes: int
    right_call: np.ndarray | None = None
    high_stakes_wrong: np.ndarray | None = None
    private_sent: np.ndarray | None = None
    latency_ms: Mapping[str, Sequence[float]] = field(default_factory=dict)
    memory_mb: float | None = None
    coverage: float | None = None
    family: str = ""
    precision: str = "fp32"
    runtime: str = "onnxruntime"
    ships: bool = True

    def __post_init__(self) -> None:
        for name in OUTCOMES:
            column = getattr(self, name)
            if column is not None:
                object.__setattr__(self, name, np.asarray(column, dtype=bool))
        shapes = {name: np.shape(getattr(self, name)) for name in OUTCOMES if getattr(self, name) is not None}
        if set(shapes.values()) != {(self.examples,)} or self.examples == 0:
            raise EvidenceError(f"{self.name}: expected one outcome an example in each column, found {shapes}")

    @property
    def examples(self) -> int:
        """How many examples the outcomes are of."""
        return len(self.right_label)


def retention_of(row: Evidence, rows: Sequence[Evidence], requirements: Requirements) -> tuple[str, Evidence] | None:
    """The column that retention compares, calls where both rows have them, else labels; and the row that it is over. None
    where no row is the reference, or it is never right."""
    found = [other for other in rows if other.name == requirements.reference]
    if not found:
        return None
    column = "right_label" if row.right_call is None or found[0].right_call is None else "right_call"
    return (column, found[0]) if getattr(found[0], column).any() else None


def compared(rows: Sequence[Evidence]) -> None:
    """Whether the rows may be compared at all.

    Raises:
        EvidenceError: no row that could ship, two of one name, or rows of different examples.
    """
    names = [row.name for row in rows]
    if not any(row.ships for row in rows):
        raise EvidenceError("expected a model that could ship, found none")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise EvidenceError(f"expected each name once, found {', '.join(twice)} more than once")
    if len({row.examples for row in rows}) > 1:
        counts = ", ".join(f"{row.name}: {row.examples}" for row in rows)
        raise EvidenceError(f"expected all models on the same examples, found {counts}")


def exact_values(row: Evidence) -> dict[str, float | None]:
    """What has no sampling error, named as in the form; None: not measured."""
    return {"mb": row.size_bytes / 1e6, "memory_mb": row.memory_mb, "coverage": row.coverage}


def intervals(row: Evidence, rows: Sequence[Evidence], requirements: Requirements) -> dict[str, Interval]:
    """Everything measured of a row, each with its 95 % interval, named as the form's fields without `min_` and `max_`.

    Shares: Wilson. Retention: the score interval over the reference. p95 on the form's tier: order statistics, of as many
    independent samples as these are worth. Size, memory and coverage have no sampling error: value, low and high are one.
    """
    columns = {measure: getattr(row, name) for measure, name in SHARE_OF.items()}
    found = {measure: accuracy_interval(column) for measure, column in columns.items() if column is not None}
    if (over := retention_of(row, rows, requirements)) is not None:
        column, reference = over
        found["retention"] = retention_interval(getattr(row, column), getattr(reference, column))
    if samples := row.latency_ms.get(requirements.tier):
        found["p95_ms"] = dependent_percentile_interval(samples, 95)
    return found | {name: Interval(v, v, v) for name, v in exact_values(row).items() if v is not None}


def cautious_card(row: Evidence, rows: Sequence[Evidence], requirements: Requirements) -> dict[str, float]:
    """The end of each interval that errs on the safe side: the lower of what must be large, the upper of what must be small.
    `form.judge_card` on it says whether the model may ship."""
    small = {name.removeprefix("max_") for name in Requirements.__dataclass_fields__ if name.startswith("max_")}
    found = intervals(row, rows, requirements)
    return {name: interval.high if name in small else interval.low for name, interval in found.items()}


def save(rows: Sequence[Evidence], requirements: Requirements, file: Path) -> None:
    """Write what a decision needs, the form and the rows, into one JSON file: whoever has it can decide anew."""
    compared(rows)
    records = []
    for row in rows:
        record = {name: getattr(row, name) for name in Evidence.__dataclass_fields__}
        for name in OUTCOMES:
            record[name] = None if record[name] is None else record[name].astype(int).tolist()
        record["latency_ms"] = {tier: [float(ms) for ms in samples] for tier, samples in row.latency_ms.items()}
        records.append(record)
    write_atomic(file, json.dumps({"requirements": asdict(requirements), "models": records}))


def load(file: Path) -> tuple[list[Evidence], Requirements]:
    """What `save` wrote.

    Raises:
        EvidenceError: unreadable, or no such file's content.
    """
    try:
        content = json.loads(file.read_text("utf-8"))
        requirements = Requirements.of(content["requirements"])
        rows = [_row(record) for record in content["models"]]
        compared(rows)
    except (OSError, ValueError, TypeError, KeyError, RecursionError, FormError, EvidenceError) as error:
        said = f"no {error}" if isinstance(error, KeyError) else str(error)
        said = said.encode("utf-8", "backslashreplace").decode()  # JSON may hold half a character
        raise EvidenceError(f"{file}: expected the evidence of a decision: {said}") from None
    return rows, requirements


def _is_amount(value: object) -> bool:
    return value is None or (is_number(value) and value >= 0)  # type: ignore[operator]


def _are_samples(value: object) -> bool:
    return isinstance(value, list) and all(ms is not None and _is_amount(ms) for ms in value)


def _are_outcomes(value: object) -> bool:
    return isinstance(value, list) and all(type(right) in (int, bool) and right in (0, 1) for right in value)


FITS: dict[str, tuple[str, Callable[[Any], bool]]] = {  # what a file may hold of a row, in words and as a test
    **dict.fromkeys(("name", "family", "precision", "runtime"), ("a text", is_text)),
    **dict.fromkeys(OUTCOMES, ("0 or 1 for each example, or null", lambda v: v is None or _are_outcomes(v))),
    "right_label": ("0 or 1 for each example", _are_outcomes),
    **dict.fromkeys(("memory_mb", "coverage"), ("a number, at least 0, or null", _is_amount)),
    "size_bytes": ("a number, at least 0", lambda v: v is not None and _is_amount(v)),
    "latency_ms": ("a list of numbers, at least 0, for each tier", lambda v: are_all(v, _are_samples)),
    "ships": ("true or false", lambda v: isinstance(v, bool)),
}


def _row(record: Any) -> Evidence:
    """A row as `save` wrote it.

    Raises:
        EvidenceError: a field is not what it should be.
    """
    if not isinstance(record, dict):
        raise EvidenceError(f"models: expected an object for each, found {reprlib.repr(record)}")
    for name, (expected, fits) in FITS.items():
        if name in record and not fits(record[name]):
            whose = reprlib.repr(record.get("name"))
            raise EvidenceError(f"{name} of {whose}: expected {expected}, found {reprlib.repr(record[name])}")
    return Evidence(**record)
