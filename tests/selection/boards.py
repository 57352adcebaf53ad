"""Rows of a decision, small and made by hand: so many right of so many."""

import numpy as np

from edgelab.selection.evidence import Evidence
from edgelab.selection.form import HERE


def outcomes(right: int, of: int) -> np.ndarray:
    """The first ones right, bool [examples]."""
    return np.arange(of) < right


def model(name: str, mb: float, right: int = 960, of: int = 1000, **more) -> Evidence:
    """A row; latencies around a millisecond unless given."""
    given = {
        "right_call": outcomes(right, of),
        "latency_ms": {HERE: tuple(1 + 0.001 * (i * 37 % 100) for i in range(200))},
    }
    return Evidence(name, outcomes(right, of), round(mb * 1e6), **(given | more))


def board() -> list[Evidence]:
    """A teacher and three models, of which the smallest falls short and the largest is the best."""
    return [
        model("teacher", 90, 985, ships=False),
        model("small", 1, 920),
        model("middle", 3, 955),
        model("large", 9, 970),
    ]
