"""Distillation on CLINC150, in full: one teacher, two students, each with its undistilled twin, three seeds.

python -m benchmarks.distillation       about half an hour of two cores; prints the table and writes it into README.md

The notebook's training is shorter. Accuracy is in-scope, on test; nothing here was chosen on it.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.pocket_card import public_data, put, table
from edgelab import datasets
from edgelab.build.search_space import CANDIDATES
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.machine.host import host
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained
from edgelab.stats.bootstrap import paired_difference, paired_ratio
from edgelab.workspace import write_atomic

README = Path(__file__).parent / "README.md"
SEEDS = (0, 1, 2)
# Some of those that `edgelab build` tries, as it trains them on data of this size.
BUILT = {student.spec.name: (student.spec, student.plan) for student in CANDIDATES}
NAMES = ("transformer 2x384", "convolution 48/384", "convolution 32/192")
TRANSFORMER, CONVOLUTION, SMALL = (BUILT[name] for name in NAMES)


@dataclass(frozen=True)
class Pair:
    """A student and its undistilled twin over the seeds; correct answers bool [seeds, examples]."""

    name: str
    distilled: np.ndarray
    undistilled: np.ndarray
    seconds: float  # of the distilled one, median of the seeds


def train_teacher_of_clinc() -> Trained:
    clinc = datasets.load("clinc150")
    return train_teacher(clinc, TeacherPlan.for_data(clinc))


def train_pair(teacher: Trained, spec: Spec, plan: StudentPlan, seeds: tuple[int, ...] = SEEDS) -> Pair:
    taught = [train_student(spec, (teacher,), plan, seed=seed) for seed in seeds]
    alone = [train_student(spec, (teacher,), plan, seed=seed, distilled=False) for seed in seeds]
    correct = [np.array([model.correct() for model in models]) for models in (taught, alone)]
    return Pair(spec.name, *correct, float(np.median([model.artifact.seconds for model in taught])))


def figures(teacher: Trained, pairs: list[Pair]) -> str:
    right = teacher.correct()
    rows = []
    for pair in pairs:
        kept, gain = paired_ratio(pair.distilled, right), paired_difference(pair.distilled, pair.undistilled)
        by_seed = pair.distilled.mean(1) / right.mean()
        rows.append(
            [
                pair.name,
                " / ".join(f"{100 * a:.1f}" for a in pair.distilled.mean(1)),
                " / ".join(f"{100 * a:.1f}" for a in pair.undistilled.mean(1)),
                f"{100 * np.median(by_seed):.1f} [{100 * kept.low:.1f}, {100 * kept.high:.1f}]",
                f"{100 * gain.value:+.1f} [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]",
                f"{pair.seconds:.0f}",
            ]
        )
    header = [
        "student",
        "distilled, by seed, %",
        "undistilled, %",
        "retention, median, %",
        "gain, points",
        "s to train",
    ]
    return (
        f"{table(header, rows)}\n\nTeacher: {100 * right.mean():.1f} % in-scope, {teacher.artifact.seconds:.0f} s to train. "
        f"Intervals: 95 %, paired, over examples and seeds. Host: {host().cpu}, {host().cores} cores."
    )


def main() -> None:
    with public_data():
        teacher = train_teacher_of_clinc()
        text = figures(teacher, [train_pair(teacher, *student) for student in (TRANSFORMER, CONVOLUTION)])
    write_atomic(README, put(README.read_text("utf-8"), "distillation", text))
    print(text)


if __name__ == "__main__":
    main()
