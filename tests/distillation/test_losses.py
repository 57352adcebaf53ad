"""The mathematics of distillation against torch and by hand."""

import numpy as np
import pytest
import torch
from scipy.stats import entropy
from torch.nn import functional

from edgelab.distillation.losses import divergence, doubt, kd_gradient, kd_loss, soften

RNG = np.random.default_rng(0)


def tensor(array):
    return torch.as_tensor(array, dtype=torch.float64)


def test_soften_by_hand():
    logits = np.array([0.0, np.log(4.0)])
    assert np.allclose(soften(logits, 1), [1 / 5, 4 / 5])
    assert np.allclose(soften(logits, 2), [1 / 3, 2 / 3])  # 1 : sqrt(4)


@pytest.mark.parametrize("shape", [(3,), (5, 4), (2, 3, 7)])
@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_soften_is_torchs_softmax(shape, temperature):
    logits = RNG.normal(scale=5, size=shape)
    kept = logits.copy()
    assert np.allclose(soften(logits, temperature), functional.softmax(tensor(logits) / temperature, -1))
    assert np.array_equal(logits, kept)


def test_soften_stands_large_logits():
    assert np.allclose(soften(np.array([1e4, -1e4, 1e4]), 1), [0.5, 0, 0.5])


def test_the_divergence_by_hand():
    """Teacher 1/2, 1/2; student 1/5, 4/5: KL = (ln 5/2 + ln 5/8) / 2, at T = 1."""
    student, teacher = np.array([[0.0, np.log(4.0)]]), np.zeros((1, 2))
    assert divergence(teacher, student, 1.0) == pytest.approx((np.log(5 / 2) + np.log(5 / 8)) / 2)
    # At T = 2 the student says 1/3, 2/3: (ln 3/2 + ln 3/4) / 2, times 2^2.
    assert 2.0**2 * divergence(teacher, student, 2.0) == pytest.approx(4 * (np.log(3 / 2) + np.log(3 / 4)) / 2)
    assert divergence(teacher, teacher, 3.0) == 0


@pytest.mark.parametrize("temperature", [1.0, 2.0, 7.5])
@pytest.mark.parametrize("shape", [(1, 2), (6, 5)])
def test_the_divergence_is_torchs_divergence(shape, temperature):
    student, teacher = RNG.normal(scale=3, size=(2, *shape))
    expected = temperature**2 * functional.kl_div(
        functional.log_softmax(tensor(student) / temperature, -1),
        functional.log_softmax(tensor(teacher) / temperature, -1),
        reduction="batchmean",
        log_target=True,
    )
    assert temperature**2 * divergence(teacher, student, temperature) == pytest.approx(expected.item())


@pytest.mark.filterwarnings("error")
def test_the_divergence_of_certain_models_is_large_and_finite():
    certain, wrong = np.array([[0.0, 2000.0]]), np.array([[2000.0, 0.0]])
    assert divergence(certain, wrong, 1.0) == pytest.approx(2000)
    assert divergence(certain, certain, 1.0) == 0
    assert kd_loss(wrong, certain, np.array([1]), 1.0, 0.5) == pytest.approx(2000)


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 0.0), (2.0, 0.5), (4.0, 0.9), (3.0, 1.0)])
def test_kd_loss_weighs_torchs_two_parts(temperature, alpha):
    student, teacher = RNG.normal(scale=3, size=(2, 8, 5))
    labels = RNG.integers(5, size=8)
    hard = functional.cross_entropy(tensor(student), torch.as_tensor(labels)).item()
    expected = alpha * temperature**2 * divergence(teacher, student, temperature) + (1 - alpha) * hard
    assert kd_loss(student, teacher, labels, temperature, alpha) == pytest.approx(expected)


@pytest.mark.parametrize("shape", [(1, 2), (6, 5)])
def test_the_divergence_is_that_of_scipys_distributions(shape):
    teacher, student = RNG.normal(scale=3, size=(2, *shape))
    of_each = entropy(soften(teacher, 2.0), soften(student, 2.0), axis=-1)  # with two of them their divergence
    assert divergence(teacher, student, 2.0) == pytest.approx(of_each.mean())
    assert divergence(teacher, teacher + 7, 2.0) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("temperature", "alpha"), [(1.0, 0.0), (2.0, 0.5), (4.0, 0.9), (0.5, 1.0)])
@pytest.mark.parametrize("shape", [(1, 2), (8, 5)])
def test_the_gradient_is_torchs_own(temperature, alpha, shape):
    student, teacher = RNG.normal(scale=3, size=(2, *shape))
    labels = RNG.integers(shape[1], size=shape[0])
    logits = tensor(student).requires_grad_()
    soft = functional.kl_div(
        functional.log_softmax(logits / temperature, -1),
        functional.softmax(tensor(teacher) / temperature, -1),
        reduction="batchmean",
    )
    hard = functional.cross_entropy(logits, torch.as_tensor(labels))
    (alpha * temperature**2 * soft + (1 - alpha) * hard).backward()
    assert np.allclose(kd_gradient(student, teacher, labels, temperature, alpha), logits.grad.numpy(), atol=1e-12)


def test_the_soft_parts_gradient_keeps_its_size_as_the_temperature_grows():
    """Hinton's reason for T^2, at temperatures that are high against the logits."""
    student, teacher = RNG.normal(size=(2, 20, 9))
    labels = np.zeros(20, dtype=int)
    sizes = [np.abs(kd_gradient(student, teacher, labels, t, 1.0)).sum() for t in (20.0, 40.0)]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.05)


def test_doubt_is_scipys_entropy():
    logits = RNG.normal(scale=3, size=(7, 5))
    assert np.allclose(doubt(logits), entropy(soften(logits, 1.0), axis=-1))
    assert np.allclose(doubt(np.array([[0.0, 2000.0], [3.0, 3.0]])), [0, np.log(2)])
