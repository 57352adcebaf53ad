"""Cases and mistakes of the loss that `01_distillation` writes in pieces: `soften`, `divergence`, `kd_loss`, `kd_gradient`, `doubt`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake, Tolerances
from edgelab.distillation.losses import divergence, doubt, kd_gradient, kd_loss, soften
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

# --- divergence, kd_loss, kd_gradient --------------------------------------------------------------


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
    return -_logs(student, temperature)[np.arange(len(labels)), labels].mean()


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
    """Add the five to a notebook's registry, in its order."""
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
