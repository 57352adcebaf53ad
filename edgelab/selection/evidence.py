"""What a decision rests on: each model's outcomes on the same examples, its latencies, its size; and the file of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgelab.errors import UserError
from edgelab.selection.form import Requirements
from edgelab.stats.intervals import Interval


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
    latency_ms: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    memory_mb: float | None = None
    coverage: float | None = None
    family: str = ""
    precision: str = "fp32"
    runtime: str = "onnxruntime"
    ships: bool = True


def intervals(row: Evidence, rows: list[Evidence], requirements: Requirements) -> dict[str, Interval]:
    """Each measure that is asked and was measured, with its 95 % interval, named as the form's fields without `min_` and
    `max_`. Shares: Wilson. Retention: the score interval over the reference. p95: order statistics. Size, memory and
    coverage have no sampling error: value, low and high are one."""
    raise NotImplementedError


def cautious_card(row: Evidence, rows: list[Evidence], requirements: Requirements) -> dict[str, float]:
    """The end of each interval that errs on the safe side: the lower of what must be large, the upper of what must be small.
    `form.judge_card` on it says whether the model may ship."""
    raise NotImplementedError


def save(rows: list[Evidence], requirements: Requirements, file: Path) -> None:
    """Write what a decision needs, the form and the rows, into one JSON file: whoever has it can decide anew."""
    raise NotImplementedError


def load(file: Path) -> tuple[list[Evidence], Requirements]:
    """What `save` wrote.

    Raises:
        EvidenceError: unreadable, or no such file's content.
    """
    raise NotImplementedError
