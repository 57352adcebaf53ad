"""The figures of `01_distillation`, and its rows of the scoreboard."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course import plots, scoreboard
from edgelab.course.results import in_words
from edgelab.distillation.family import Measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def of_family(measured: Mapping[str, Measured], bar: float, chosen: str) -> "tuple[Figure, str]":
    """Retention on validation over size, a dashed line at the bar, the model that ships in orange. In words, too."""
    points = {name: (m.mb, m.retention, m.p50_ms) for name, m in measured.items()}
    told = in_words({name: m.retention for name, m in measured.items()})
    return plots.frontier(points, bar=bar, chosen=chosen), f"Retention on validation over size: {told}."


def of_parts(parts: "Mapping[str, tuple[np.ndarray, np.ndarray]]") -> "tuple[Figure, str]":
    """The share right of each part, teacher beside student. In words, too."""
    shares: dict[str, Sequence[float]] = {}
    for place, who in enumerate(("teacher", "student")):
        shares[who] = [float(both[place].mean()) for both in parts.values()]
    told = [f"{who}: {in_words(dict(zip(parts, each, strict=True)), '.2f')}" for who, each in shares.items()]
    return plots.bars(list(parts), shares, "share right, test", limit=1), ". ".join(told)


def rows_of(measured: Mapping[str, Measured], data: str) -> list[scoreboard.Row]:
    """A row of the scoreboard for each model that was distilled, and for the teacher."""
    rows = []
    for name, m in measured.items():
        if m.calls is not None:
            row = scoreboard.measured(
                "01_distillation",
                name,
                m.correct,
                m.latency,
                size_bytes=m.size_bytes,
                slot_exact_match=m.slots,
                call_exact_match=float(m.calls.mean()),
                data=data,
            )
            rows.append(row)
    return rows
