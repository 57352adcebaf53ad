"""The runtime that `03_export` writes by hand, beside ONNX Runtime, torch, and what can be counted by trying everything."""

from itertools import permutations

import numpy as np
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper

from edgelab.export.by_hand import (
    Node,
    battery,
    fewest_partitions,
    fusable,
    loss_by_operator,
    pad_request,
    round_bits,
    run_graph,
    slice_values,
)
from edgelab.export.graph import GraphError, operators, optimize
from edgelab.export.placement import partitions
from edgelab.export.small_graphs import ARITHMETIC, chain, drawn, shuffled
from edgelab.export.small_runtime import OPERATORS, gemm, graph_of, read_graph, rounding, rounding_all
from edgelab.export.to_onnx import export_onnx
from edgelab.models.networks import Convolution


def in_onnxruntime(node, inputs):
    """What ONNX Runtime makes of one node."""
    kinds = {np.dtype("float32"): TensorProto.FLOAT, np.dtype("int64"): TensorProto.INT64}
    given = [helper.make_tensor_value_info(n, kinds[v.dtype], v.shape) for n, v in inputs.items()]
    result = helper.make_tensor_value_info("result", TensorProto.FLOAT, None)
    graph = helper.make_graph([node], "one", given, [result])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return onnxruntime.InferenceSession(model.SerializeToString()).run(None, inputs)[0]


def floats(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("flags", [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_gemm_is_onnx_runtimes(flags):
    rng = np.random.default_rng(0)
    a, b, c = (
        floats(rng, *((4, 2) if flags[0] else (2, 4))),
        floats(rng, *((3, 4) if flags[1] else (4, 3))),
        floats(rng, 3),
    )
    settings = {"alpha": 0.5, "beta": -2.0, "transA": flags[0], "transB": flags[1]}
    node = helper.make_node("Gemm", ["a", "b", "c"], ["result"], **settings)
    found = gemm(a, b, c, **settings)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, in_onnxruntime(node, {"a": a, "b": b, "c": c}), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "cuts",
    [[(1, 4, 0, 1)], [(0, 2**63 - 1, 2, 2)], [(-1, -(2**63), 1, -1)], [(1, -1, -1, 1), (2, 99, 0, 1)], [(3, 1, 1, 1)]],
)
def test_slice_is_onnx_runtimes(cuts):
    values = floats(np.random.default_rng(0), 5, 6, 4)
    ranges = dict(zip(("starts", "ends", "axes", "steps"), np.array(cuts, dtype=np.int64).T, strict=True))
    node = helper.make_node("Slice", ["values", *ranges], ["result"])
    np.testing.assert_array_equal(
        slice_values(values, **ranges),
        in_onnxruntime(node, {"values": values} | {n: r.copy() for n, r in ranges.items()}),
    )


def test_the_loop_runs_an_exported_student(tmp_path):
    torch.manual_seed(0)
    model = Convolution(torch.randn(60, 8), 6, 3, 5).eval()
    export_onnx(model, tmp_path / "model.onnx", 60)
    graph, by_hand = read_graph(tmp_path / "model.onnx"), {**OPERATORS, "Slice": slice_values}
    assert (graph.inputs, graph.outputs) == (["ids", "mask"], ["intent", "slots"])
    assert type(graph.nodes) is type(graph.known) is list  # as in the cases: an answer may copy() or append()
    for shape in ((1, 4), (3, 9)):
        ids = np.random.default_rng(0).integers(5, 60, shape)
        mask = np.ones_like(ids)
        mask[-1, 3:] = 0
        with torch.inference_mode():
            intent, slots = model(torch.from_numpy(ids), torch.from_numpy(mask))
        values = run_graph(graph.nodes[::-1], graph.weights | {"ids": ids, "mask": mask}, by_hand)
        np.testing.assert_allclose(values["intent"], intent, atol=1e-5)
        np.testing.assert_allclose(values["slots"], slots, atol=1e-5)


def test_the_loop_is_indifferent_to_order_and_refuses_what_cannot_run():
    rng = np.random.default_rng(0)
    nodes, values = drawn(rng, 25), {"x": rng.normal(size=3), "y": rng.normal(size=3)}
    expected = run_graph(nodes, values, ARITHMETIC)
    assert len(expected) == 27 and set(values) == {"x", "y"}
    for _ in range(5):
        found = run_graph(shuffled(rng, nodes), values, ARITHMETIC)
        assert all(np.array_equal(found[name], expected[name]) for name in expected)
    for impossible in ([Node("Add", ("x", "b"), "a"), Node("Scale", ("a",), "b")], [Node("Add", ("x", "absent"), "a")]):
        with pytest.raises(ValueError, match="wait"):
            run_graph([*impossible, *chain("Shift")], values, ARITHMETIC)


def test_as_few_partitions_as_the_best_order_has():
    rng = np.random.default_rng(0)
    for _ in range(40):
        nodes, lacking = drawn(rng, 6), set(rng.choice(list(ARITHMETIC), 2, replace=False).tolist())
        tried = []
        for order in permutations(nodes):
            known = {"x", "y"}
            runs = all(set(node.reads) <= known and not known.add(node.writes) for node in order)
            if runs:
                tried.append(partitions(["CPU" if n.operator in lacking else "it" for n in order], "it"))
        assert fewest_partitions(nodes, ["x", "y"], lacking) == min(tried)


def test_what_is_fusable_onnx_runtime_fuses(tmp_path):
    """`Add` and `Gelu`, alone; with a second reader of what lies between; with that as an output."""
    x, y, z = (helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 4]) for name in "xyz")
    between = helper.make_tensor_value_info("sum", TensorProto.FLOAT, ["n", 4])
    bias = helper.make_tensor("bias", TensorProto.FLOAT, [4], [1.0, 2.0, 3.0, 4.0])
    pair = [helper.make_node("Add", ["x", "bias"], ["sum"]), helper.make_node("Gelu", ["sum"], ["y"])]
    second = helper.make_node("Neg", ["sum"], ["z"])
    for nodes, outputs, expected in ((pair, [y], 1), ([*pair, second], [y, z], 0), (pair, [y, between], 0)):
        graph = helper.make_graph(nodes, "pair", [x], outputs, [bias])
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
        (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
        read = read_graph(tmp_path / "model.onnx")
        assert fusable(read.nodes, read.outputs, "Add", "Gelu") == expected
        fused = operators(optimize(tmp_path / "model.onnx", tmp_path / "fused.onnx"))
        assert fused.get("BiasGelu", 0) == expected


def test_rounded_bits_are_torchs_bfloat16_and_float16():
    rng = np.random.default_rng(0)
    values = (rng.normal(size=20_000) * 10.0 ** rng.integers(-38, 39, 20_000)).astype(np.float32)
    ties = (rng.integers(2**7, 2**15 - 2**8, 5000, dtype=np.uint32) << 16) | np.uint32(0x8000)
    tiny = rng.integers(0, 2**23, 5000, dtype=np.uint32)
    for bits in (values.view(np.uint32), ties, tiny):
        found = round_bits(bits, 7).view(np.float32)
        np.testing.assert_array_equal(found, torch.from_numpy(bits.view(np.float32)).bfloat16().float().numpy())
    moderate = rng.uniform(-100, 100, 5000).astype(np.float32)  # where float16 has all its bits
    moderate = moderate[np.abs(moderate) > 1e-3]
    found = round_bits(moderate.view(np.uint32), 10).view(np.float32)
    np.testing.assert_array_equal(found, moderate.astype(np.float16).astype(np.float32))


def test_values_are_rounded_as_float32_and_whole_numbers_stay():
    rounded = rounding(round_bits, 7)
    assert rounded(np.array([1.001])).dtype == np.float32 and rounded(np.array([1.001]))[0] == 1.0
    assert rounded(np.float32(1.001)) == 1.0
    whole = np.array([1001], dtype=np.int64)
    assert rounded(whole) is whole
    as_lists = rounding(lambda bits, kept: round_bits(bits, kept).astype(np.int64).tolist(), 7)
    np.testing.assert_array_equal(as_lists(np.ones((2, 2), np.float32)), np.ones((2, 2)))
    everywhere = rounding_all({"Add": np.add, "Mul": np.multiply}, round_bits, 1)
    assert (
        everywhere["Add"](np.float32(1), np.float32(0.1)) == 1.0
        and everywhere["Mul"](np.float32(3), np.float32(1)) == 3.0
    )


def test_each_operators_own_loss():
    """d = (x + y) * 2 + 1: a whole sum loses nothing, a sum of halves a half, which is then doubled."""
    nodes = [Node("Add", ("x", "y"), "s"), Node("Scale", ("s",), "t"), Node("Shift", ("t",), "d")]
    values = {"x": np.array([1.0, 2.25]), "y": np.array([1.0, 2.25])}
    losses = loss_by_operator(nodes, values, ARITHMETIC, np.floor, "d")
    assert losses == {"Add": 1.0, "Scale": 0.0, "Shift": 0.0}


def test_a_request_is_padded_and_never_cut():
    request = {"ids": np.array([[5, 6]]), "mask": np.array([[1, 1]])}
    padded = pad_request(request, 4)
    assert padded["ids"].tolist() == [[5, 6, 0, 0]] and padded["mask"].tolist() == [[1, 1, 0, 0]]
    with pytest.raises(ValueError, match="1 fewer"):
        pad_request(request, 1)


def test_battery_of_three_requests():
    assert battery(np.array([4, 8, 10]), 8) == (8 + 8 + 30) / 3


def test_a_node_with_two_results_is_refused():
    node = helper.make_node("Split", ["x"], ["a", "b"], num_outputs=2)
    with pytest.raises(GraphError, match="one result, found 2"):
        graph_of(helper.make_graph([node], "two", [], []))
