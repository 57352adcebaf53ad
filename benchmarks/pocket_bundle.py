"""Build the ready-made bundle that `00_start_here` opens: the teacher, then one small convolution with slots.

python -m benchmarks.pocket_bundle [--out data/bundles/pocket]
"""

import argparse
import shutil
from pathlib import Path

from edgelab import datasets
from edgelab.bundle import read_manifest
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained
from edgelab.workspace import data_home

# 2 MB with its tokenizer, in fp32: no quantization yet, that is a notebook of its own.
SPEC = Spec("convolution", vocabulary=4096, embedding=64, hidden=384)
# Longer than the notebook's training: nobody waits for this one.
PLAN = StudentPlan(lr=3e-3, steps=5000, batch_size=64, augmented=40_000)


def train() -> tuple[Trained, Trained]:
    """The teacher of notebook 01, and the shipped student."""
    pocket = datasets.load("pocket")
    teacher = train_teacher(pocket, TeacherPlan.for_size(len(pocket.train)))
    return teacher, train_student(SPEC, (teacher,), PLAN)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=data_home() / "bundles" / "pocket")
    out = parser.parse_args(arguments).out
    _, student = train()
    shutil.copytree(student.bundle(), out, dirs_exist_ok=True)
    print(f"{student.note}\n{out}: {read_manifest(out)['metrics']}")


if __name__ == "__main__":
    main()
