"""Which nodes compute in whole numbers: by the rule, and as ONNX Runtime fuses them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgelab.export.graph import operators, optimize
from edgelab.quantization.onnx_tools import static_int8
from edgelab.tiers.integers import arithmetic, in_integers, nodes


@pytest.fixture
def quantized(tmp_path):
    """Two convolutions, and between them a hard sigmoid and a product, which stay float."""
    weights = np.random.default_rng(0).normal(size=(4, 4, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["first"], pads=[1, 1, 1, 1]),
            helper.make_node("HardSigmoid", ["first"], ["gate"]),
            helper.make_node("Mul", ["gate", "gate"], ["between"]),
            helper.make_node("Conv", ["between", "w"], ["y"], pads=[1, 1, 1, 1]),
        ],
        "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 4, 8, 8])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 4, 8, 8])],
        [numpy_helper.from_array(weights, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, tmp_path / "float.onnx")
    given = [{"x": np.random.default_rng(seed).normal(size=(1, 4, 8, 8)).astype(np.float32)} for seed in range(4)]
    static_int8(tmp_path / "float.onnx", tmp_path / "int8.onnx", given, operators=("Conv",), per_channel=False)
    return tmp_path / "int8.onnx"


def test_the_rule_finds_what_onnx_runtime_computes_so(quantized, tmp_path):
    found = in_integers(nodes(quantized))
    fused = operators(optimize(quantized, tmp_path / "fused.onnx"))
    assert len(found) == fused["QLinearConv"] == 2 and fused["HardSigmoid"] == 1
    table = arithmetic(nodes(quantized), found)
    assert table.loc["HardSigmoid"].tolist() == [0, 1] and table.loc["Conv"].tolist() == [2, 0]
    assert set(table.index) == {"HardSigmoid", "Mul", "Conv"}


def test_a_float_file_has_none(quantized):
    file = quantized.with_name("float.onnx")
    assert in_integers(nodes(file)) == []
    assert arithmetic(nodes(file), [])["float"].sum() == 4
