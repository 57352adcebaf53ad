"""Slow: a teacher of CLINC150 and its students, in full, with undistilled twins."""

import numpy as np
import pytest

from benchmarks import distillation
from benchmarks.pocket_card import public_data
from edgelab.distillation.students import train_student
from tests.shared_data import needs_shared

# A little under what was measured (the data card, benchmarks/README.md): another processor sums in another order, and
# so trains another model. What a broken build reaches lies well under each of them.
TEACHER = 0.955
RETENTION = {"transformer 2x384": 0.98, "convolution 48/384": 0.985, "convolution 32/192": 0.97}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.usefixtures("full_home"),
    needs_shared,
]


@pytest.fixture(scope="module")
def teacher(full_home):
    with public_data():
        return distillation.train_teacher_of_clinc()


def test_the_teacher_is_as_good_as_promised(teacher):
    assert teacher.correct().mean() >= TEACHER


@pytest.mark.parametrize(
    "student", [distillation.TRANSFORMER, distillation.CONVOLUTION], ids=["transformer", "convolution"]
)
def test_students_keep_what_was_promised(teacher, student):
    spec, plan = student
    accuracy = train_student(spec, (teacher,), plan).correct().mean()
    print(f"{spec.name}: {accuracy:.4f} of {teacher.correct().mean():.4f}")
    assert accuracy / teacher.correct().mean() >= RETENTION[spec.name]


def test_each_of_three_students_is_better_than_its_undistilled_twin(teacher):
    """The smallest of the usual ones: a larger one takes several times as long, and its twins are in
    benchmarks/README.md."""
    pair = distillation.train_pair(teacher, *distillation.SMALL)
    print(distillation.figures(teacher, [pair]))
    assert (pair.distilled.mean(1) > pair.undistilled.mean(1)).all()
    assert np.median(pair.distilled.mean(1)) / teacher.correct().mean() >= RETENTION[pair.name]
