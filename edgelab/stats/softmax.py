"""Softmax, its logarithm, and how far two of them lie apart. Every probability of the package comes from here."""

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """The logarithm of the softmax of logits [..., classes], exact also where a probability is too small for a float."""
    logits = np.asarray(logits, dtype=np.float64)
    shifted = logits - logits.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits [..., classes]; each row sums to 1."""
    return np.exp(log_softmax(logits))


def kl_divergence(logits: np.ndarray, reference: np.ndarray) -> float:
    """Mean KL divergence, in nats, from the reference's probabilities to those of `logits`: both [examples, classes]."""
    expected, found = log_softmax(reference), log_softmax(logits)
    return float((np.exp(expected) * (expected - found)).sum(-1).mean())
