"""Packed files: the grid, the bytes, and what ONNX Runtime makes of them."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgelab.quantization import packing
from edgelab.quantization.grid import row_grid
from edgelab.quantization.packing import pack, pack_bits, unpack_table

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("bits", [2, 4])
def test_the_grid_is_no_worse_than_the_widest_scale_and_keeps_what_lies_on_it(bits):
    weights = RNG.standard_t(3, size=(40, 64)).astype(np.float32)  # heavy tails: clipping pays
    integers, scale = row_grid(weights, bits)
    top = 2 ** (bits - 1) - 1
    assert integers.dtype == np.int8 and np.abs(integers).max() == top and scale.shape == (40, 1)
    widest = np.abs(weights).max(1, keepdims=True) / top
    plain = np.clip(np.rint(weights / widest), -top, top) * widest
    error, plain_error = (((w - weights) ** 2).sum(1) for w in (integers * scale, plain))
    assert (error <= plain_error + 1e-4).all() and (error < 0.99 * plain_error).any()
    again, _ = row_grid(integers * scale, bits)
    assert (again == integers)[np.abs(integers).max(1) == top].all()


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("columns", [8, 11])
def test_bytes_hold_what_was_packed(bits, columns):
    top = 2 ** (bits - 1) - 1
    integers = RNG.integers(-top, top + 1, (5, columns)).astype(np.int8)
    packed = pack_bits(integers, bits)
    assert packed.dtype == np.uint8 and packed.shape == (5, -(-columns * bits // 8))
    assert (unpack_table(bits)[packed].reshape(5, -1)[:, :columns] == integers).all()


def network(path, vocabulary=50, width=12, hidden=18, labels=7):
    """Embedding, MatMul, GELU, maximum, Gemm: as the exporter writes our students."""
    shapes = {"table": (vocabulary, width), "first": (width, hidden), "head": (labels, hidden), "bias": (labels,)}
    weights = {name: RNG.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["embedded"]),
        helper.make_node("MatMul", ["embedded", "first"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("ReduceMax", ["active", "axis"], ["pooled"], keepdims=0),
        helper.make_node("Gemm", ["pooled", "head", "bias"], ["intent"], transB=1),
    ]
    constants = [numpy_helper.from_array(w, name) for name, w in weights.items()]
    constants.append(numpy_helper.from_array(np.array([1], dtype=np.int64), "axis"))
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "tokens"])]
    outputs = [helper.make_tensor_value_info("intent", TensorProto.FLOAT, ["batch", labels])]
    graph = helper.make_graph(nodes, "network", inputs, outputs, constants)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))
    return weights


def run(path, ids):
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {"ids": ids})[0]


@pytest.mark.parametrize("bits", [2, 4])
@pytest.mark.parametrize("table_unpacked", [True, False])
def test_a_packed_file_computes_with_the_rounded_weights(tmp_path, bits, table_unpacked, monkeypatch):
    if not table_unpacked:
        monkeypatch.setattr(packing, "UNPACKED_BYTES", 0)
    weights = network(tmp_path / "fp32.onnx")
    pack(tmp_path / "fp32.onnx", tmp_path / "packed.onnx", bits)
    ids = RNG.integers(50, size=(3, 6))

    def rounded(name, transposed=False):
        matrix = weights[name].T if transposed else weights[name]
        integers, scale = row_grid(matrix, bits)
        return (integers * scale).T if transposed else integers * scale

    active = np.maximum(rounded("table")[ids] @ rounded("first", transposed=True), 0).max(1)
    expected = active @ rounded("head").T + weights["bias"]
    got = run(tmp_path / "packed.onnx", ids)
    # Activations are rounded to 8 bits, twice: a few thousandths of the range. Other weights miss by far more.
    assert np.abs(got - expected).max() < 0.01 * np.ptp(expected)
    assert np.abs(run(tmp_path / "fp32.onnx", ids) - expected).max() > 0.02 * np.ptp(expected)


def test_the_file_is_as_small_as_its_bits(tmp_path):
    network(tmp_path / "fp32.onnx", vocabulary=4000, width=64, hidden=256, labels=100)
    sizes = {bits: pack(tmp_path / "fp32.onnx", tmp_path / f"{bits}.onnx", bits).stat().st_size for bits in (2, 4)}
    weights = 4000 * 64 + 64 * 256 + 256 * 100
    scales = 2 * 4000 + 4 * 400
    assert sizes[4] < weights / 2 + scales + 5_000 and sizes[2] < weights / 4 + scales + 10_000


@pytest.mark.parametrize("size, kind", [(1, np.float16), (1e-6, np.float32), (1e6, np.float32)])
def test_a_tables_scales_take_two_bytes_where_they_can(tmp_path, size, kind):
    weights = network(tmp_path / "fp32.onnx")
    model = onnx.load(tmp_path / "fp32.onnx")
    scaled = {"table": size * weights["table"], "first": weights["first"] / size}
    for tensor in model.graph.initializer:
        if tensor.name in scaled:
            tensor.CopyFrom(numpy_helper.from_array(scaled[tensor.name].astype(np.float32), tensor.name))
    onnx.save(model, tmp_path / "fp32.onnx")
    packed = onnx.load(pack(tmp_path / "fp32.onnx", tmp_path / "packed.onnx"))
    (scales,) = [i for i in packed.graph.initializer if i.name.startswith("table.scale")]
    assert numpy_helper.to_array(scales).dtype == kind
    ids = RNG.integers(50, size=(3, 6))
    answer, exact = run(tmp_path / "packed.onnx", ids), run(tmp_path / "fp32.onnx", ids)
    assert np.abs(answer - exact).max() < 0.3 * np.ptp(exact)


@pytest.mark.parametrize("limit, lookups", [(packing.UNPACKED_BYTES, 1), (0, 3)])
def test_weights_are_unpacked_at_load_not_at_each_request(tmp_path, limit, lookups, monkeypatch):
    """Of a table over the limit three look-ups stay: its bytes, their values, its scales."""
    monkeypatch.setattr(packing, "UNPACKED_BYTES", limit)
    network(tmp_path / "fp32.onnx")
    pack(tmp_path / "fp32.onnx", tmp_path / "packed.onnx")
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / "loaded.onnx")
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(tmp_path / "packed.onnx"), options, providers=["CPUExecutionProvider"])
    loaded = onnx.load(str(tmp_path / "loaded.onnx"))
    kinds = [node.op_type for node in loaded.graph.node]
    assert kinds.count("Gather") == lookups and "Transpose" not in kinds and kinds.count("Cast") == (lookups == 3)


def test_what_cannot_be_packed_is_refused(tmp_path):
    network(tmp_path / "fp32.onnx")
    with pytest.raises(ValueError, match="expected 2 or 4 bits, found 3"):
        pack(tmp_path / "fp32.onnx", tmp_path / "packed.onnx", 3)
    pack(tmp_path / "fp32.onnx", tmp_path / "packed.onnx")
    with pytest.raises(ValueError, match="found none"):
        pack(tmp_path / "packed.onnx", tmp_path / "twice.onnx")
    assert not (tmp_path / "twice.onnx").exists()
