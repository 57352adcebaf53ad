"""A student trained by a loss and a gradient written in NumPy: in seconds, on the labelled sentences and what the teacher says of
them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgelab.distillation.columns import in_our_order
from edgelab.distillation.students import StudentPlan
from edgelab.distillation.targets import soft_targets
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained

if TYPE_CHECKING:
    import torch

    from edgelab.models.training import Batch, Loss

STATIC = Spec("static", vocabulary=4096, embedding=64, hidden=128)
STEPS = 400
AROUND = 20  # steps that a figure of the log is the mean of

Written = Callable[..., float]  # kd_loss(student_logits, teacher_logits, labels, temperature, alpha)
Gradient = Callable[..., np.ndarray]  # kd_gradient, of the same


@dataclass(frozen=True)
class ByHand:
    """What a training by hand left: the loss of each step, [steps], and what the student says of validation,
    [examples, labels]. Its columns truly stand for `columns`; it is asked as if they stood for `labels`, the data's."""

    losses: np.ndarray
    logits: np.ndarray
    columns: tuple[str, ...]
    labels: tuple[str, ...]
    gold: np.ndarray

    def __str__(self) -> str:
        ends = [1, *np.linspace(0, len(self.losses), 5)[1:].round().astype(int)]
        shown = [f"{self.losses[max(0, end - AROUND) : end].mean():.3f}" for end in ends]
        steps = "/".join(map(str, ends))
        return f"loss {', '.join(shown)} at steps {steps}; {100 * self.correct().mean():.1f} % right"

    def predicted(self, logits: np.ndarray | None = None) -> np.ndarray:
        """The name of the best label of each example, of its own logits or of others."""
        return np.array(self.labels)[(self.logits if logits is None else logits).argmax(1)]

    def correct(self, logits: np.ndarray | None = None) -> np.ndarray:
        """Whether these are right, bool [examples]."""
        return self.predicted(logits) == self.gold


def written_loss(
    kd_loss: Written, kd_gradient: Gradient, teacher_logits: np.ndarray, temperature: float, alpha: float
) -> "Loss":
    """What `models.training.train` takes: its value is `kd_loss`, and going backwards from it gives the student's logits
    `kd_gradient`. `teacher_logits` are [texts, labels]."""
    import torch

    def loss(outputs: tuple["torch.Tensor", ...], batch: "Batch") -> "torch.Tensor":
        student = outputs[0].detach().numpy().astype(float)
        given = student, teacher_logits[batch.rows].astype(float), batch.labels.numpy(), temperature, alpha
        gradient = torch.as_tensor(np.asarray(kd_gradient(*given)), dtype=torch.float32)
        pull = (outputs[0] * gradient).sum()  # its gradient in the logits is `gradient`, whatever its value
        return pull + (float(kd_loss(*given)) - pull).detach()

    return loss


def says_of_training(teacher: Trained) -> np.ndarray:
    """The teacher's logits of the sentences that it was trained on, [texts, labels]: out of what the family's students are
    taught from, which is kept."""
    says = soft_targets((teacher,), STATIC.vocabulary, StudentPlan.for_family(STATIC.family).augmented)
    return says.intent_logits[: len(teacher.dataset.train)]


def train_by_hand(
    teacher: Trained,
    kd_loss: Written,
    kd_gradient: Gradient,
    *,
    alpha: float,
    temperature: float = 1.0,
    columns: Sequence[str] | None = None,
    seed: int = 0,
) -> ByHand:
    """A small static student after 400 steps on the labelled sentences.

    Args:
        columns: the labels in the order in which the teacher's answers have them; by default that of the data.
    """
    from edgelab.models.networks import build_student
    from edgelab.models.tokens import encode, encode_labelled, load_tokenizer, trim_vocabulary
    from edgelab.models.training import Recipe, run, train

    data = teacher.dataset
    columns = tuple(columns or data.labels)
    answers = in_our_order(says_of_training(teacher), data.labels, columns)
    written, losses = written_loss(kd_loss, kd_gradient, answers, temperature, alpha), []

    def loss(outputs: tuple["torch.Tensor", ...], batch: "Batch") -> "torch.Tensor":
        value = written(outputs, batch)
        losses.append(value.item())
        return value

    tokenizer, kept = trim_vocabulary(load_tokenizer(), data.train.texts, STATIC.vocabulary)
    student = build_student(STATIC, teacher.model(), kept, tags=1, seed=seed)
    recipe = Recipe(3e-3, 3e-3, batch_size=64, steps=STEPS)
    train(student, encode_labelled(tokenizer, data, data.train), loss, recipe, seed=seed, title="by hand")
    logits = run(student, encode(tokenizer, data.validation.texts)).intent_logits
    return ByHand(np.array(losses), logits, columns, data.labels, np.array(data.validation.labels))
