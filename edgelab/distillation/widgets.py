"""The explorers of `01_distillation`: what temperature does to a teacher's answer, and how the bar picks the size."""

from collections.abc import Mapping

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider
from edgelab.distillation.family import Measured
from edgelab.distillation.losses import soften
from edgelab.selection import rule as selection


def compute_temperature(logits: np.ndarray, labels: tuple[str, ...], temperature: float, best: int = 5) -> pd.DataFrame:
    """The teacher's `best` labels for one request and their probabilities at 1 and at `temperature`; logits [labels]."""
    order = np.argsort(-logits)[:best]
    usual, soft = soften(logits, 1.0), soften(logits, temperature)
    return pd.DataFrame(
        {
            "label": [labels[i] for i in order],
            "T = 1": [f"{usual[i]:.4f}" for i in order],
            "softened": [f"{soft[i]:.4f}" for i in order],
        }
    )


def show_temperature(logits: dict[str, np.ndarray], labels: tuple[str, ...]) -> ipywidgets.VBox:
    """Choose a request and a temperature; `logits` holds the teacher's [labels] for each request."""

    def draw(request: str, temperature: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_temperature(logits[request], labels, temperature)
        columns = {"T = 1": table["T = 1"].astype(float), f"T = {temperature:.1f}": table["softened"].astype(float)}
        figure = plots.bars(list(table["label"]), columns, "probability", limit=1)
        words = f"At T = {temperature:.1f} the best label keeps {table['softened'][0]} of the probability."
        return figure, words, table

    return explorer([menu("request", list(logits)), slider("temperature", 2.0, 1.0, 10.0, 0.5, ".1f")], draw)


def compute_size(family: Mapping[str, Measured], bar: float, budget_mb: float) -> pd.DataFrame:
    """Which models clear the bar within the budget; the smallest of them is `ships`."""
    models = [selection.Candidate(name, m.size_bytes, m.retention) for name, m in family.items()]
    chosen = selection.choose([m for m in models if m.size_bytes <= budget_mb * 1e6], bar)
    return pd.DataFrame(
        {
            "model": [m.name for m in models],
            "size, MB": [f"{m.size_bytes / 1e6:.2f}" for m in models],
            "retention": [f"{m.retention.value:.3f}" for m in models],
            "its lower end": [f"{m.retention.low:.3f}" for m in models],
            "verdict": [_verdict(m, bar, budget_mb, chosen) for m in models],
        }
    )


def _verdict(member: selection.Candidate, bar: float, budget_mb: float, chosen: selection.Candidate | None) -> str:
    if member == chosen:
        return "ships"
    if member.size_bytes > budget_mb * 1e6:
        return "too big"
    return "clears, but is not the smallest" if member.retention.low >= bar else "below the bar"


def show_size(family: Mapping[str, Measured]) -> ipywidgets.VBox:
    """Move the bar and the budget, see which model ships."""

    def draw(bar: float, budget_mb: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_size(family, bar, budget_mb)
        ships = table.loc[table["verdict"] == "ships", "model"]
        chosen = ships.iloc[0] if len(ships) else None
        points = {name: (m.mb, m.retention, m.p50_ms) for name, m in family.items()}
        words = f"{chosen} ships." if chosen else "Nothing clears the bar within the budget."
        return plots.frontier(points, bar=bar, chosen=chosen), words, table

    controls = [slider("bar: retention", 0.90, 0.80, 1.0, 0.01), slider("budget, MB", 30, 0.5, 100, 0.5, ".1f")]
    return explorer(controls, draw)
