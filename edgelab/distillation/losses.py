"""The mathematics of distillation in NumPy, as `01_distillation` writes it by hand (Hinton, Vinyals, Dean 2015, "Distilling the
knowledge in a neural network"). Training uses the same in torch: `targets.soft_loss`."""

import numpy as np

from edgelab.stats.softmax import log_softmax


def soften(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of logits [..., labels] at a temperature above 0: 1 is the usual softmax, higher is flatter."""
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def doubt(logits: np.ndarray) -> np.ndarray:
    """The entropy of each example's probabilities, in nats, [examples]; logits [examples, labels]."""
    p = soften(logits, 1.0)
    log_p = log_softmax(logits)
    return -np.sum(p * log_p, axis=-1)


def divergence(teacher_logits: np.ndarray, student_logits: np.ndarray, temperature: float) -> float:
    """Mean KL divergence, in nats, from the teacher's softened probabilities to the student's; both [examples, labels]."""
    p = soften(teacher_logits, temperature)
    log_p = log_softmax(teacher_logits / temperature)
    log_q = log_softmax(student_logits / temperature)
    of_each = np.sum(p * (log_p - log_q), axis=-1)
    return float(of_each.mean())


def kd_loss(
    student_logits: np.ndarray,
    teacher_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> float:
    """`alpha` parts soft loss, the divergence times T^2, and `1 - alpha` parts cross-entropy with the labels [examples].

    The labels count at T = 1. The factor T^2 keeps the size of the gradient as T grows (Hinton 2015, section 2.1).
    """
    soft = temperature**2 * divergence(teacher_logits, student_logits, temperature)
    log_q = log_softmax(student_logits)
    hard = -log_q[np.arange(len(labels)), labels].mean()
    return float(alpha * soft + (1 - alpha) * hard)


def kd_gradient(
    student_logits: np.ndarray,
    teacher_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> np.ndarray:
    """The gradient of `kd_loss` in the student's logits, [examples, labels]."""
    soft = temperature * (soften(student_logits, temperature) - soften(teacher_logits, temperature))
    right = np.eye(student_logits.shape[1])[labels]
    hard = soften(student_logits, 1.0) - right
    of_each = alpha * soft + (1 - alpha) * hard
    return of_each / len(labels)
