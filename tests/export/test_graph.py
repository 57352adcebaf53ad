"""A graph's operators counted, optimised and with fixed shapes: against onnx's own evaluator and ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx.reference import ReferenceEvaluator

from edgelab.bundle.session import session_options
from edgelab.export.graph import LEVELS, GraphError, fix_shapes, input_shape, operators, optimize
from edgelab.workspace import data_home

MODEL = data_home() / "bundles" / "pocket" / "model.onnx"


def feeds(batch, tokens, seed=0):
    ids = np.random.default_rng(seed).integers(5, 1000, (batch, tokens))
    mask = np.ones_like(ids)
    mask[-1, tokens // 2 :] = 0
    return {"ids": ids * mask, "mask": mask}


def run(path, given):
    return onnxruntime.InferenceSession(str(path), session_options(), providers=["CPUExecutionProvider"]).run(
        None, given
    )


def test_operators_are_the_nodes_of_the_file():
    counted = operators(MODEL)
    nodes = [node.op_type for node in onnx.load(MODEL).graph.node]
    assert sum(counted.values()) == len(nodes) and all(nodes.count(name) == n for name, n in counted.items())
    assert list(counted.values()) == sorted(counted.values(), reverse=True)


@pytest.mark.parametrize("level", LEVELS)
def test_an_optimised_graph_computes_the_same(level, tmp_path):
    out = optimize(MODEL, tmp_path / "optimised.onnx", level)
    given = feeds(2, 9)
    expected = ReferenceEvaluator(onnx.load(MODEL)).run(None, given)
    for ours, theirs in zip(run(out, given), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    fused = "BiasGelu" in operators(out)
    assert fused == (level == "enable_all")
    assert not fused or sum(operators(out).values()) < sum(operators(MODEL).values())


def test_fixed_shapes_compute_the_same_and_take_nothing_else(tmp_path):
    fixed = fix_shapes(MODEL, tmp_path / "fixed.onnx", batch=2, tokens=9)
    assert input_shape(MODEL) == ("batch", "tokens") and input_shape(fixed) == (2, 9)
    for ours, theirs in zip(run(fixed, feeds(2, 9)), run(MODEL, feeds(2, 9)), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-5)
    for other in (feeds(1, 9), feeds(2, 8)):
        with pytest.raises(Exception, match="invalid dimensions"):
            run(fixed, other)
    outputs = onnx.load(fixed).graph.output
    assert [d.dim_value for d in outputs[0].type.tensor_type.shape.dim] == [2, 27]


def test_what_is_fixed_to_something_else_is_refused(tmp_path):
    fixed = fix_shapes(MODEL, tmp_path / "fixed.onnx", batch=1, tokens=8)
    with pytest.raises(GraphError, match=r"fixed\.onnx: expected open sizes or 1 x 9, found 8 fixed already"):
        fix_shapes(fixed, tmp_path / "again.onnx", batch=1, tokens=9)
    assert not (tmp_path / "again.onnx").exists()


def test_options_reach_the_session():
    options = session_options(level="disable_all", threads=2, disable_prepacking="1")
    assert options.get_session_config_entry("session.disable_prepacking") == "1"
    assert options.graph_optimization_level == onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    assert options.intra_op_num_threads == 2
