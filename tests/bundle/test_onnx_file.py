"""The numbers of an ONNX file are found wherever they stand, as the onnx library writes them."""

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from edgelab.bundle.onnx_file import tensors
from tests.small_bundles import model

WRONG = np.array([1, np.nan, 2], np.float32)


def graph(*nodes, name="inner", **weights):
    constants = [numpy_helper.from_array(value, key) for key, value in weights.items()]
    return helper.make_graph(list(nodes), name, [], [], constants)


def found(made) -> list[str]:
    return [tensor.name for tensor in tensors(made.SerializeToString()) if not tensor.is_finite]


def test_every_tensor_is_found_once():
    made = model()
    assert sorted(tensor.name for tensor in tensors(made.SerializeToString())) == ["axis", "tags", "votes"]
    assert not found(made) and not any(tensor.is_external for tensor in tensors(made.SerializeToString()))


@pytest.mark.parametrize(
    "kind, raw",
    [(TensorProto.FLOAT, True), (TensorProto.FLOAT, False), (TensorProto.DOUBLE, True), (TensorProto.DOUBLE, False),
     (TensorProto.FLOAT16, True), (TensorProto.FLOAT16, False), (TensorProto.BFLOAT16, False)],
)  # fmt: skip
def test_in_every_kind_of_number(kind, raw):
    for values, sound in (([1, 2, 3], True), ([1, np.nan, 3], False), ([1, 2, np.inf], False)):
        values = np.array(values, helper.tensor_dtype_to_np_dtype(kind))
        tensor = helper.make_tensor("x", kind, [3], values.tobytes() if raw else values, raw=raw)
        made = model()
        made.graph.initializer.append(tensor)
        assert found(made) == ([] if sound else ["x"]), (values, raw)


def test_wherever_it_stands():
    wrong = numpy_helper.from_array(WRONG, "wrong")
    sparse = helper.make_sparse_tensor(wrong, numpy_helper.from_array(np.array([0, 1, 2]), "at"), [9])
    branch = graph(helper.make_node("Constant", [], ["y"], value=wrong))
    function = helper.make_function("mine", "F", [], ["y"], [helper.make_node("Constant", [], ["y"], value=wrong)], [])
    nodes = {
        "constant": helper.make_node("Constant", [], ["c"], value=wrong),
        "sparse constant": helper.make_node("Constant", [], ["c"], sparse_value=sparse),
        "branch": helper.make_node("If", ["x"], ["c"], then_branch=branch, else_branch=graph()),
        "branch's weight": helper.make_node("If", ["x"], ["c"], then_branch=graph(), else_branch=graph(wrong=WRONG)),
        "list": helper.make_node("Some", ["x"], ["c"], tensors=[wrong], domain="mine"),
    }
    for where, node in nodes.items():
        made = model()
        made.graph.node.append(node)
        assert found(made) == ["wrong"], where
    made = model()
    made.functions.append(function)
    assert found(made) == ["wrong"]
    made = model()
    made.graph.sparse_initializer.append(sparse)
    assert found(made) == ["wrong"]


def test_a_single_number_may_be_infinite():
    """A mask's filling, an open end of a clip; of a scale the answers show it."""
    assert not found(model(lowest=np.array(-np.inf, np.float32)))


def test_numbers_in_another_file_are_told_wherever_they_stand():
    outside = numpy_helper.from_array(np.zeros(3, np.float32), "outside")
    onnx.external_data_helper.set_external_data(outside, location="../elsewhere.bin")
    outside.ClearField("raw_data")
    for node in (None, helper.make_node("Constant", [], ["c"], value=outside)):
        made = model()
        (made.graph.initializer if node is None else made.graph.node).append(outside if node is None else node)
        assert [t.name for t in tensors(made.SerializeToString()) if t.is_external] == ["outside"]


def test_a_file_cut_anywhere_is_read_or_refused_but_breaks_nothing():
    whole = model().SerializeToString()
    refused = 0
    for length in range(len(whole)):
        try:
            list(tensors(whole[:length]))
        except ValueError:
            refused += 1
    assert refused > 0.9 * len(whole)
    with pytest.raises(ValueError, match="nested"):
        content = b""
        for number in [7 << 3 | 2, *[(1 << 3 | 2), (5 << 3 | 2), (6 << 3 | 2)] * 60][::-1]:
            length = helper_varint(len(content))
            content = bytes([number]) + length + content
        list(tensors(content))


def helper_varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes([value & 127 | 128]), value >> 7
    return out + bytes([value])
