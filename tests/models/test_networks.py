"""The models on the encoder: padding, neighbours, order, where they start."""

import numpy as np
import pytest
import torch

from edgelab.models.encoder import pad
from edgelab.models.networks import Convolution, Static, build_student, build_teacher, empty_model, token_embeddings
from edgelab.models.spec import Spec


def students(tags=5):
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(50, 8, generator=generator)
    torch.manual_seed(0)
    return {
        "convolution": Convolution(table.clone(), 6, 3, tags),
        "deep convolution": Convolution(table.clone(), 6, 3, tags, depth=3),
        "static": Static(table.clone(), 6, 3),
    }


@pytest.fixture(scope="module")
def small_transformer(trimmed):
    teacher = build_teacher(3, 5, 0)
    return build_student(Spec("transformer", 400, layers=(0,)), teacher, trimmed[1], 5, 0)


FAMILIES = ["convolution", "deep convolution", "static", "transformer"]


@pytest.mark.parametrize("family", FAMILIES)
def test_padding_and_neighbours_in_the_batch_change_nothing(family, small_transformer):
    model = (small_transformer if family == "transformer" else students()[family]).eval()
    rows = [[2, 11, 12, 13, 14, 15, 3], [2, 21, 3], [2, 31, 32, 3]]
    with torch.inference_mode():
        together = model(*pad(rows))
        for i, row in enumerate(rows):
            alone = model(*pad([row]))
            assert len(alone) == (1 if family == "static" else 2)
            assert torch.allclose(together[0][i], alone[0][0], atol=1e-5)
            if len(alone) > 1:
                assert together[1].shape == (3, 7, 5)
                assert torch.allclose(together[1][i, : len(row)], alone[1][0], atol=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
def test_one_request_needs_no_mask(family, small_transformer):
    model = (small_transformer if family == "transformer" else students()[family]).eval()
    ids, mask = pad([[2, 11, 12, 13, 14, 15, 3]])
    with torch.inference_mode():
        for bare, masked in zip(model(ids), model(ids, mask), strict=True):
            assert torch.allclose(bare, masked, atol=1e-5)


def test_each_further_convolution_sees_one_more_neighbour_on_each_side():
    one, other = pad([[2, 7, 9, 11, 13, 15, 3]]), pad([[2, 7, 9, 11, 13, 25, 3]])
    for family, reach in (("convolution", 1), ("deep convolution", 3)):
        model = students()[family].eval()
        model.slots_from_sentence.weight.data.zero_()  # it sees the whole sentence
        with torch.inference_mode():
            changed = (model(*one)[1] - model(*other)[1]).abs().amax((0, 2)) > 1e-6
        assert changed.tolist() == [abs(i - 5) <= reach for i in range(7)]


def test_the_convolution_is_what_torch_calls_one():
    """Three neighbours through a linear layer: Conv1d of width 3, with zeros beyond both ends."""
    model = students()["convolution"].eval()
    conv = torch.nn.Conv1d(8, 6, 3, padding=1)
    with torch.no_grad():
        conv.weight.copy_(model.convolution.weight.reshape(6, 3, 8).permute(0, 2, 1))
        conv.bias.copy_(model.convolution.bias)
        ids, mask = pad([[2, 7, 9, 3]])
        hidden = torch.nn.functional.gelu(conv(model.embedding(ids).transpose(1, 2))).transpose(1, 2)
        pooled = torch.cat([hidden.mean(1), hidden.amax(1)], 1)
        intent, slots = model(ids, mask)
        assert torch.allclose(intent, model.intent(pooled), atol=1e-5)
        assert torch.allclose(slots, model.slots(hidden) + model.slots_from_sentence(pooled)[:, None], atol=1e-5)


def test_order_matters_to_the_convolution_and_not_to_the_static_student():
    one, other = pad([[2, 7, 9, 11, 3]]), pad([[2, 11, 9, 7, 3]])
    models = students()
    assert not torch.allclose(models["convolution"](*one)[0], models["convolution"](*other)[0], atol=1e-3)
    assert torch.allclose(models["static"](*one)[0], models["static"](*other)[0], atol=1e-6)


def test_without_slots_there_is_no_slot_head():
    assert len(students(tags=1)["convolution"](*pad([[2, 3]]))) == 1


def test_a_student_starts_from_its_teacher(trimmed):
    _, kept = trimmed
    teacher = build_teacher(3, 5, 0)
    with torch.no_grad():
        for parameter in teacher.encoder.parameters():
            parameter.add_(0.01)
    student = build_student(Spec("transformer", 400, layers=(1, 4)), teacher, kept, 5, 0)
    for ours, theirs in zip(
        student.encoder.encoder.layer, (teacher.encoder.encoder.layer[i] for i in (1, 4)), strict=True
    ):
        assert all(torch.equal(a, b) for a, b in zip(ours.parameters(), theirs.parameters(), strict=True))
    words = student.encoder.embeddings.word_embeddings.weight
    assert torch.equal(words, teacher.encoder.embeddings.word_embeddings.weight[torch.as_tensor(kept)])
    assert not words.requires_grad


@pytest.mark.parametrize(
    "spec",
    [
        Spec("convolution", 400, 16, 8),
        Spec("convolution", 400, 16, 8, depth=2),
        Spec("static", 400, 16, 8),
        Spec("transformer", 400, layers=(3,)),
    ],
)
def test_a_model_is_rebuilt_from_its_weights_alone(spec, trimmed):
    teacher = build_teacher(3, 5, 0)
    model = build_student(spec, teacher, trimmed[1], 1 if spec.family == "static" else 5, 0).eval()
    again = empty_model(spec, model.state_dict())
    again.load_state_dict(model.state_dict())
    inputs = pad([[2, 11, 12, 3], [2, 9, 3]])
    for ours, theirs in zip(again.eval()(*inputs), model(*inputs), strict=True):
        assert torch.equal(ours, theirs)


def test_the_same_seed_draws_the_same_heads(trimmed):
    teacher = build_teacher(3, 5, 7)
    assert torch.equal(teacher.intent.weight, build_teacher(3, 5, 7).intent.weight)
    assert not torch.equal(teacher.intent.weight, build_teacher(3, 5, 8).intent.weight)


def test_an_unknown_family_is_refused(small_transformer, trimmed):
    with pytest.raises(ValueError, match="expected family transformer, convolution or static, found 'lstm'"):
        build_student(Spec("lstm", 400), small_transformer, trimmed[1], 1, 0)
    with pytest.raises(ValueError, match="expected a transformer as the teacher, found a Static"):
        build_student(Spec("static", 400), students()["static"], trimmed[1], 1, 0)


def test_token_embeddings_keep_what_is_alike_near(trimmed, whole):
    tokenizer, kept = trimmed
    assert token_embeddings(kept, 32).shape == (400, 32)
    table = token_embeddings(kept, 32)
    unit = table / np.linalg.norm(table, axis=1, keepdims=True)
    nine, seven, play = (unit[tokenizer.token_to_id(word)] for word in ("nine", "seven", "play"))
    assert nine @ seven > 0.5 > nine @ play
    assert table.std() == pytest.approx(0.3)
