"""One trial of a sweep: a data set, a recipe, a precision and a seed become a model and a row."""

import functools
import hashlib
import json
import re
from dataclasses import dataclass, replace
from typing import Any

from edgelab.build.deploy import deploy
from edgelab.build.search_space import Profile, fit, profile, teacher_plan
from edgelab.build.unlabelled import select
from edgelab.bundle.answers import answers
from edgelab.datasets.dataset import Dataset
from edgelab.datasets.loading import load
from edgelab.datasets.sources import DataError
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.machine.host import host
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained
from edgelab.sweeps.config import Config, Recipe, short_name
from edgelab.workspace import folder_bytes, plain


@dataclass(frozen=True)
class Trial:
    """All that decides a row. `spec` and `plan` are None for the teacher itself; `fingerprint` is of the data, labelled and
    unlabelled, since a worker reads them anew."""

    data: str
    fingerprint: str
    split: str
    recipe: str
    precision: str
    seed: int
    teacher: TeacherPlan
    spec: Spec | None
    plan: StudentPlan | None
    distilled: bool = True
    unlabelled: bool = True
    read: float = 0.0  # tokens that the teacher trains on, and
    tokens: float = 0.0  # of a text on average: for the time that is left

    @property
    def name(self) -> str:
        """A file's name, the same for the same trial and for no other."""
        parts = (plain(part) if part else None for part in (self.teacher, self.spec, self.plan))
        whole = json.dumps(
            [
                self.fingerprint,
                self.split,
                self.recipe,
                self.precision,
                self.seed,
                *parts,
                self.distilled,
                self.unlabelled,
            ]
        )
        words = re.sub(
            r"[^a-zA-Z0-9]+", "-", f"{short_name(self.data)[:20]} {self.recipe[:20]} {self.precision} {self.seed}"
        )
        return f"{words.strip('-')}-{hashlib.sha256(whole.encode()).hexdigest()[:12]}"

    @property
    def title(self) -> str:
        """As progress shows it."""
        return f"{short_name(self.data)}, {self.recipe} {self.precision}, seed {self.seed}"


def trials_of(config: Config) -> list[Trial]:
    """Every trial of a sweep, those first that share a teacher. What is wrong with a data set is a `DataError` here, before
    anything is trained, or a `BuildError`."""
    found = []
    for source in config.data:
        data = load(source)
        sizes = profile(data)
        select(data)
        plan = replace(teacher_plan(sizes), **config.teacher)
        read = plan.epochs * (1 + plan.exchanged) * sizes.texts * sizes.tokens
        for seed in config.seeds:
            for recipe in config.recipes:
                spec, student = _concrete(recipe, sizes)
                for precision in config.precisions:
                    named = (source, data.fingerprint, config.split, recipe.name, precision, seed)
                    found.append(
                        Trial(*named, plan, spec, student, recipe.distilled, recipe.unlabelled, read, sizes.tokens)
                    )
    return found


def _concrete(recipe: Recipe, sizes: Profile) -> tuple[Spec | None, StudentPlan | None]:
    """Its shape and plan on this data: as `edgelab build` would fit them, then with the recipe's own values."""
    if recipe.student is None:
        return None, None
    fitted = fit(recipe.student, sizes)
    return replace(fitted.spec, **recipe.shape), replace(fitted.plan, **recipe.plan)


@functools.lru_cache(maxsize=2)
def data_of(source: str, fingerprint: str) -> tuple[Dataset, tuple[str, ...]]:
    """A trial's data where it runs, and the unlabelled lines that students see of it.

    Raises:
        DataError: it cannot be read there, or is not what the command has seen.
    """
    data = load(source)
    if data.fingerprint != fingerprint:
        raise DataError(f"{source}: expected the data that the command has seen, found that a worker sees others")
    return data.labelled, select(data).used


def make_teacher(trial: Trial) -> Trained:
    """The teacher of a trial, trained or loaded, on one thread: sums would come out otherwise on several."""
    import torch

    torch.set_num_threads(1)
    data, _ = data_of(trial.data, trial.fingerprint)
    return train_teacher(data, trial.teacher, seed=trial.seed)


def make_model(trial: Trial) -> Trained:
    """The model of a trial, trained or loaded."""
    teacher = make_teacher(trial)
    if trial.spec is None or trial.plan is None:
        return teacher
    _, lines = data_of(trial.data, trial.fingerprint)
    lines = lines if trial.unlabelled else ()
    return train_student(
        trial.spec, (teacher,), trial.plan, unlabelled=lines, seed=trial.seed, distilled=trial.distilled
    )


def prepare_teacher(trial: Trial) -> None:
    """`make_teacher` as a task of its own, which others wait for."""
    make_teacher(trial)


def prepare_model(trial: Trial) -> None:
    """`make_model`, likewise."""
    make_model(trial)


def run_trial(trial: Trial) -> dict[str, Any]:
    """The row: what it was, how often it is right, what it takes. Of each example whether label and call are right, for
    comparisons in pairs. No latency: workers share a machine, and would time each other."""
    model = make_model(trial)
    _, folders = deploy(model, (trial.precision,))
    (folder,) = folders.values()
    given = answers(folder, model.dataset, trial.split)
    calls = given.call_exact_match
    return {
        "trial": trial.name,
        "data": short_name(trial.data),
        "recipe": trial.recipe,
        "precision": trial.precision,
        "seed": trial.seed,
        "split": trial.split,
        "examples": len(given.correct),
        "accuracy": given.accuracy.value,
        "accuracy_low": given.accuracy.low,
        "accuracy_high": given.accuracy.high,
        "calls": calls and calls.value,
        "calls_low": calls and calls.low,
        "calls_high": calls and calls.high,
        "size_bytes": folder_bytes(folder),
        "training_s": model.artifact.seconds,
        "cpu": host().cpu,
        "right_label": given.correct.tolist(),
        "right_call": None if given.calls is None else given.calls.tolist(),
    }
