"""A build of seconds: candidates, plans and a teacher small enough for a test. As a program it is `edgelab` with them."""

import sys

from edgelab import cli
from edgelab.build import pipeline, search_space
from edgelab.build.search_space import Student
from edgelab.distillation.students import StudentPlan
from edgelab.distillation.teacher import TeacherPlan
from edgelab.models import encoder, networks
from edgelab.models.spec import Spec


def student(spec: Spec, steps: int, bits: int | None) -> Student:
    plan = StudentPlan(5e-3, steps, batch_size=16, augmented=60, masked=0.1, bits=bits)
    return Student(spec, plan, ("fp32", "int8", "int4"))


REPLACED = {
    (search_space, "CANDIDATES"): (
        student(Spec("convolution", 1024, 32, 48), 2000, bits=4),
        student(Spec("static", 1024, 16, 24), 25, bits=None),
    ),
    (pipeline, "teacher_plan"): lambda data: TeacherPlan(lr=1e-3, head_lr=8e-3, batch_size=12, epochs=10),
    (pipeline, "REQUESTS"): 40,
    # One of the teacher's six layers: exporting all takes most of a minute.
    (networks, "load_encoder"): lambda layers=None: encoder.load_encoder(layers or (0,)),
}

if __name__ == "__main__":
    for (module, name), value in REPLACED.items():
        setattr(module, name, value)
    sys.exit(cli.main())
