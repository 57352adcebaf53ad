"""What `01_distillation` does between its exercises, with the learner's functions in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgelab.distillation.by_hand import Gradient, Written, written_loss
from edgelab.distillation.losses import soften
from edgelab.distillation.targets import Targets, soft_loss
from edgelab.models.trained import Trained

if TYPE_CHECKING:
    import pandas as pd

TEMPERATURES = np.arange(1, 10.5, 0.5)  # of the explorer's slider


def likely(probabilities: np.ndarray, labels: tuple[str, ...], best: int = 4) -> str:
    """The likeliest labels of one request, [labels], in words."""
    return ", ".join(f"{labels[i]} {probabilities[i]:.2f}" for i in np.argsort(-probabilities)[:best])


def passes(logits: np.ndarray, share: float) -> float:
    """The first temperature of the slider at which the second-best label of one request, [labels], has more than this share;
    the last one if none is."""
    second = [np.sort(soften(logits, t))[-2] for t in TEMPERATURES]
    return float(TEMPERATURES[next((i for i, p in enumerate(second) if p > share), -1)])


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


def kept(teacher: Trained, student: Trained) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """What teacher and student get right on test, of whole requests and of their parts, and on Pocket's hard set."""
    data, both = teacher.dataset, (teacher, student)
    found = {"label": tuple(m.correct() for m in both)}
    if data.slot_names:
        found["all slots"] = tuple(m.slots_correct() for m in both)
    found["call"] = tuple(m.calls_correct() for m in both)
    cloud = np.array(data.test.labels) == "ask_cloud"
    if cloud.any():
        found["label, ask_cloud only"] = tuple(m.correct()[cloud] for m in both)
    if "hard" in data.extra:
        found["label, hard set"] = tuple(m.correct("hard") for m in both)
    return {name: (first, second) for name, (first, second) in found.items()}


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
