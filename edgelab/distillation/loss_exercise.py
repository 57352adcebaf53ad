"""Cases and mistakes of `01_distillation`'s loss, its gradient and what makes it worth having: `kd_loss`, `kd_gradient`, `doubt`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.distillation.losses import divergence, doubt, kd_gradient, kd_loss, soften
from edgelab.distillation.probability_exercise import EXACT
from edgelab.stats.softmax import log_softmax, softmax

# --- kd_loss, kd_gradient --------------------------------------------------------------------------


def _lessons(rng: np.random.Generator) -> Iterator[tuple]:
    for examples, labels in ((3, 4), (16, 27), (1, 2)):
        student, teacher = rng.normal(scale=3, size=(2, examples, labels))
        yield student, teacher, rng.integers(labels, size=examples), rng.uniform(1.5, 5), rng.uniform(0.1, 0.9)
    student, teacher = rng.normal(scale=3, size=(2, 6, 5))
    gold = rng.integers(5, size=6)
    yield student, teacher, gold  # as the stub has it where nothing is said
    yield student, teacher, gold, 3.5
    for alpha in (0.0, 1.0):
        yield student, teacher, gold, 3.0, alpha
    yield teacher + 0.03 * rng.normal(size=(6, 5)), teacher, gold, 1.5, 1.0  # nearly learned
    sure = 1000 * np.eye(5)[rng.integers(5, size=6)]
    yield np.roll(sure, 1, axis=1), sure, gold, 1.0, 0.5


def _hard(student: np.ndarray, labels: np.ndarray, temperature: float = 1.0) -> float:
    return -log_softmax(student / temperature)[np.arange(len(labels)), labels].mean()


def _soft(student: np.ndarray, teacher: np.ndarray, t: float) -> float:
    return t**2 * divergence(teacher, student, t)


LOSS = (
    Mistake(
        "no T squared",
        lambda s, t, y, T=2.0, a=0.5: a * divergence(t, s, T) + (1 - a) * _hard(s, y),
        "the soft part's gradient shrinks by 1/T^2: multiply it by temperature ** 2.",
    ),
    Mistake(
        "T once",
        lambda s, t, y, T=2.0, a=0.5: a * T * divergence(t, s, T) + (1 - a) * _hard(s, y),
        "the factor is T squared, not T.",
    ),
    Mistake(
        "alpha on the wrong part",
        lambda s, t, y, T=2.0, a=0.5: kd_loss(s, t, y, T, 1 - a),
        "alpha weighs the soft part, 1 - alpha the labels: yours are swapped.",
    ),
    Mistake(
        "hard part softened too",
        lambda s, t, y, T=2.0, a=0.5: a * _soft(s, t, T) + (1 - a) * _hard(s, y, T),
        "the labels are compared at temperature 1: only the teacher's part is softened.",
    ),
    Mistake(
        "divergence the wrong way round",
        lambda s, t, y, T=2.0, a=0.5: a * _soft(t, s, T) + (1 - a) * _hard(s, y),
        "the divergence runs from the teacher to the student: divergence(teacher_logits, student_logits, ...).",
    ),
    Mistake(
        "sum instead of mean",
        lambda s, t, y, T=2.0, a=0.5: kd_loss(s, t, y, T, a) * len(y),
        "it grows with the batch: take the mean over the examples, not the sum.",
    ),
    Mistake(
        "the teacher's choice for the label",
        lambda s, t, y, T=2.0, a=0.5: kd_loss(s, t, t.argmax(1), T, a),
        "the hard part takes the column of the LABEL, not the teacher's best one.",
    ),
    Mistake(
        "every label's column of every example",
        lambda s, t, y, T=2.0, a=0.5: a * _soft(s, t, T) - (1 - a) * log_softmax(s)[:, y].mean(),
        "[:, labels] takes all those columns of EVERY example: pair each with its own row, [np.arange(len(labels)), labels].",
    ),
    Mistake(
        "both parts in full",
        lambda s, t, y, T=2.0, a=0.5: _soft(s, t, T) + _hard(s, y),
        "alpha is not used: alpha parts of the one, 1 - alpha of the other.",
    ),
    Mistake(
        "defaults of its own",
        lambda s, t, y, T=1.0, a=0.9: kd_loss(s, t, y, T, a),
        "who calls it with three arguments gets another loss: leave the defaults as the stub has them.",
    ),
    Mistake(
        "logarithms of probabilities",
        lambda s, t, y, T=2.0, a=0.5: (
            a * _soft(s, t, T) - (1 - a) * np.log(soften(s, 1.0)[np.arange(len(y)), y]).mean()
        ),
        "a sure student gives the label the probability 0, and its logarithm is -inf: log_softmax is exact there.",
    ),
)
GRADIENT = (
    Mistake(
        "not by the number of examples",
        lambda s, t, y, T=2.0, a=0.5: kd_gradient(s, t, y, T, a) * len(y),
        "the loss is a MEAN: each example counts 1 / len(labels).",
    ),
    Mistake(
        "by all its entries",
        lambda s, t, y, T=2.0, a=0.5: kd_gradient(s, t, y, T, a) / s.shape[1],
        "the loss is a mean over the examples alone: divide by len(labels), not by the number of entries.",
    ),
    Mistake(
        "T squared",
        lambda s, t, y, T=2.0, a=0.5: (a * T**2 * _pull(s, t, T) + (1 - a) * _push(s, y)) / len(y),
        "the logits are divided by T inside: the chain rule gives 1/T. What is left of T^2?",
    ),
    Mistake(
        "no T at all",
        lambda s, t, y, T=2.0, a=0.5: (a * _pull(s, t, T) + (1 - a) * _push(s, y)) / len(y),
        "T^2 from the loss, 1/T from the chain rule: together that is not 1.",
    ),
    Mistake(
        "of the divergence alone",
        lambda s, t, y, T=2.0, a=0.5: (a / T * _pull(s, t, T) + (1 - a) * _push(s, y)) / len(y),
        "that is the gradient without the factor T^2 of the loss.",
    ),
    Mistake(
        "uphill and downhill",
        lambda s, t, y, T=2.0, a=0.5: -kd_gradient(s, t, y, T, a),
        "the signs are turned round: where the student says too much of a label, the loss grows with its logit.",
    ),
    Mistake(
        "alpha on the wrong part",
        lambda s, t, y, T=2.0, a=0.5: kd_gradient(s, t, y, T, 1 - a),
        "alpha weighs the teacher's part, 1 - alpha the labels'.",
    ),
    Mistake(
        "hard part softened too",
        lambda s, t, y, T=2.0, a=0.5: (a * T * _pull(s, t, T) + (1 - a) * (soften(s, T) - _one(s, y))) / len(y),
        "the labels are compared at temperature 1.",
    ),
    Mistake(
        "the labels forgotten",
        lambda s, t, y, T=2.0, a=0.5: a * T * _pull(s, t, T) / len(y),
        "1 - alpha parts come from the labels: their probabilities are 1 for the right column and 0 elsewhere.",
    ),
    Mistake(
        "summed over the examples",
        lambda s, t, y, T=2.0, a=0.5: kd_gradient(s, t, y, T, a).sum(0),
        "each example has a gradient of its own: [examples, labels].",
    ),
    Mistake(
        "defaults of its own",
        lambda s, t, y, T=1.0, a=0.9: kd_gradient(s, t, y, T, a),
        "leave the defaults as the stub has them: they are those of kd_loss.",
    ),
)


# --- doubt -----------------------------------------------------------------------------------------


def _answers(rng: np.random.Generator) -> Iterator[tuple]:
    for examples, labels in ((4, 3), (16, 27), (1, 5)):
        yield (rng.normal(scale=3, size=(examples, labels)),)
    yield (1000 * np.eye(5)[rng.integers(5, size=4)],)  # certain
    yield (rng.permuted(np.tile([0.0, 0.0, -1000.0, -1000.0], (3, 1)), axis=1),)  # between two, and never another
    yield (np.full((3, 4), rng.normal()),)  # without any idea
    yield (rng.normal(size=(3, 1)),)  # no choice
    yield (rng.normal(size=(2, 4)) + np.array([[1000.0], [-1000.0]]),)


def _entropy_of(p: np.ndarray) -> np.ndarray:
    return -(p * np.log(p)).sum(-1)


DOUBT = (
    Mistake(
        "logarithms of probabilities",
        lambda z: _entropy_of(softmax(z)),
        "where a probability is 0, 0 times -inf is no number: take the logarithm by log_softmax.",
    ),
    Mistake(
        "no number made 0, of a whole row",
        lambda z: np.nan_to_num(_entropy_of(softmax(z))),
        "a probability that is 0 adds nothing, and the others of its row still count: one 0 does not end all doubt.",
    ),
    Mistake(
        "a smallest probability",
        lambda z: _entropy_of(np.maximum(softmax(z), 1e-6)),
        "cutting at a smallest probability adds doubt where there is none: log_softmax needs no such trick.",
    ),
    Mistake("the sign", lambda z: -doubt(z), "logarithms of probabilities are below 0: doubt is MINUS their sum."),
    Mistake("bits", lambda z: doubt(z) / np.log(2), "those are bits: in nats the logarithm is the natural one."),
    Mistake(
        "a mean over the labels",
        lambda z: doubt(z) / z.shape[-1],
        "it is a sum over the labels, not their mean: the probabilities are weights already.",
    ),
    Mistake(
        "one number", lambda z: float(doubt(z).mean()), "each example has a doubt of its own: sum over the labels."
    ),
    Mistake(
        "what the best label lacks",
        lambda z: 1 - softmax(z).max(-1),
        "that is what the best label lacks to 1: the entropy sees how the rest is spread.",
    ),
    Mistake(
        "a share of the most",
        lambda z: doubt(z) / np.log(max(2, z.shape[-1])),
        "do not divide by the logarithm of the number of labels: in nats it is asked for.",
    ),
    Mistake(
        "the number of labels it amounts to",
        lambda z: np.exp(doubt(z)),
        "that is the perplexity, the exponential of the entropy.",
    ),
    Mistake("softened", lambda z: doubt(z / 2), "at T = 1: the probabilities as they are."),
)


def _one(student: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.eye(student.shape[1])[labels]


def _pull(student: np.ndarray, teacher: np.ndarray, t: float) -> np.ndarray:
    return soften(student, t) - soften(teacher, t)


def _push(student: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return soften(student, 1.0) - _one(student, labels)


def register(check: Checks) -> None:
    """Add the three to a notebook's registry, in its order."""
    check.function(
        kd_loss,
        cases=_lessons,
        nudge="Two parts: alpha times the soft one, and the rest times the cross-entropy with the labels.",
        mistakes=LOSS,
        **EXACT,
    )
    check.function(
        kd_gradient,
        cases=_lessons,
        nudge="Both parts are cross-entropies: probabilities of the student less those it should have. And T?",
        mistakes=GRADIENT,
        **EXACT,
    )
    check.function(
        doubt,
        cases=_answers,
        nudge="For each label p * log p; how large is that where p is 0? Sum over the labels, and mind the sign.",
        mistakes=DOUBT,
        **EXACT,
    )
