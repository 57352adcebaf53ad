"""Which operator to repair first, and what a file lacks."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgelab.tiers.worth import lacking_on, next_repair, pieces, repaired_for

GRAPH = ["MatMul", "Gelu", "MatMul", "Pad", "Pad", "MatMul", "Gelu", "MatMul"]


def test_pieces_are_stretches_of_what_is_there():
    assert pieces(GRAPH, []) == 1 and pieces(GRAPH, ["Gelu"]) == 3 and pieces(GRAPH, ["Pad"]) == 2
    assert pieces(GRAPH, ["MatMul", "Gelu", "Pad"]) == 0 and pieces([], ["Pad"]) == 0


def test_the_one_that_cuts_most_comes_first():
    assert next_repair(GRAPH, ["Pad", "Gelu"]) == "Gelu"
    assert next_repair(["Pad", *GRAPH], ["Pad", "Gelu"]) == "Gelu"
    assert next_repair(GRAPH, ["Erf"]) is None and next_repair([], ["Pad"]) is None
    both = ["MatMul", "Pad", "MatMul", "Gelu", "MatMul"]
    assert next_repair(both, ["Gelu", "Pad"]) == "Pad"  # as few pieces, as many nodes: the first


@pytest.fixture
def file(tmp_path):
    """`ids` and `mask` of open size; an embedding and a GELU."""
    table = numpy_helper.from_array(np.eye(8, 4, dtype=np.float32), "table")
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["embedded"]),
        helper.make_node("Gelu", ["embedded"], ["intent"]),
    ]
    sizes = ["batch", "tokens"]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, sizes) for name in ("ids", "mask")]
    output = helper.make_tensor_value_info("intent", TensorProto.FLOAT, [*sizes, 4])
    model = helper.make_model(
        helper.make_graph(nodes, "g", inputs, [output], [table]), opset_imports=[helper.make_opsetid("", 20)]
    )
    model.ir_version = 9
    onnx.save(model, tmp_path / "model.onnx")
    return tmp_path / "model.onnx"


def test_what_a_target_lacks_of_a_file(file):
    operators, lacking = lacking_on("NNAPI", file, tokens=5)
    assert operators == ["Gather", "Gelu"] and "Gelu" in lacking and set(lacking) <= set(operators)


def test_a_repaired_file_lasts(file):
    first, second = (repaired_for(target, file, tokens=5) for target in ("NNAPI", "CoreML MLProgram"))
    assert first.file.exists() and second.file.exists() and first.file != second.file
    assert first.file.parent != file.parent
