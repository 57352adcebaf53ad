"""Cases and mistakes of what `01_distillation` writes before its loss: `soften`, `divergence`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake, Tolerances
from edgelab.distillation.losses import divergence, soften
from edgelab.stats.softmax import log_softmax, softmax

EXACT: Tolerances = {"rtol": 2e-7, "atol": 1e-9}  # a float32 of the right value passes, a bias of 1e-6 does not

# --- soften ----------------------------------------------------------------------------------------


def _heated(rng: np.random.Generator) -> Iterator[tuple]:
    for shape in ((4,), (3, 5), (16, 27), (2, 3, 4)):
        yield rng.normal(scale=4, size=shape), rng.uniform(1.2, 8)
    yield rng.normal(scale=4, size=(3, 6)), 0.5
    yield rng.normal(scale=4, size=(3, 6)), 1
    yield 1000 * rng.choice([-1.0, 1.0], (3, 5)) + rng.normal(size=(3, 5)), 1.0  # as large as the text says
    yield rng.normal(size=(3, 4)) + np.array([[1000.0], [0.0], [-1000.0]]), 2.0  # each row at a height of its own
    yield np.full((2, 3), rng.normal()), 3.0  # ties
    yield rng.normal(size=(3, 1)), 2.0  # one label


def _row_powers(z: np.ndarray) -> np.ndarray:
    return np.exp(z - z.max(-1, keepdims=True))


SOFTEN = (
    Mistake("no temperature", lambda z, t: softmax(z), "the temperature is not used: it divides the logits."),
    Mistake(
        "multiplied by T",
        lambda z, t: softmax(z * t),
        "yours gets sharper as T grows: DIVIDE the logits by the temperature.",
    ),
    Mistake(
        "divided after the softmax",
        lambda z, t: softmax(z) / t,
        "a row must sum to 1: divide the logits, before the softmax.",
    ),
    Mistake(
        "over the batch",
        lambda z, t: np.moveaxis(softmax(np.moveaxis(z / t, 0, -1)), -1, 0),
        "the labels are the LAST axis: sum over axis=-1.",
    ),
    Mistake(
        "one sum for all",
        lambda z, t: softmax((z / t).ravel()).reshape(z.shape),
        "each row is a softmax of its own: sum over the last axis alone, with keepdims=True.",
    ),
    Mistake(
        "exponentials of large numbers",
        lambda z, t: np.exp(z / t) / np.exp(z / t).sum(-1, keepdims=True),
        "exp(1000) is infinite. Taking the same number from all logits of a row changes nothing: take its maximum.",
    ),
    Mistake(
        "one maximum for all rows",
        lambda z, t: (e := np.exp((z - z.max()) / t)) / e.sum(-1, keepdims=True),
        "a row far below the others becomes 0 / 0: take from each row its OWN maximum.",
    ),
    Mistake("not divided by the sum", lambda z, t: _row_powers(z / t), "a row of probabilities sums to 1."),
    Mistake(
        "the logarithm",
        lambda z, t: log_softmax(z / t),
        "those are the logarithms of the probabilities.",
    ),
    Mistake("sigmoid", lambda z, t: 1 / (1 + np.exp(-z / t)), "a row must sum to 1: that is each logit on its own."),
)

# --- divergence -----------------------------------------------------------------------------------


def _both(rng: np.random.Generator) -> Iterator[tuple]:
    for examples, labels in ((3, 4), (16, 27), (1, 2)):
        teacher, student = rng.normal(scale=3, size=(2, examples, labels))
        yield teacher, student, rng.uniform(1.2, 6)
    teacher, student = rng.normal(scale=3, size=(2, 5, 3))
    yield teacher, student, 1.0
    yield teacher, student, 0.5
    yield teacher, teacher + rng.normal(size=(5, 1)), 2.0  # the same probabilities
    yield teacher, teacher + 0.03 * rng.normal(size=(5, 3)), 1.5  # nearly the same
    sure = 1000 * np.eye(4)[rng.integers(4, size=6)]
    yield sure, np.roll(sure, 1, axis=1), 1.0  # both are sure, and of different labels
    yield sure, rng.normal(size=(6, 4)), 4.0


def _logs(z: np.ndarray, t: float) -> np.ndarray:
    return log_softmax(z / t)


def _kl_with(teacher: np.ndarray, student: np.ndarray, t: float, smallest: float) -> float:
    p, q = (np.maximum(soften(z, t), smallest) for z in (teacher, student))
    return float((p * (np.log(p) - np.log(q))).sum(-1).mean())


DIVERGENCE = (
    Mistake(
        "the wrong way round",
        lambda teacher, student, t: divergence(student, teacher, t),
        "it is weighed by the TEACHER's probabilities: p * (log p - log q), with p the teacher's.",
    ),
    Mistake(
        "no temperature",
        lambda teacher, student, t: divergence(teacher, student, 1.0),
        "both are compared at the temperature: divide both by it first.",
    ),
    Mistake(
        "the student not softened",
        lambda teacher, student, t: divergence(teacher, student * t, t),
        "the student's logits are divided by the temperature as well.",
    ),
    Mistake(
        "a sum over the examples",
        lambda teacher, student, t: divergence(teacher, student, t) * len(teacher),
        "it grows with the batch: sum over the labels, but take the MEAN over the examples.",
    ),
    Mistake(
        "a mean over the labels, too",
        lambda teacher, student, t: divergence(teacher, student, t) / teacher.shape[1],
        "sum over the labels, then take the mean over the examples: yours is the mean over both.",
    ),
    Mistake(
        "the cross-entropy",
        lambda teacher, student, t: float(-(soften(teacher, t) * _logs(student, t)).sum(-1).mean()),
        "of a teacher to itself it must be 0: the logarithm of a ratio is log p - log q.",
    ),
    Mistake(
        "times T squared already",
        lambda teacher, student, t: t**2 * divergence(teacher, student, t),
        "the factor T^2 belongs to the loss, not to the divergence.",
    ),
    Mistake(
        "logarithms of probabilities",
        lambda teacher, student, t: _kl_with(teacher, student, t, 0.0),
        "a probability can be too small for a float: 0, with the logarithm -inf. log_softmax never passes through it.",
    ),
    Mistake(
        "a smallest probability",
        lambda teacher, student, t: _kl_with(teacher, student, t, 1e-12),
        "cutting at a smallest probability caps the divergence: log_softmax needs no such trick.",
    ),
    Mistake(
        "distance of probabilities",
        lambda teacher, student, t: float(np.abs(soften(teacher, t) - soften(student, t)).sum(-1).mean()),
        "that is the distance of the probabilities: the divergence weighs the logarithm of their ratio.",
    ),
)


def register(check: Checks) -> None:
    """Add both to a notebook's registry, in its order."""
    check.function(
        soften,
        cases=_heated,
        nudge="What must a row of probabilities sum to, however large its logits are?",
        mistakes=SOFTEN,
        **EXACT,
    )
    check.function(
        divergence,
        cases=_both,
        nudge="For each label p * (log p - log q): summed over the labels, then the mean over the examples.",
        mistakes=DIVERGENCE,
        **EXACT,
    )
