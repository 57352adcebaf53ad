"""The explorers of quantization: each pure function over its grid, and what is shown of it."""

from itertools import product

import numpy as np
import pytest
from onnxruntime.quantization.calibrate import HistogramCollector

from edgelab.quantization.grid import affine_parameters, quantize
from edgelab.quantization.widgets import GRANULARITIES, compute_grid, compute_range, range_ends, show_grid, show_range
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

MATRICES = {name: np.random.default_rng(n).normal(size=(70, 40)) for n, name in enumerate(("table", "head"))}
ACTIVATIONS = np.random.default_rng(0).gamma(1, 1, 20_000) - 0.2
EXPLORERS = {
    "grid": lambda: show_grid(MATRICES),
    "range": lambda: show_range(ACTIVATIONS),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_a_finer_grid_errs_less_and_stores_more_over_the_whole_grid():
    """Errors against `quantize`; scales counted one by one."""
    matrix, seen = MATRICES["table"], {}
    counts = {"one scale": 1, "one for each channel": 40, "one for each block of 32": 3 * 40}
    for bits, granularity in product(range(2, 9), GRANULARITIES):
        table, near = compute_grid(matrix, bits, granularity)
        assert np.array_equal(near, quantize(matrix, bits, **GRANULARITIES[granularity][0]).dequantize())
        scales, stored, error, zeros = table.iloc[0]
        assert scales == f"{counts[granularity]:,}" and float(stored) == pytest.approx(
            bits + 32 * counts[granularity] / 2800, abs=0.006
        )
        assert float(error) == pytest.approx(100 * np.linalg.norm(near - matrix) / np.linalg.norm(matrix), abs=0.006)
        assert float(zeros) == pytest.approx(100 * np.mean(near == 0), abs=0.06)
        seen[granularity, bits] = float(error)
    assert all(seen[g, b] > 1.5 * seen[g, b + 1] for g, b in product(GRANULARITIES, range(3, 8)))
    coarse, channel, block = GRANULARITIES
    assert all(seen[coarse, b] > seen[channel, b] > seen[block, b] for b in range(2, 9))


def test_the_grid_explorer_shows_what_is_computed():
    box = show_grid(MATRICES)
    layer, bits, granularity = controls_of(box)
    for layer.value, bits.value, granularity.value in product(MATRICES, (2, 8), GRANULARITIES):
        words, _, table = parts(box)
        expected, _ = compute_grid(MATRICES[layer.value], int(bits.value), granularity.value)
        assert_shows(table, expected)
        error = expected.iloc[0, 2]
        assert (
            words
            == f"{layer.value} at {bits.value:.0f} bits, {granularity.value}: an error of {error} % of the weights."
        )


def test_a_narrower_range_trades_rounding_for_clipping():
    seen = {}
    for percentile, bits in product((97, 99, 99.9, 100), (2, 4, 8)):
        table, near = compute_range(ACTIVATIONS, percentile, bits)
        assert len(np.unique(near)) <= 2**bits
        low, high = np.percentile(ACTIVATIONS, ((100 - percentile) / 2, (100 + percentile) / 2))
        assert table["range"][0] == f"{low:.2f} to {high:.2f}"
        assert table["step"][0] == f"{affine_parameters(low, high, bits)[0]:.4f}"
        assert float(table["values beyond, %"][0]) == pytest.approx(100 - percentile, abs=0.02)
        clipping, rounding, both = (float(table.iloc[0, i]) for i in (3, 4, 5))
        assert np.hypot(clipping, rounding) == pytest.approx(both, abs=0.02)
        assert both == pytest.approx(100 * np.linalg.norm(near - ACTIVATIONS) / np.linalg.norm(ACTIVATIONS), abs=0.006)
        seen[percentile, bits] = clipping, rounding, both
    assert seen[100, 4][0] == 0 and all(seen[97, b][0] > seen[99.9, b][0] > 0 for b in (2, 4, 8))
    assert all(seen[97, b][1] < seen[100, b][1] for b in (2, 4, 8))
    # Many steps: clip nothing. Few steps: clip.
    assert seen[100, 8][2] < seen[99, 8][2] and seen[99, 2][2] < seen[100, 2][2]


@pytest.mark.parametrize("percentile", [95.0, 99.0])
def test_a_range_ends_where_the_runtimes_calibration_ends_it(percentile):
    runtime = HistogramCollector("percentile", False, 20_000, 128, percentile, "same")
    runtime.collect({"activation": [ACTIVATIONS.astype(np.float32)]})
    ends = runtime.compute_percentile()["activation"][:2]
    low, high = range_ends(ACTIVATIONS, percentile)
    # It counts in bins; were twice as much cut off, the ends would differ by several times these.
    assert low == pytest.approx(float(ends[0]), abs=0.001) and high == pytest.approx(float(ends[1]), abs=0.02)


def test_the_range_explorer_shows_what_is_computed():
    box = show_range(ACTIVATIONS)
    percentile, bits = controls_of(box)
    for percentile.value, bits.value in product((97, 99.9, 100), (2, 8)):
        words, _, table = parts(box)
        expected, _ = compute_range(ACTIVATIONS, percentile.value, int(bits.value))
        assert_shows(table, expected)
        row = expected.iloc[0]
        assert words == (
            f"Range {row['range']} in {bits.value:.0f} bits: clipping {row['clipping error, %']} %, "
            f"rounding {row['rounding error, %']} %, both {row['both, %']} %."
        )
