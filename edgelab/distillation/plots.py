"""The figures of `01_distillation`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course import plots
from edgelab.course.results import in_words
from edgelab.distillation.family import Measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def of_family(measured: Mapping[str, Measured], bar: float, chosen: str | None) -> "tuple[Figure, str]":
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
