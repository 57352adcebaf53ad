"""The student that later notebooks load is the one that `01_distillation` trained."""

from dataclasses import replace

from edgelab.distillation import ready
from edgelab.distillation.students import StudentPlan
from edgelab.distillation.teacher import TeacherPlan, train_teacher


def test_it_learns_from_the_unlabelled_texts_too(tiny, at_home, monkeypatch):
    """A teacher's own data set holds none: it was asked for by its labelled part."""
    data = replace(tiny, unlabelled=("wake me", "play it"))
    teacher, asked = train_teacher(data, TeacherPlan(batch_size=12, epochs=5)), []
    monkeypatch.setattr(ready, "train_student", lambda *of, **named: asked.append((of, named)))
    ready.course_student(teacher, data)
    plan = StudentPlan.for_family("convolution")
    assert asked == [((ready.CONVOLUTION, (teacher,), plan), {"unlabelled": data.unlabelled})]
