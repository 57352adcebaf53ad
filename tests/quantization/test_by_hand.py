"""What 02 writes by hand against torch, ONNX Runtime's rules as `grid` has them, and counting."""

from itertools import product

import numpy as np
import pytest
import torch

from edgelab.quantization import grid
from edgelab.quantization.by_hand import (
    best_clip,
    block_scales,
    dequantize,
    moves,
    quantize,
    scales,
    stored_bytes,
)
from edgelab.quantization.damage import change

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bits", range(2, 9))
def test_there_and_back_is_torchs_fake_quantization(bits):
    matrix = RNG.normal(size=(6, 9)).astype(np.float32) * np.arange(1, 10, dtype=np.float32)
    top = 2 ** (bits - 1) - 1
    for axis in (0, 1):
        scale = scales(matrix, bits, axis)
        zeros = torch.zeros(scale.size, dtype=torch.int32)
        theirs = torch.fake_quantize_per_channel_affine(
            torch.tensor(matrix), torch.tensor(scale.ravel()), zeros, axis, -top, top
        )
        assert np.allclose(dequantize(quantize(matrix, scale, bits), scale), theirs, atol=1e-6)
    one = scales(matrix, bits)
    theirs = torch.fake_quantize_per_tensor_affine(torch.tensor(matrix), float(one[0, 0]), 0, -top, top)
    assert np.allclose(dequantize(quantize(matrix, one, bits), one), theirs, atol=1e-6)


def test_integers_and_scales_are_the_rooms_own():
    matrix = RNG.normal(size=(70, 9))
    matrix[:, 4] = 0
    for bits, (options, scale) in product(
        (2, 4, 8),
        (
            ({}, lambda b: scales(matrix, b)),
            ({"axis": 0}, lambda b: scales(matrix, b, 0)),
            ({"axis": 1}, lambda b: scales(matrix, b, 1)),
            ({"axis": 0, "block": 32}, lambda b: block_scales(matrix, b, 32)),
        ),
    ):
        theirs = grid.quantize(matrix, bits, **options)
        assert np.allclose(scale(bits), theirs.scale) and np.array_equal(
            quantize(matrix, scale(bits), bits), theirs.integers
        )


def test_an_affine_grid_comes_back_as_the_rooms_own():
    values = RNG.normal(0.7, 1, 50)
    q = grid.quantize(values, 8, symmetric=False)
    back = dequantize(q.integers, float(q.scale), np.uint8(q.zero_point))
    assert np.allclose(back, q.dequantize(), atol=1e-6) and np.abs(back - values).max() <= q.scale


@pytest.mark.parametrize("bits, axis", list(product((2, 3, 4), (0, 1))))
def test_the_best_clip_is_the_rooms_own(bits, axis):
    matrix, shares = RNG.standard_t(3, size=(8, 50)), RNG.permutation(np.linspace(0.2, 1, 9))
    assert np.array_equal(best_clip(matrix, bits, shares, axis), grid.best_clip(matrix, bits, shares, axis))


def test_moves_are_the_flips_by_kind():
    before, gold = RNG.normal(size=(400, 5)), RNG.integers(5, size=400)
    after = before + RNG.normal(size=before.shape)
    broken, repaired, otherwise = moves(after, before, gold)
    found, earlier = change(after, before, gold), change(before, before, gold)
    assert broken + repaired + otherwise == pytest.approx(found.flips.value)
    assert repaired - broken == pytest.approx(found.accuracy.value - earlier.accuracy.value)
    eye = np.eye(3)
    assert moves(eye[[1, 0, 2, 0]], eye[[0, 1, 1, 0]], np.array([0, 0, 0, 0])) == (0.25, 0.25, 0.25)


@pytest.mark.parametrize("rows, columns, bits", [(3, 3, 3), (40, 7, 4), (65, 5, 2), (9, 4, 8)])
def test_stored_bytes_are_counted(rows, columns, bits):
    packed = np.packbits(np.zeros(rows * columns * bits, dtype=np.uint8)).nbytes
    matrix = np.ones((rows, columns))
    assert stored_bytes(rows, columns, bits) == packed + 4
    for axis in (0, 1):
        assert stored_bytes(rows, columns, bits, axis) == packed + 4 * scales(matrix, bits, axis).size
        assert stored_bytes(rows, columns, bits, axis) == grid.packed_bytes((rows, columns), axis, bits)
    marked = block_scales(np.arange(1.0, 1 + rows * columns).reshape(rows, columns), bits, 32)
    assert stored_bytes(rows, columns, bits, None, 32) == packed + 4 * len(np.unique(marked))
