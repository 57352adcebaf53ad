"""Quantization-aware training: the grid in torch is the packer's, gradients pass, weights end on it."""

import numpy as np
import pytest
import torch
from torch import nn

from edgelab.distillation.students import StudentPlan, train_student
from edgelab.models.spec import Spec
from edgelab.quantization.grid import row_grid
from edgelab.quantization.qat import nearest_on_grid, quantize_aware, settle


@pytest.mark.parametrize("bits", [2, 4])
def test_torch_and_numpy_round_alike(bits):
    weights = np.random.default_rng(0).standard_t(3, size=(30, 48)).astype(np.float32)
    integers, scale = row_grid(weights, bits)
    assert np.allclose(nearest_on_grid(torch.tensor(weights), bits).numpy(), integers * scale, atol=1e-6)


def test_the_gradient_passes_the_rounding_and_the_optimizer_keeps_its_parameters():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Embedding(9, 6), nn.Linear(6, 4))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
    before = model[1].weight.detach().clone()
    quantize_aware(model, 4)
    assert not torch.equal(model[1].weight, before)
    model(torch.tensor([1, 2])).square().sum().backward()
    optimizer.step()
    assert (model[1].parametrizations.weight.original - before).abs().min() > 0
    settle(model)
    assert set(dict(model.named_parameters())) == {"0.weight", "1.weight", "1.bias"}
    assert all(len(row.unique()) <= 15 for row in model[1].weight)


def test_a_student_ends_on_the_grid(tiny_home, tiny_teacher):
    plan = StudentPlan(lr=1e-2, steps=10, batch_size=12, augmented=20, bits=2)
    with tiny_home():
        student = train_student(Spec("convolution", 400, 16, 24), (tiny_teacher,), plan).model()
    for weights in (student.embedding.weight, student.convolution.weight, student.intent.weight, student.slots.weight):
        assert all(len(row.unique()) <= 3 for row in weights.detach())
