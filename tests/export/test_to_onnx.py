"""One ONNX file that computes what torch computes, at shapes unseen at export; what does not is refused."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from edgelab.export.graph import fix_shapes, operators
from edgelab.export.to_onnx import ExportError, _random_inputs, check_parity, export_onnx
from edgelab.models.encoder import pad
from edgelab.models.networks import Convolution, Static, build_student, build_teacher
from edgelab.models.spec import Spec

VOCABULARY = 40


def table(width=8):
    return torch.randn(VOCABULARY, width, generator=torch.Generator().manual_seed(0))


def transformer():
    teacher = build_teacher(3, 5, 0)
    return build_student(
        Spec("transformer", VOCABULARY, layers=(0,)), teacher, np.arange(1000, 1000 + VOCABULARY), 5, 0
    )


MODELS = {
    "convolution": lambda: Convolution(table(), 6, 3, 5),
    "deep convolution": lambda: Convolution(table(), 6, 3, 5, depth=3),
    "static": lambda: Static(table(), 6, 3),
    "transformer": transformer,
}


@pytest.fixture(scope="module", params=MODELS)
def exported(request, tmp_path_factory):
    torch.manual_seed(0)
    model = MODELS[request.param]()
    path = tmp_path_factory.mktemp("onnx") / "model.onnx"
    return request.param, model, path, export_onnx(model, path, VOCABULARY)


def test_the_file_computes_what_torch_computes_at_any_shape(exported):
    name, model, path, parity = exported
    assert parity.largest_difference < 1e-4 and len(parity.shapes) == 4 and (2, 7) not in parity.shapes
    session = onnxruntime.InferenceSession(str(path))
    for rows in ([[2, 9, 3]], [[2, 3]], [[2, 11, 12, 3], [2, 9, 3], [2, 30, 31, 32, 33, 3]], [[5] * 128]):
        ids, mask = pad(rows)
        got = session.run(None, {"ids": ids.numpy(), "mask": mask.numpy()})
        with torch.inference_mode():
            expected = model(ids, mask)
        assert len(got) == len(expected) == (1 if name == "static" else 2)
        assert np.allclose(got[0], expected[0], atol=1e-4)
        for row, line in enumerate(rows if len(got) > 1 else []):
            assert np.allclose(got[1][row, : len(line)], expected[1][row, : len(line)], atol=1e-4)


def test_the_file_is_one_with_named_and_open_dimensions(exported):
    name, _, path, _ = exported
    assert [f.name for f in path.parent.iterdir()] == ["model.onnx"]  # no weights beside it
    graph = onnx.load(path).graph
    assert [i.name for i in graph.input] == ["ids", "mask"]
    assert [o.name for o in graph.output] == ["intent", "slots"][: 1 if name == "static" else 2]
    for tensor in graph.input:
        assert [d.dim_param for d in tensor.type.tensor_type.shape.dim] == ["batch", "tokens"]
        assert tensor.type.tensor_type.elem_type == onnx.TensorProto.INT64


@pytest.mark.parametrize("name", MODELS)
def test_a_file_for_one_request_has_no_mask_and_fewer_nodes(name, tmp_path):
    torch.manual_seed(0)
    model, general, single = MODELS[name](), tmp_path / "general.onnx", tmp_path / "single.onnx"
    export_onnx(model, general, VOCABULARY)
    parity = export_onnx(model, single, VOCABULARY, one_request=True)
    assert parity.largest_difference < 1e-4 and parity.shapes == ((1, 3), (1, 19))
    (ids,) = onnx.load(single).graph.input
    sizes = ids.type.tensor_type.shape.dim
    assert ids.name == "ids" and sizes[0].dim_value == 1 and sizes[1].dim_param == "tokens"
    assert sum(operators(single).values()) < sum(operators(general).values())
    with pytest.raises(ExportError, match="a batch of 3 with 11 tokens is refused"):
        check_parity(model, single, VOCABULARY)


class Noisy(Static):
    """Dropout that was left on: each run gives another answer."""

    def forward(self, ids, mask):
        return (nn.functional.dropout(super().forward(ids, mask)[0], 0.5, training=True),)


class Undefined(Static):
    """0 / 0, in torch and in the exported file alike."""

    def forward(self, ids, mask):
        nothing = (mask * 0).sum(1, keepdim=True).float()
        return (super().forward(ids, mask)[0] + nothing / nothing,)


@pytest.mark.parametrize("broken", [Noisy, Undefined])
def test_a_model_that_the_file_does_not_reproduce_is_refused(broken, tmp_path):
    torch.manual_seed(0)
    with pytest.raises(ExportError, match=r"broken\.onnx: differs from torch by (\d|nan)"):
        export_onnx(broken(table(), 6, 3), tmp_path / "broken.onnx", VOCABULARY)
    assert not list(tmp_path.iterdir())  # nothing to ship by mistake


class OneOrMany(Static):
    """A row for one request, a table for several: Python asks for the size."""

    def forward(self, ids, mask):
        (intent,) = super().forward(ids, mask)
        return (intent[0] if ids.shape[0] == 1 else intent,)


def test_a_size_that_python_asked_for_is_found(tmp_path):
    model = OneOrMany(table(), 6, 3).eval()
    with pytest.raises(
        ExportError, match=r"m\.onnx: a batch of 1 with 3 tokens gets an answer of shape \(1, 3\), torch's is \(3,\)"
    ):
        export_onnx(model, tmp_path / "m.onnx", VOCABULARY)


def test_a_shape_that_is_refused_is_named(exported, tmp_path):
    name, model, path, _ = exported
    fixed = fix_shapes(path, tmp_path / "fixed.onnx", batch=1, tokens=19)
    with pytest.raises(ExportError, match=r"fixed\.onnx: a batch of 1 with 3 tokens is refused; export with open"):
        check_parity(model, fixed, VOCABULARY)
    parity = check_parity(model, fixed, VOCABULARY, shapes=((1, 19),), padding=9)
    assert parity.largest_difference < 1e-4 and parity.shapes == ((1, 19),)


@pytest.mark.parametrize("shape, padding, lengths", [((3, 6), 0, [6, 5, 4]), ((3, 6), 3, [3, 2, 2]), ((1, 8), 4, [4])])
def test_padding_ends_each_row(shape, padding, lengths):
    ids, mask = _random_inputs(VOCABULARY, shape, np.random.default_rng(0), padding)
    assert mask.sum(1).tolist() == lengths and ids.shape == mask.shape == shape
    assert (mask.diff(dim=1) <= 0).all() and (ids[mask == 0] == 0).all() and (ids[mask == 1] >= 5).all()


def test_a_file_of_another_model_does_not_pass(exported, tmp_path):
    name, model, path, _ = exported
    other = MODELS[name]()
    with torch.no_grad():
        other.intent.bias.add_(0.5)
    assert check_parity(other.eval(), path, VOCABULARY).largest_difference > 0.1


def test_the_file_does_not_tell_where_it_was_exported(exported):
    _, _, path, _ = exported
    content = path.read_bytes()
    assert b"stack_trace" not in content and b"models.py" not in content
