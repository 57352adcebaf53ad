"""The mathematics of distillation, in NumPy (Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network")."""

import numpy as np

from edgelab.stats.softmax import kl_divergence, log_softmax, softmax


def soften(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of logits [..., classes] at a temperature: 1 is the usual softmax, higher is flatter."""
    return softmax(_scaled(logits, temperature))


def soft_label_loss(student_logits: np.ndarray, teacher_logits: np.ndarray, temperature: float = 2.0) -> float:
    """T^2 times the mean KL divergence from the teacher's softened probabilities to the student's.

    Both are [examples, classes]. The factor T^2 keeps the size of the gradient as T grows (Hinton 2015, section 2.1).
    """
    return temperature**2 * kl_divergence(_scaled(student_logits, temperature), _scaled(teacher_logits, temperature))


def kd_loss(
    student_logits: np.ndarray,
    teacher_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> float:
    """`alpha` parts soft-label loss and `1 - alpha` parts cross-entropy with the labels [examples] (at T = 1)."""
    hard = -log_softmax(student_logits)[np.arange(len(labels)), labels].mean()
    return float(alpha * soft_label_loss(student_logits, teacher_logits, temperature) + (1 - alpha) * hard)


def _scaled(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Logits over the temperature.

    Raises:
        ValueError: the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0, found {temperature}")
    return np.asarray(logits) / temperature
