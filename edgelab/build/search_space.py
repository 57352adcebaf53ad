"""What `edgelab build` tries: the students, and how large and how long trained the data allows them to be."""

from dataclasses import dataclass, replace

import numpy as np

from edgelab.datasets.dataset import SPLITS, Dataset
from edgelab.distillation.students import StudentPlan
from edgelab.distillation.teacher import TeacherPlan
from edgelab.models.spec import Spec
from edgelab.models.tokens import encodings, load_tokenizer


@dataclass(frozen=True)
class Student:
    """One student and the formats it ships in. Its plan is for `FULL_DIET` texts or more; `fit` adapts it."""

    spec: Spec
    plan: StudentPlan
    precisions: tuple[str, ...]


# Rarer words are split further. More tokens bring students nothing that was measured (benchmarks/README.md), and each
# costs its embedding and about 2 bytes of vocabulary.
VOCABULARY = 4096
VARIATIONS = 120_000  # of the training texts, labelled by the teacher: the same ones for every student


def _transformer(layers: tuple[int, ...], lr: float, steps: int) -> Student:
    plan = StudentPlan(lr, steps, augmented=VARIATIONS, real_share=0.6, masked=0.1, temperature=2.0)
    return Student(Spec("transformer", VOCABULARY, layers=layers), plan, ("fp32", "int8", "int4"))


def _small(spec: Spec, lr: float, steps: int) -> Student:
    """Trained for 4 bits, so that its float32 form would only be larger."""
    plan = StudentPlan(lr, steps, temperature=2.0, augmented=VARIATIONS, bits=4, variations_from=VOCABULARY)
    return Student(spec, plan, ("int8", "int4"))


CANDIDATES = (
    _transformer((0, 3), lr=7e-4, steps=600),
    _small(Spec("convolution", VOCABULARY, 128, 384, depth=2), lr=2e-3, steps=8000),
    _small(Spec("convolution", VOCABULARY, 64, 256, depth=2), lr=3e-3, steps=5000),
    _small(Spec("convolution", VOCABULARY, 48, 384), lr=3e-3, steps=8000),
    _small(Spec("convolution", 3072, 32, 192), lr=3.5e-3, steps=5000),
    _small(Spec("convolution", 3072, 16, 192), lr=5e-3, steps=5000),
    _small(Spec("static", 3072, 64, 128), lr=5e-3, steps=3000),
)

FULL_DIET = 75_000  # texts, variations included: with fewer, a plan's steps are shortened
PER_TEXT = 20  # at most so many variations of each text: more only repeat it
TEACHER_TOKENS = 1_500_000  # what the teacher reads while it learns, and again while it labels: minutes, not hours


def suitable(dataset: Dataset) -> tuple[Student, ...]:
    """The candidates that can do the task: a static student sees no order of words, so it cannot tag slots."""
    return tuple(s for s in CANDIDATES if not dataset.slot_names or s.spec.family != "static")


@dataclass(frozen=True)
class Profile:
    """What decides the plans: the number of training texts; their tokens on average; the share of texts, in all splits,
    that are longer than the models read; and whether slots are to be tagged, too."""

    texts: int
    tokens: float
    cut: float
    slots: bool


def profile(dataset: Dataset) -> Profile:
    """Every text of a data set, tokenized once."""
    tokenizer = load_tokenizer()
    lengths, cut = [], []
    for name in SPLITS:
        for encoding in encodings(tokenizer, getattr(dataset, name).texts):
            cut.append(bool(encoding.overflowing))
            if name == "train":
                lengths.append(len(encoding))
    return Profile(len(lengths), float(np.mean(lengths)), float(np.mean(cut)), bool(dataset.slot_names))


def teacher_plan(data: Profile) -> TeacherPlan:
    """The usual plan, shortened where the texts are so many or so long that it would take hours."""
    plan = TeacherPlan.for_size(data.texts, slots=data.slots)
    return replace(plan, epochs=min(plan.epochs, TEACHER_TOKENS / (data.texts * data.tokens * (1 + plan.exchanged))))


def fit(student: Student, data: Profile) -> Student:
    """The student with the variations and steps that suit the data: few texts need fewer steps; of many texts, real ones
    are drawn as often as their share. Where slots are taught as well, the targets are not softened: on Pocket that was
    better for both, on CLINC150, which has none, worse (benchmarks/README.md)."""
    labelled = max(0, int(TEACHER_TOKENS / data.tokens) - data.texts)
    augmented = min(student.plan.augmented, PER_TEXT * data.texts, labelled)
    texts = data.texts + augmented
    plan = replace(
        student.plan,
        augmented=augmented,
        steps=round(student.plan.steps * min(1, max(0.2, texts / FULL_DIET))),
        real_share=max(student.plan.real_share, data.texts / texts),
        temperature=1.0 if data.slots else student.plan.temperature,
    )
    return replace(student, plan=plan)
