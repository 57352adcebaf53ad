"""The student of `01_distillation` for those who study something else than its training."""

from pathlib import Path

from edgelab.datasets.choice import COURSE
from edgelab.datasets.dataset import Dataset
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained
from edgelab.workspace import data_home

CONVOLUTION = Spec("convolution", vocabulary=4096, embedding=64, hidden=256)


def course_student(teacher: Trained, data: Dataset) -> Trained:
    """The convolution that the course's notebooks go on with: loaded where it has been trained, else trained now. A teacher
    keeps no unlabelled texts, the student learns from them: so `data`, too."""
    plan = StudentPlan.for_family(CONVOLUTION.family)
    return train_student(CONVOLUTION, (teacher,), plan, unlabelled=data.unlabelled)


def ready_student(teacher: Trained, data: Dataset) -> Path:
    """The folder of a student's bundle: of Pocket the ready-made one; of other data one that the teacher teaches now."""
    if data.name == COURSE:
        return data_home() / "bundles" / COURSE
    return course_student(teacher, data).bundle()
