"""The mathematics of few bits against ONNX Runtime's operators, torch and by hand."""

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import helper

from edgelab.quantization.grid import affine_parameters, best_clip, fake_quantize, packed_bytes, quantize

RNG = np.random.default_rng(0)


def operator(name, inputs, outputs, **attributes):
    """Run one ONNX operator in ONNX Runtime on named arrays; `outputs` names its results."""
    feeds = [
        helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for n, a in inputs.items()
    ]
    results = [helper.make_empty_tensor_value_info(n) for n in outputs]
    graph = helper.make_graph([helper.make_node(name, list(inputs), outputs, **attributes)], "one", feeds, results)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)


def test_symmetric_by_hand():
    """Largest 1.5, 3 bits: integers -3 to 3, a step of 0.5; halves go to the even neighbour."""
    q = quantize(np.array([-1.5, -0.7, 0.0, 0.25, 0.26, 1.5]), 3)
    assert q.integers.tolist() == [-3, -1, 0, 0, 1, 3] and q.scale == 0.5 and q.zero_point == 0
    assert q.dequantize().tolist() == [-1.5, -0.5, 0, 0, 0.5, 1.5]


def test_affine_by_hand():
    """From -1 to 2 in 2 bits: a step of 1, zero stands at 1."""
    q = quantize(np.array([-1.0, 0.0, 0.6, 2.0]), 2, symmetric=False)
    assert q.integers.tolist() == [0, 1, 2, 3] and (q.scale, q.zero_point) == (1, 1)
    assert q.dequantize().tolist() == [-1, 0, 1, 2]
    # Values far from 0 still leave room for it.
    assert affine_parameters(np.float64(10), np.float64(25.5), 8) == (0.1, 0)


@pytest.mark.parametrize("bits", range(2, 9))
@pytest.mark.parametrize("symmetric", [True, False])
def test_per_tensor_is_torchs_fake_quantization(bits, symmetric):
    values = RNG.normal(0.4, 1.0, (40, 7)).astype(np.float32)
    q = quantize(values, bits, symmetric=symmetric)
    bottom, top = (-(2 ** (bits - 1) - 1), 2 ** (bits - 1) - 1) if symmetric else (0, 2**bits - 1)
    theirs = torch.fake_quantize_per_tensor_affine(torch.tensor(values), float(q.scale), int(q.zero_point), bottom, top)
    assert np.allclose(q.dequantize(), theirs, atol=1e-6)
    assert q.integers.min() >= bottom and q.integers.max() <= top
    assert np.abs(q.dequantize() - values).max() <= q.scale * (0.5 if symmetric else 1.0) + 1e-6


@pytest.mark.parametrize("bits", [2, 4, 8])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_per_channel_is_torchs_fake_quantization(bits, axis):
    values = RNG.normal(size=(6, 9)).astype(np.float32) * np.arange(1, 10, dtype=np.float32)
    q = quantize(values, bits, axis=axis)
    top = 2 ** (bits - 1) - 1
    largest = np.abs(values).max(1 - axis % 2)
    assert np.allclose(q.scale.ravel(), largest / top)
    theirs = torch.fake_quantize_per_channel_affine(
        torch.tensor(values),
        torch.tensor(largest / top),
        torch.zeros(len(largest), dtype=torch.int32),
        axis % 2,
        -top,
        top,
    )
    assert np.allclose(q.dequantize(), theirs, atol=1e-6)


@pytest.mark.parametrize("block", [None, 1, 4, 5])
def test_integers_are_those_of_onnx_runtimes_operator(block):
    values = RNG.normal(size=(3, 10)).astype(np.float32)
    q = quantize(values, 8, axis=1, block=block)
    blocks = 10 if block is None else -(-10 // block)
    firsts = np.arange(blocks) * (block or 1)
    scale = q.scale.astype(np.float32)
    scale = scale.ravel() if block is None else scale[:, firsts]
    options = {"axis": 1} if block is None else {"axis": 1, "block_size": block}
    zero = np.zeros(scale.shape, dtype=np.int8)
    (theirs,) = operator("QuantizeLinear", {"x": values, "scale": scale, "zero": zero}, ["q"], **options)
    assert np.array_equal(q.integers, theirs) and q.integers.dtype == np.int8
    (back,) = operator("DequantizeLinear", {"q": theirs, "scale": scale, "zero": zero}, ["x"], **options)
    assert np.allclose(q.dequantize(), back, atol=1e-7)


@pytest.mark.parametrize("shift", [-9, -0.5, 0, 3, 20])
def test_affine_is_onnx_runtimes_dynamic_quantization(shift):
    values = (RNG.normal(size=200) + shift).astype(np.float32)
    integers, scale, zero_point = operator("DynamicQuantizeLinear", {"x": values}, ["q", "scale", "zero"])
    ours = quantize(values, 8, symmetric=False)
    assert ours.scale == pytest.approx(scale, rel=1e-6) and ours.zero_point == zero_point
    assert (
        ours.integers.dtype == np.uint8 and np.abs(ours.integers.astype(int) - integers).max() <= 1
    )  # a float's last bit
    assert np.mean(ours.integers == integers) > 0.99


def test_finer_scales_err_less():
    values = RNG.normal(size=(64, 96)) * np.exp(RNG.normal(size=(64, 1)))
    errors = [
        np.mean((fake_quantize(values, 4, **o) - values) ** 2) for o in ({}, {"axis": 0}, {"axis": 1, "block": 8})
    ]
    assert errors[0] > 1.5 * errors[1] > 1.5 * errors[2]
    by_bits = [np.mean((fake_quantize(values, bits, axis=0) - values) ** 2) for bits in range(2, 9)]
    assert all(a > 2 * b for a, b in zip(by_bits, by_bits[1:], strict=False))


@pytest.mark.filterwarnings("error")
def test_all_zeros_stay_zeros_and_zero_is_exact():
    zeros = np.zeros((2, 3))
    for options in ({}, {"axis": 0}, {"axis": 1, "block": 2}, {"symmetric": False}):
        assert not fake_quantize(zeros, 4, **options).any()
    values = np.append(RNG.normal(5, 1, 99), 0.0)
    assert fake_quantize(values, 3, symmetric=False)[-1] == 0


def test_clipping_moves_the_far_values_to_the_end():
    values = np.array([-0.2, 0.1, 0.45, 1.0])
    assert np.allclose(fake_quantize(values, 8, clip=0.5), [-0.2, 0.1, 0.45, 0.5], atol=0.5 / 127)
    rows = np.array([[1.0, 0.5], [1.0, 0.5]])
    each = fake_quantize(rows, 8, axis=0, clip=np.array([[1.0], [0.5]]))
    assert np.allclose(each, [[1, 0.5], [0.5, 0.5]], atol=0.5 / 127)


@pytest.mark.parametrize("bits", [0, 1, 9, 16])
def test_other_numbers_of_bits_are_refused(bits):
    with pytest.raises(ValueError, match=f"expected 2 to 8 bits, found {bits}"):
        quantize(np.ones(3), bits)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="expected finite values"):
        quantize(np.array([1.0, bad]), 8)


@pytest.mark.parametrize("bits", [2, 3, 4])
def test_the_best_clip_is_the_best_by_trying_all(bits):
    values, shares = RNG.standard_t(3, size=(5, 200)), np.linspace(0.2, 1, 9)
    chosen = best_clip(values, bits, shares, axis=0)
    for row, share in zip(values, chosen.ravel(), strict=True):
        errors = [np.sum((fake_quantize(row, bits, clip=s) - row) ** 2) for s in shares]
        assert share == shares[np.argmin(errors)]
    whole = [np.sum((fake_quantize(values, bits, clip=s) - values) ** 2) for s in shares]
    assert best_clip(values, bits, shares) == shares[np.argmin(whole)] < 1


def test_packed_bytes_count_integers_and_scales():
    assert packed_bytes((4096, 64), 0, 4) == 4096 * 32 + 4 * 4096
    assert packed_bytes((192, 256), 1, 8) == 192 * 256 + 4 * 256
    assert packed_bytes((3, 3), 0, 3) == 4 + 12  # 27 bits fill 4 bytes
