"""A student trained by what a learner wrote."""

import numpy as np
import pytest
import torch

from edgelab.distillation.by_hand import train_by_hand, written_loss
from edgelab.distillation.columns import in_our_order
from edgelab.distillation.fault_exercise import handed_over
from edgelab.distillation.losses import kd_gradient, kd_loss
from edgelab.distillation.notebook import torch_gap
from edgelab.models.training import Batch

pytestmark = pytest.mark.usefixtures("at_home")
RNG = np.random.default_rng(0)


def test_a_written_loss_has_its_value_and_its_gradient():
    teacher, labels = RNG.normal(size=(9, 4)), torch.tensor([3, 0])
    student = torch.randn(2, 4, requires_grad=True)
    rows = np.array([7, 2])
    batch = Batch(rows, labels, labels, labels, labels, labels)
    value = written_loss(kd_loss, kd_gradient, teacher, 2.0, 0.3)((student,), batch)
    value.backward()
    given = student.detach().numpy(), teacher[rows], labels.numpy(), 2.0, 0.3
    assert value.item() == pytest.approx(kd_loss(*given), rel=1e-6)
    assert np.allclose(student.grad.numpy(), kd_gradient(*given), atol=1e-6)
    as_lists = written_loss(kd_loss, lambda *args: kd_gradient(*args).tolist(), teacher, 2.0, 0.3)
    assert as_lists((student,), batch).item() == pytest.approx(value.item())


def test_the_librarys_own_are_torchs_and_a_wrong_one_is_not():
    assert max(torch_gap(kd_loss, kd_gradient)) < 1e-6
    assert torch_gap(lambda *args: 1.001 * kd_loss(*args), kd_gradient)[0] > 1e-5
    assert torch_gap(kd_loss, lambda *args: 1.001 * kd_gradient(*args))[1] > 1e-6


def test_it_learns_and_a_student_of_other_columns_learns_in_other_names(tiny_teacher):
    ours = train_by_hand(tiny_teacher, kd_loss, kd_gradient, alpha=0.0)
    assert len(ours.losses) == 400 and ours.losses[-50:].mean() < 0.1 < ours.losses[0]
    assert ours.correct().mean() > 0.8 and ours.columns == ours.labels
    shown = str(ours)
    assert (
        shown.startswith(f"loss {ours.losses[0]:.3f}, ")
        and f", {ours.losses[-20:].mean():.3f} at steps 1/100/" in shown
    )
    assert shown.endswith(f"; {100 * ours.correct().mean():.1f} % right")
    from_teacher = train_by_hand(tiny_teacher, kd_loss, kd_gradient, alpha=1.0)
    theirs = handed_over(tiny_teacher, kd_loss, kd_gradient)
    assert not any(a == b for a, b in zip(theirs.columns, theirs.labels, strict=True))
    assert sorted(theirs.columns) == sorted(theirs.labels)
    assert abs(theirs.losses[-50:].mean() - from_teacher.losses[-50:].mean()) < 0.1
    mended = in_our_order(theirs.logits, theirs.columns, theirs.labels)
    assert theirs.correct(mended).mean() > 0.8 > 0.2 > theirs.correct().mean()
