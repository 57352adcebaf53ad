"""ONNX Runtime's conversions on real files: what they store, what they leave, and that they still answer."""

import logging

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from edgelab.export.graph import operators
from edgelab.export.to_onnx import export_onnx
from edgelab.models.networks import build_student, build_teacher
from edgelab.models.spec import Spec
from edgelab.models.tokens import encode
from edgelab.quantization.grid import fake_quantize, quantize
from edgelab.quantization.onnx_tools import dynamic_int8, rounded, static_int8, values, weight_only, weights


@pytest.fixture(scope="module")
def source(tiny_bundle):
    """A trained convolution with two heads: an embedding, two MatMul, two Gemm."""
    return tiny_bundle / "model.onnx"


@pytest.fixture(scope="module")
def inputs(tiny, tiny_student):
    return [
        {"ids": (row := np.array([ids], dtype=np.int64)), "mask": np.ones_like(row)}
        for ids in encode(tiny_student.tokenizer(), tiny.train.texts).ids
    ]


def intents(file, inputs):
    session = onnxruntime.InferenceSession(str(file))
    return np.concatenate([session.run(["intent"], feed)[0] for feed in inputs])


def stored(file, name):
    (tensor,) = (i for i in onnx.load(str(file)).graph.initializer if i.name == name)
    return numpy_helper.to_array(tensor)


def named(file):
    return {weight.layer: weight for weight in weights(file)}


# --- what is in a file --------------------------------------------------------------------------


def matches(file, model):
    """Each weight of the file is, in its layout, the torch matrix of the module it is named after."""
    modules = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear | torch.nn.Embedding)}
    assert named(file).keys() == modules.keys()
    for layer, weight in named(file).items():
        matrix, theirs = values(file, weight), modules[layer].weight.detach().numpy()
        assert matrix.shape == weight.shape
        assert np.array_equal(matrix if weight.axis == 0 else matrix.T, theirs)
        assert weight.shape[weight.axis] == len(theirs)
        assert (weight.operator == "Gather") == isinstance(modules[layer], torch.nn.Embedding)


def test_weights_go_by_the_names_of_the_models_layers(source, tiny_student):
    matches(source, tiny_student.model())
    assert [w.layer for w in weights(source)][:2] == ["embedding", "convolution"]


def test_a_transformers_too(tmp_path):
    teacher = build_teacher(3, 5, 0)
    model = build_student(Spec("transformer", 40, layers=(0,)), teacher, np.arange(1000, 1040), 5, 0).eval()
    export_onnx(model, tmp_path / "transformer.onnx", 40)
    matches(tmp_path / "transformer.onnx", model)


def test_size_counts_bits_and_scales(source):
    embedding = named(source)["embedding"]
    assert embedding.shape == (400, 32) and embedding.size_bytes(4) == 400 * 16 + 4 * 400


# --- rounded ------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_rounding_touches_the_named_layers_only(source, tmp_path, bits):
    rounded(source, tmp_path / "r.onnx", {"embedding": bits, "convolution": bits})
    before, after = named(source), named(tmp_path / "r.onnx")
    for layer, weight in before.items():
        was, now = values(source, weight), values(tmp_path / "r.onnx", after[layer])
        if layer not in ("embedding", "convolution"):
            assert np.array_equal(was, now)
            continue
        channels = now if weight.axis == 0 else now.T
        assert max(len(np.unique(row)) for row in channels) <= 2**bits - 1
        assert np.allclose(now, fake_quantize(was, bits, axis=weight.axis)) and not np.array_equal(was, now)


def test_clipping_errs_less_and_unknown_layers_are_refused(source, tmp_path):
    errors = []
    for clipped in (False, True):
        rounded(source, tmp_path / "r.onnx", {"convolution": 2}, clipped=clipped)
        weight = named(source)["convolution"]
        errors.append(np.sum((values(tmp_path / "r.onnx", weight) - values(source, weight)) ** 2))
    assert errors[1] < 0.7 * errors[0]
    with pytest.raises(ValueError, match="expected layers among embedding, convolution, .*, found attention"):
        rounded(source, tmp_path / "no.onnx", {"attention": 4})
    assert not (tmp_path / "no.onnx").exists()


# --- int8 ---------------------------------------------------------------------------------------


def test_dynamic_int8_stores_our_integers(source, tmp_path):
    """The whole matrix by one scale: what `quantize` gives, to the integer, for the embedding and for a product."""
    dynamic_int8(source, tmp_path / "d.onnx", per_channel=False, reduce_range=False)
    assert weights(tmp_path / "d.onnx") == []
    for layer in ("convolution", "slots"):
        weight = named(source)[layer]
        ours = quantize(values(source, weight), 8)
        assert np.array_equal(stored(tmp_path / "d.onnx", f"{weight.tensor}_quantized"), ours.integers)
        assert stored(tmp_path / "d.onnx", f"{weight.tensor}_scale") == pytest.approx(ours.scale, rel=1e-6)


def test_dynamic_int8_by_channel_in_seven_bits_answers_the_same(source, inputs, tmp_path):
    dynamic_int8(source, tmp_path / "d.onnx")
    assert weights(tmp_path / "d.onnx") == [] and operators(tmp_path / "d.onnx")["MatMulInteger"] == 4
    weight = named(source)["convolution"]
    integers = stored(tmp_path / "d.onnx", f"{weight.tensor}_quantized")
    assert integers.dtype == np.int8 and np.abs(integers).max() == 64
    assert stored(tmp_path / "d.onnx", f"{weight.tensor}_scale").shape == (48,)
    was, now = intents(source, inputs), intents(tmp_path / "d.onnx", inputs)
    assert 0 < np.abs(was - now).max() < 0.2 * np.ptp(was) and np.array_equal(was.argmax(1), now.argmax(1))
    assert (tmp_path / "d.onnx").stat().st_size < 0.6 * source.stat().st_size


def test_static_int8_settles_ranges_beforehand_on_ragged_texts(source, inputs, tmp_path):
    assert len({feed["ids"].shape for feed in inputs}) > 2
    scales = []
    for name, options in (("all", {}), ("most", {"percentile": 95})):
        static_int8(source, tmp_path / f"{name}.onnx", inputs, **options)
        counts = operators(tmp_path / f"{name}.onnx")
        assert counts["QuantizeLinear"] >= 4 and "DynamicQuantizeLinear" not in counts
        assert weights(tmp_path / f"{name}.onnx") == []
        was, now = intents(source, inputs), intents(tmp_path / f"{name}.onnx", inputs)
        assert (was.argmax(1) == now.argmax(1)).mean() > 0.9 and np.abs(was - now).max() > 0
        (product,) = (n for n in onnx.load(str(source)).graph.node if named(source)["convolution"].tensor in n.input)
        scales.append(stored(tmp_path / f"{name}.onnx", f"{product.input[0]}_scale"))
    # The largest range holds what was seen in calibration, the other cuts the far ends off.
    assert scales[1] < scales[0]


# --- weight only --------------------------------------------------------------------------------


def test_int4_takes_every_matrix_along(source, inputs, tmp_path):
    weight_only(source, tmp_path / "w.onnx")
    counts = operators(tmp_path / "w.onnx")
    assert counts["MatMulNBits"] == 4 and counts["GatherBlockQuantized"] == 1 and weights(tmp_path / "w.onnx") == []
    was, now = intents(source, inputs), intents(tmp_path / "w.onnx", inputs)
    assert (was.argmax(1) == now.argmax(1)).mean() > 0.9


@pytest.mark.parametrize("bits", [2, 8])
def test_other_widths_leave_the_embedding(source, inputs, tmp_path, bits, capfd):
    weight_only(source, tmp_path / "w.onnx", bits=bits)
    assert [w.layer for w in weights(tmp_path / "w.onnx")] == ["embedding"]
    assert operators(tmp_path / "w.onnx")["MatMulNBits"] == 4
    assert (intents(tmp_path / "w.onnx", inputs).argmax(1) == intents(source, inputs).argmax(1)).mean() > 0.5
    assert capfd.readouterr() == ("", "")


# --- all ----------------------------------------------------------------------------------------


def test_conversions_leave_source_streams_and_logging_alone(source, inputs, tmp_path, capfd):
    before, files = source.read_bytes(), sorted(source.parent.iterdir())
    for convert in (dynamic_int8, weight_only, lambda s, t: static_int8(s, t, inputs[:4], percentile=99)):
        convert(source, tmp_path / "out.onnx")
    assert source.read_bytes() == before and sorted(source.parent.iterdir()) == files
    assert [f.name for f in tmp_path.iterdir()] == ["out.onnx"]
    assert capfd.readouterr() == ("", "") and logging.root.manager.disable == logging.NOTSET
