"""A student for those who study something else than its training."""

from pathlib import Path

from edgelab.datasets.choice import COURSE
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.models.spec import Spec
from edgelab.models.trained import Trained
from edgelab.workspace import data_home


def ready_student(teacher: Trained) -> Path:
    """The folder of a student's bundle: of Pocket the ready-made one; of other data one that the teacher teaches now."""
    data = teacher.dataset
    if data.name == COURSE:
        return data_home() / "bundles" / COURSE
    spec = Spec("convolution", vocabulary=4096, embedding=64, hidden=256)
    plan = StudentPlan.for_family(spec.family)
    return train_student(spec, (teacher,), plan, unlabelled=data.unlabelled).bundle()
