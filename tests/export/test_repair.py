"""Repair: an accelerator takes the repaired file in one piece by ONNX Runtime's own checker, and it answers the same; each
rewriting computes what it replaces; what cannot be repaired is said."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from edgelab.bundle.predict import Bundle
from edgelab.bundle.session import cpu_session
from edgelab.datasets.loading import load
from edgelab.export import rewrites
from edgelab.export.conditions import ML_PROGRAM, NEURAL_NETWORK, NNAPI
from edgelab.export.graph import GraphError, fix_shapes, operators
from edgelab.export.placement import TARGETS, usability
from edgelab.export.repair import (
    STEPS,
    PaddedSession,
    Step,
    bucket,
    compare_answers,
    in_shape,
    logit_difference,
    repair,
    table,
)
from edgelab.export.to_onnx import export_onnx
from edgelab.models.networks import Transformer
from edgelab.workspace import data_home

POCKET, TOKENS = data_home() / "bundles" / "pocket", 40
VOCABULARY = 50


@pytest.fixture(scope="module")
def bundle():
    return Bundle.load(POCKET)


@pytest.fixture(scope="module")
def texts():
    return load("pocket").test.texts[:200]


@pytest.fixture(scope="module")
def student(tmp_path_factory):
    folder = tmp_path_factory.mktemp("student")
    return {t: repair(POCKET / "model.onnx", folder / f"{t}.onnx", target=t, tokens=TOKENS) for t in TARGETS}


@pytest.fixture(scope="module")
def transformer(tmp_path_factory):
    """A teacher in small: the same layers, so the same graph, of two layers."""
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    sizes = {"hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 48}
    config = BertConfig(vocab_size=VOCABULARY, max_position_embeddings=64, attn_implementation="eager", **sizes)
    model = Transformer(BertModel(config, add_pooling_layer=False), 5, 7)
    path = tmp_path_factory.mktemp("transformer") / "model.onnx"
    export_onnx(model, path, VOCABULARY)
    return path


# --- the bundle ---------------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_the_shipped_bundle_goes_from_nothing_to_one_piece(student, target):
    found = student[target]
    assert (found.before.listed[target].taken, found.states[1].listed[target].partitions > 1) == (0, True)
    after = found.after.checked[target]
    assert (after.partitions, after.verdict) == (1, "yes")
    left = {(ML_PROGRAM, "Gather"): 1} if target == ML_PROGRAM else {}
    assert {(target, operator): count for (operator, _), count in found.not_repaired.items()} == left


@pytest.mark.parametrize("target", TARGETS)
def test_onnx_runtimes_own_checker_says_so_of_the_file(student, target):
    found = student[target]
    (listed,) = (p for p in usability(found.file, "") if p.target == target)
    assert (listed.taken, listed.nodes, listed.partitions) == (
        found.after.listed[target].taken,
        found.after.listed[target].nodes,
        found.after.listed[target].partitions,
    )


def test_nothing_is_replaced_that_the_target_takes(student):
    steps = {target: [s.step for s in found.states[2:] if s.helped] for target, found in student.items()}
    assert "GELU by tanh" in steps[NNAPI] and "GELU by tanh" not in steps[ML_PROGRAM]
    assert "padding by Concat" not in steps[NNAPI] and "padding by Concat" in steps[ML_PROGRAM]
    assert operators(student[ML_PROGRAM].file)["Gelu"] == 2


@pytest.mark.parametrize("target", TARGETS)
def test_real_texts_get_the_same_calls(bundle, student, texts, target):
    answers = compare_answers(bundle, student[target].file, texts)
    assert (answers.texts, answers.too_long, answers.same_labels, answers.same_calls) == (200, 0, 1, 1)
    exact = target == ML_PROGRAM  # no GELU replaced by its approximation
    assert answers.largest_difference < (1e-4 if exact else 0.03) < answers.largest_logit


def test_a_wrong_step_is_seen_in_the_answers(bundle, texts, tmp_path):
    def no_gelu(model):
        return rewrites.replaced(model, ("Gelu",), lambda parts: bool(parts.add("Relu", *parts.node.input, last=True)))

    wrong = repair(
        POCKET / "model.onnx", tmp_path / "wrong.onnx", target=NNAPI, tokens=TOKENS, steps=(Step("Relu", no_gelu, ""),)
    )
    assert wrong.after.step == "Relu"
    answers = compare_answers(bundle, wrong.file, texts)
    assert answers.largest_difference > 0.5 and answers.same_calls < 1


def test_texts_that_do_not_fit_are_counted_not_cut(bundle, texts, tmp_path):
    short = repair(POCKET / "model.onnx", tmp_path / "short.onnx", target=NNAPI, tokens=8, steps=())
    answers = compare_answers(bundle, short.file, texts)
    fits = [text for text in texts if len(bundle.token_ids(text)) <= 8]
    assert (answers.texts, answers.too_long) == (len(fits), 200 - len(fits)) and 0 < len(fits) < 200
    assert answers.same_calls == 1
    too_long = max(texts, key=len)
    with pytest.raises(Exception, match=r"a request of \d+ tokens: expected at most 8"):
        in_shape(bundle, short.file).predict(too_long)


def test_several_requests_at_once_are_answered_one_by_one(bundle, student, texts):
    other = in_shape(bundle, student[NNAPI].file)
    together, alone = other.predict_many(texts[:20]), [bundle.predict(text) for text in texts[:20]]
    assert [(p.label, p.slots) for p in together] == [(p.label, p.slots) for p in alone]


def test_the_table_has_a_line_a_step(student):
    lines = table(student[NNAPI])
    assert list(lines["step"]) == ["as it came", f"shapes fixed to 1 x {TOKENS}", *(step.name for step in STEPS)]
    assert lines["with conditions"].iloc[0].startswith("0 of ") and lines["partitions then"].iloc[-1] == 1


# --- the teacher's kind -------------------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_a_transformer(transformer, tmp_path, target):
    found = repair(transformer, tmp_path / "repaired.onnx", target=target, tokens=16)
    before, after = found.states[1].checked[target], found.after.checked[target]
    assert len(found.after.left[target]) < len(found.states[1].left[target]) and after.partitions <= before.partitions
    reason = "it is no product of two dimensions with a constant matrix"
    expected = {
        NNAPI: {},
        NEURAL_NETWORK: {("MatMul", reason): 4},  # of each layer's attention two
        ML_PROGRAM: {("Gather", "it is not among its operators"): 1},
    }
    assert found.not_repaired == expected[target]
    rows = np.random.default_rng(0).integers(5, VOCABULARY, (20, 16))
    lengths = [2, 3, 9, 15, 16] * 4
    rows = [row[:length].tolist() for row, length in zip(rows, lengths, strict=True)]
    assert logit_difference(transformer, found.file, rows) < 2e-3  # padded tokens are hidden


def test_a_teacher_is_one_piece_by_the_lists_long_before_it_is_by_the_conditions(transformer, tmp_path):
    found = repair(transformer, tmp_path / "repaired.onnx", target=NEURAL_NETWORK, tokens=16)
    assert found.after.listed[NEURAL_NETWORK].partitions == 1 < found.after.checked[NEURAL_NETWORK].partitions


# --- each rewriting -----------------------------------------------------------------------------


def small(operator, shape, result, *, constants=(), kind=TensorProto.FLOAT, **attributes):
    """A graph of one node: `x`, then constants, to `y`."""
    names = [f"constant{i}" for i in range(len(constants))]
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", *names], ["y"], **attributes)],
        "small",
        [helper.make_tensor_value_info("x", kind, shape)],
        [helper.make_tensor_value_info("y", kind, result)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in zip(names, constants, strict=True)],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)


rng = np.random.default_rng(0)
MATRIX, SCALE, BIAS = (rng.normal(size=size).astype(np.float32) for size in ((6, 5), (6,), (6,)))
CASES = {
    "pad": (rewrites.pad_by_concat, small("Pad", [1, 4, 6], [1, 7, 6], constants=([0, 1, 0, 0, 2, 0],)), "Pad"),
    "pad one end": (rewrites.pad_by_concat, small("Pad", [2, 4], [2, 5], constants=([0, 0, 0, 1],)), "Pad"),
    "gelu": (rewrites.gelu_by_tanh, small("Gelu", [1, 4, 6], [1, 4, 6]), "Gelu"),
    "layer norm": (
        rewrites.layer_norm_by_products,
        small("LayerNormalization", [1, 4, 6], [1, 4, 6], constants=(SCALE, BIAS), axis=-1, epsilon=0.1),
        "LayerNormalization",
    ),
    "layer norm without bias": (
        rewrites.layer_norm_by_products,
        small("LayerNormalization", [4, 6], [4, 6], constants=(SCALE,)),
        "LayerNormalization",
    ),
    "sum": (rewrites.reduction_by_pool, small("ReduceSum", [1, 4, 6], [1, 6], constants=([1],), keepdims=0), "ReduceSum"),
    "sum of the last": (rewrites.reduction_by_pool, small("ReduceSum", [2, 3, 4], [2, 3, 1], constants=([-1],)), "ReduceSum"),
    "maximum": (rewrites.reduction_by_pool, small("ReduceMax", [2, 3, 4], [3, 4], constants=([0],), keepdims=0), "ReduceMax"),
    "unsqueeze": (rewrites.unsqueeze_by_reshape, small("Unsqueeze", [3, 4], [3, 1, 4], constants=([1],)), "Unsqueeze"),
    "product": (rewrites.products_in_two_dimensions, small("MatMul", [2, 3, 6], [2, 3, 5], constants=(MATRIX,)), None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_rewriting_computes_what_it_replaces(case):
    rewrite, model, gone = CASES[case]
    before = model.SerializeToString(deterministic=True)
    new = rewrite(model)
    assert model.SerializeToString(deterministic=True) == before  # the model given is left alone
    onnx.checker.check_model(new, full_check=True)
    assert len(new.graph.node) > 1 or case == "unsqueeze" or case.startswith("pad")
    assert gone not in {node.op_type for node in new.graph.node}
    shape = [d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim]
    x = rng.normal(scale=3, size=shape).astype(np.float32)
    theirs, ours = (cpu_session(m.SerializeToString()).run(None, {"x": x})[0] for m in (model, new))
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() < (6e-4 if case == "gelu" else 1e-5)


LEFT_ALONE = {
    "two dimensions padded": (rewrites.pad_by_concat, small("Pad", [3, 4], [4, 5], constants=([1, 0, 0, 1],))),
    "padded with a number": (
        rewrites.pad_by_concat,
        small("Pad", [3, 4], [4, 4], constants=([1, 0, 0, 0], np.float32(7))),
    ),
    "mirrored": (rewrites.pad_by_concat, small("Pad", [3, 4], [4, 4], constants=([1, 0, 0, 0],), mode="reflect")),
    "normed over two dimensions": (
        rewrites.layer_norm_by_products,
        small("LayerNormalization", [2, 4, 6], [2, 4, 6], constants=(np.ones((4, 6), np.float32),), axis=1),
    ),
    "summed over two dimensions": (
        rewrites.reduction_by_pool,
        small("ReduceSum", [2, 3, 4], [4], constants=([0, 1],), keepdims=0),
    ),
    "a product of two dimensions": (
        rewrites.products_in_two_dimensions,
        small("MatMul", [4, 6], [4, 5], constants=(MATRIX,)),
    ),
    "no mask": (rewrites.mask_in_float, small("Gelu", [2, 3], [2, 3])),
}


@pytest.mark.parametrize("case", LEFT_ALONE)
def test_what_a_rewriting_does_not_fit_is_left_alone(case):
    rewrite, model = LEFT_ALONE[case]
    assert [n.op_type for n in rewrite(model).graph.node] == [n.op_type for n in model.graph.node]


# --- refused ------------------------------------------------------------------------------------


def test_what_cannot_be_repaired_is_refused(tmp_path):
    original = POCKET / "model.onnx"
    with pytest.raises(GraphError, match="GPU: expected one of NNAPI, CoreML"):
        repair(original, tmp_path / "out.onnx", target="GPU")
    fixed = fix_shapes(original, tmp_path / "fixed.onnx", batch=1, tokens=16)
    with pytest.raises(GraphError, match="found 16 fixed already"):
        repair(fixed, tmp_path / "out.onnx", target=NNAPI, tokens=32)
    with pytest.raises(GraphError, match="expected a fixed number of tokens and an input `mask`"):
        PaddedSession(original)
    with pytest.raises(GraphError, match="y: expected fixed sizes, found open ones"):
        rewrites.unsqueeze_by_reshape(small("Unsqueeze", ["n"], ["n", 1], constants=([1],)))
    assert not (tmp_path / "out.onnx").exists()


def test_the_bucket_holds_the_share_asked_for():
    lengths = [5] * 98 + [17, 40]
    assert [bucket(lengths, share) for share in (0.5, 0.98, 0.99, 1.0)] == [8, 8, 24, 40]
