"""What `01_distillation` does between its exercises, with the learner's functions in it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from edgelab.datasets.sources import DataError
from edgelab.distillation.by_hand import Gradient, Written, says_of_training, written_loss
from edgelab.distillation.family import Measured
from edgelab.distillation.losses import soften
from edgelab.distillation.outside import mapped_test
from edgelab.distillation.targets import Targets, labelled_texts, soft_loss
from edgelab.distillation.teacher import zero_shot
from edgelab.models.trained import Trained
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval

if TYPE_CHECKING:
    import pandas as pd

TEMPERATURES = np.arange(2, 21) / 2  # of the explorers' sliders
BARS = np.arange(80, 101) / 100


def untuned_and_tuned(teacher: Trained) -> dict[str, Interval]:
    """How often the encoder is right on test, asked by the labels' names before its tuning and as the teacher after it."""
    data = teacher.dataset
    untuned = np.array(data.labels)[zero_shot(data, data.test)] == np.array(data.test.labels)
    return {"untuned, zero-shot": accuracy_interval(untuned), "the same, tuned": accuracy_interval(teacher.correct())}


def likely(probabilities: np.ndarray, labels: tuple[str, ...], best: int = 4) -> str:
    """The likeliest labels of one request, [labels], in words."""
    return ", ".join(f"{labels[i]} {probabilities[i]:.2f}" for i in np.argsort(-probabilities)[:best])


def falls_below(logits: np.ndarray, share: float) -> float:
    """The first temperature of the slider at which the best label of one request, [labels], has less than this share; the
    last one if at none."""
    best = [soften(logits, t).max() for t in TEMPERATURES]
    return float(TEMPERATURES[next((i for i, p in enumerate(best) if p < share), -1)])


def highest_bar(measured: Mapping[str, Measured]) -> float:
    """The highest bar of the other slider that the smallest model clears; 0 where it clears none."""
    smallest = min(measured.values(), key=lambda m: m.size_bytes)
    return float(max([bar for bar in BARS if smallest.retention.low >= bar], default=0.0))


def asked(teacher: Trained, lines: tuple[str, ...]) -> dict[str, tuple[tuple[str, ...], np.ndarray]]:
    """What a student may be taught from, and what the teacher says of it, [texts, labels]: the labelled sentences and, where
    there are any, unlabelled lines."""
    found = {"labelled sentences": (teacher.dataset.train.texts, says_of_training(teacher))}
    if lines:
        found["unlabelled lines"] = (lines, labelled_texts((teacher,), lines).intent_logits)
    return found


def torch_gap(kd_loss: Written, kd_gradient: Gradient, temperature: float = 2.0) -> tuple[float, float]:
    """How far the written loss lies from what the production training computes in torch for intents, and the written gradient
    from torch's own, at most, on 50 random examples of 27 labels."""
    import torch

    from edgelab.models.training import Batch

    student, teacher = np.random.default_rng(0).normal(scale=3, size=(2, 50, 27))
    nothing = torch.zeros(50, dtype=torch.long)  # of a batch the soft loss reads the rows alone
    batch = Batch(np.arange(50), nothing, nothing, nothing, nothing, labels=nothing)
    production = soft_loss(Targets(("",) * 50, teacher, None), temperature)
    values, gradients = [], []
    for loss in (production, written_loss(kd_loss, kd_gradient, teacher, temperature, 1.0)):
        logits = torch.tensor(student, requires_grad=True)
        value = loss((logits,), batch)
        (gradient,) = torch.autograd.grad(value, logits)
        values.append(value.item())
        gradients.append(gradient.numpy())
    return abs(values[0] - values[1]), float(np.abs(gradients[0] - gradients[1]).max())


def added(wide: Sequence[Trained], narrow: Sequence[Trained]) -> dict[str, Interval]:
    """The points of accuracy that the ones have more than the others, on average over their seeds, by split; last on Pocket's
    plain lines, which other data lack. The interval is over the examples."""
    splits = ["validation", "test", *(["plain"] if "plain" in wide[0].dataset.extra else [])]
    return {split: _gain([m.correct(split) for m in wide], [m.correct(split) for m in narrow]) for split in splits}


def _gain(more: Sequence[np.ndarray], less: Sequence[np.ndarray]) -> Interval:
    return paired_difference(100 * np.mean(more, axis=0), 100 * np.mean(less, axis=0))


def other_peoples_words(teacher: Trained, wide: Sequence[Trained], narrow: Sequence[Trained]) -> list[str]:
    """What teacher, students and students without the transfer set make of CLINC150's mapped requests, in words; or why they
    were not asked."""
    try:
        people = mapped_test("clinc150", teacher.dataset)
    except DataError as error:
        return [f"not at hand: {error}"]
    more, less = ([people.correct(model) for model in models] for models in (wide, narrow))
    points = _gain(more, less)
    return [
        f"of {len(people):,} requests the teacher gets {100 * people.correct(teacher).mean():.1f} % right",
        f"the students {100 * np.mean(more):.1f} %, without the transfer set {100 * np.mean(less):.1f} %",
        f"added: {points:+.1f} points; the whole paired interval lies above 0: {'yes' if points.low > 0 else 'no'}",
    ]


def lost(of_teacher: np.ndarray, of_student: np.ndarray) -> np.ndarray:
    """For each example 1 where only the teacher is right, -1 where only the student is, else 0; int [examples]."""
    return of_teacher.astype(int) - of_student.astype(int)


def kept(teacher: Trained, student: Trained) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What teacher and student get right on test, of whole requests and of their parts, and on Pocket's hard set."""
    data = teacher.dataset
    found = {"label": (teacher.correct(), student.correct())}
    if data.slot_names:
        found["all slots"] = teacher.slots_correct(), student.slots_correct()
    found["call"] = teacher.calls_correct(), student.calls_correct()
    cloud = np.array(data.test.labels) == "ask_cloud"
    if cloud.any():
        of_teacher, of_student = found["label"]
        found["label, ask_cloud only"] = of_teacher[cloud], of_student[cloud]
    if "hard" in data.extra:
        found["label, hard set"] = teacher.correct("hard"), student.correct("hard")
    return found


def kept_table(parts: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> "pd.DataFrame":
    """A row for each of these: the shares right, the student's over the teacher's, the examples."""
    import pandas as pd

    rows = {}
    for name, (teacher, student) in parts.items():
        shares = teacher.mean(), student.mean()
        rows[name] = {"teacher": shares[0], "student": shares[1], "retention": shares[1] / max(shares[0], 1e-9)}
        rows[name]["examples"] = len(teacher)
    return pd.DataFrame(rows).T.astype({"examples": int}).round(3)


def lost_by_label(of_teacher: Mapping[str, float], of_student: Mapping[str, float]) -> "pd.DataFrame":
    """Both recalls of each label and their difference, the greatest loss first."""
    import pandas as pd

    table = pd.DataFrame({"teacher": of_teacher, "student": of_student})
    table["lost"] = table["teacher"] - table["student"]
    return table.sort_values(["lost", "teacher"], ascending=False, kind="stable").round(2)


def hard_kinds(teacher: Trained, student: Trained) -> "pd.DataFrame":
    """The shares right of each kind of request in Pocket's hard set; empty for other data."""
    import pandas as pd

    from edgelab.datasets.pocket import read_hard
    from edgelab.workspace import data_home

    rows = {}
    if "hard" in teacher.dataset.extra:
        kinds = np.array(read_hard(data_home() / "pocket" / "hard.txt")[1])
        for kind in np.unique(kinds):
            shares = [m.correct("hard")[kinds == kind].mean() for m in (teacher, student)]
            rows[str(kind)] = {"teacher": shares[0], "student": shares[1], "examples": (kinds == kind).sum()}
    return pd.DataFrame.from_dict(rows, orient="index").round(2)
