"""The explorers of `02_quantization`: what bits and granularity do to a layer's weights, and where a range should end."""

from collections.abc import Callable
from typing import Any

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider
from edgelab.quantization.grid import affine_parameters, fake_quantize

# Options of `quantize`, and how many scales a matrix [inputs, outputs] then has.
GRANULARITIES: dict[str, tuple[dict[str, Any], Callable[[int, int], int]]] = {
    "one scale": ({}, lambda inputs, outputs: 1),
    "one for each channel": ({"axis": 1}, lambda inputs, outputs: outputs),
    "one for each block of 32": ({"axis": 0, "block": 32}, lambda inputs, outputs: -(-inputs // 32) * outputs),
}


def compute_grid(matrix: np.ndarray, bits: int, granularity: str) -> tuple[pd.DataFrame, np.ndarray]:
    """What rounding a matrix [inputs, outputs] costs, and the rounded matrix; errors as root mean squares."""
    options, count = GRANULARITIES[granularity]
    near, scales = fake_quantize(matrix, bits, **options), count(*matrix.shape)
    table = pd.DataFrame(
        {
            "scales": [f"{scales:,}"],
            "bits a weight, scales included": [f"{bits + 32 * scales / matrix.size:.2f}"],
            "error, % of the weights": [f"{_relative(near - matrix, matrix):.2f}"],
            "weights rounded to 0, %": [f"{100 * np.mean(near == 0):.1f}"],
        }
    )
    return table, near


def show_grid(matrices: dict[str, np.ndarray]) -> ipywidgets.VBox:
    """Choose a layer, bits and granularity; `matrices` holds each layer's weights [inputs, outputs]."""

    def draw(layer: str, bits: float, granularity: str) -> tuple[Figure, str, pd.DataFrame]:
        table, near = compute_grid(matrices[layer], int(bits), granularity)
        figure = plots.histograms({"weights": matrices[layer], "rounded": near}, f"weights of {layer}")
        words = f"{layer} at {bits:.0f} bits, {granularity}: an error of {table.iloc[0, 2]} % of the weights."
        return figure, words, table

    bits = slider("bits", 4, 2, 8, 1, ".0f")
    return explorer([menu("layer", list(matrices)), bits, menu("scales", list(GRANULARITIES))], draw)


def range_ends(values: np.ndarray, percentile: float) -> np.ndarray:
    """The ends of the range that holds `percentile` % of the values: half of the rest is cut off at each side, as
    ONNX Runtime's percentile calibration does (99.9 cuts the lowest and the highest 0.05 %)."""
    cut = (100 - percentile) / 2
    return np.percentile(values, (cut, 100 - cut))


def compute_range(values: np.ndarray, percentile: float, bits: int) -> tuple[pd.DataFrame, np.ndarray]:
    """What it costs to let an activation's range hold `percentile` % of its values; and the rounded values.

    Clipping is the error of the values beyond the range, rounding that of those within.
    """
    low, high = range_ends(values, percentile)
    scale, zero_point = affine_parameters(low, high, bits)
    near = scale * (np.clip(np.rint(values / scale) + zero_point, 0, 2**bits - 1) - zero_point)
    beyond = (values < min(low, 0)) | (values > max(high, 0))
    table = pd.DataFrame(
        {
            "range": [f"{low:.2f} to {high:.2f}"],
            "step": [f"{scale:.4f}"],
            "values beyond, %": [f"{100 * np.mean(beyond):.2f}"],
            "clipping error, %": [f"{_relative((near - values) * beyond, values):.2f}"],
            "rounding error, %": [f"{_relative((near - values) * ~beyond, values):.2f}"],
            "both, %": [f"{_relative(near - values, values):.2f}"],
        }
    )
    return table, near


def show_range(values: np.ndarray) -> ipywidgets.VBox:
    """Move the share of an activation's values that its range holds, and the bits that span it."""

    def draw(percentile: float, bits: float) -> tuple[Figure, str, pd.DataFrame]:
        table, near = compute_range(values, percentile, int(bits))
        ends = range_ends(values, percentile)
        figure = plots.histograms({"activations": values, "rounded": near}, "value", marks=list(ends))
        row = table.iloc[0]
        words = f"Range {row['range']} in {bits:.0f} bits: clipping {row['clipping error, %']} %, rounding "
        return figure, f"{words}{row['rounding error, %']} %, both {row['both, %']} %.", table

    return explorer([slider("percentile", 99.9, 97, 100, 0.1, ".1f"), slider("bits", 4, 2, 8, 1, ".0f")], draw)


def _relative(error: np.ndarray, values: np.ndarray) -> float:
    return 100 * float(np.sqrt(np.mean(error**2) / np.mean(values**2)))
