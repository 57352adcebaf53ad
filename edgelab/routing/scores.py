"""Routing scores: how sure the device's model is of its answer, as functions of its logits alone. NumPy only.

Every score maps logits [requests, labels] to [requests]; higher means more sure, keep it on the device. A policy
(`routing.policy`) applies the threshold.
"""

from collections.abc import Callable

import numpy as np

from edgelab.stats.softmax import log_softmax, softmax


def max_probability(logits: np.ndarray) -> np.ndarray:
    """The largest probability of each row: the baseline of Hendrycks & Gimpel 2017."""
    return softmax(logits).max(-1)


def margin(logits: np.ndarray) -> np.ndarray:
    """The largest logit minus the second largest: the log of the ratio of their probabilities."""
    largest = np.partition(np.asarray(logits, dtype=np.float64), -2, axis=-1)[..., -2:]
    return largest[..., 1] - largest[..., 0]


def entropy(logits: np.ndarray) -> np.ndarray:
    """Minus the entropy of the probabilities, in nats: 0 for a sure answer, -log(labels) for no idea at all."""
    log_p = log_softmax(logits)
    return (np.exp(log_p) * log_p).sum(-1)


def energy(logits: np.ndarray) -> np.ndarray:
    """The log of the sum of the exponentials of the logits: minus the energy of Liu et al. 2020, section 3.1, at T = 1.

    The softmax forgets the size of all logits together; this is what it divides by.
    """
    logits = np.asarray(logits, dtype=np.float64)
    largest = logits.max(-1)
    return largest + np.log(np.exp(logits - largest[..., None]).sum(-1))


SCORES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "max_probability": max_probability,
    "margin": margin,
    "entropy": entropy,
    "energy": energy,
}
LEARNED = "learned"  # the router that `fit_router` fits to the four scores above


def features(logits: np.ndarray) -> np.ndarray:
    """What the learned router sees: the scores of `SCORES`, [requests, scores]."""
    return np.stack([score(logits) for score in SCORES.values()], axis=-1)


def learned_score(logits: np.ndarray, weights: tuple[float, ...]) -> np.ndarray:
    """The log-odds that the local answer is right: an intercept, then a weight for each score of `SCORES`."""
    return weights[0] + features(logits) @ np.asarray(weights[1:])


def fit_router(logits: np.ndarray, right: np.ndarray, *, penalty: float = 1.0, steps: int = 50) -> tuple[float, ...]:
    """Weights of the learned router: logistic regression of `right` (bool [requests]: was the local answer right?) on
    the standardised scores of the logits, by Newton's method.

    What is minimised is the log loss summed over requests plus `penalty`/2 times the squared weights of the
    standardised scores, the intercept free: scikit-learn's `LogisticRegression(C=1/penalty)`. The weights returned are
    those of the scores as they are.

    Raises:
        ValueError: all answers are right, or none: nothing to tell apart.
    """
    right = np.asarray(right, dtype=np.float64)
    if right.min(initial=1) == right.max(initial=0):
        raise ValueError("expected answers of both kinds, right and wrong, to tell them apart")
    raw = features(logits)
    mean, spread = raw.mean(0), raw.std(0)
    spread = np.where(spread > 0, spread, 1.0)
    x = np.column_stack([np.ones(len(raw)), (raw - mean) / spread])
    ridge = np.diag([0.0, *[penalty] * raw.shape[1]])
    weights = np.zeros(x.shape[1])
    for _ in range(steps):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -500, 500)))
        gradient = x.T @ (p - right) + ridge @ weights
        curvature = (x * (p * (1 - p))[:, None]).T @ x + ridge
        step = np.linalg.solve(curvature, gradient)
        weights -= step
        if np.abs(step).max() < 1e-10:
            break
    slopes = weights[1:] / spread
    return (float(weights[0] - slopes @ mean), *map(float, slopes))
