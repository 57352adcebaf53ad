"""Real distillations on the tiny data: students, their undistilled twins, when they are built anew."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch

from edgelab.distillation.losses import soften
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.distillation.teacher import TeacherPlan, train_teacher
from edgelab.models.encoder import load_encoder
from edgelab.models.spec import Spec

pytestmark = pytest.mark.usefixtures("at_home")


def test_the_student_learns_what_the_teacher_says(tiny, tiny_teacher, tiny_student):
    agree = tiny_student.outputs().intent_logits.argmax(1) == tiny_teacher.outputs().intent_logits.argmax(1)
    assert agree.mean() >= 0.8 and tiny_student.correct("validation").mean() >= 0.8
    teacher, student = (soften(m.outputs("validation").intent_logits, 2) for m in (tiny_teacher, tiny_student))
    assert np.abs(teacher - student).mean() < np.abs(teacher - 1 / 3).mean()


def test_building_again_loads_and_any_change_builds_anew(tiny, tiny_teacher, tiny_student, monkeypatch):
    plan = StudentPlan(lr=5e-3, steps=150, batch_size=12, augmented=60)
    spec = tiny_student.spec
    again = train_student(spec, (tiny_teacher,), plan)
    assert again.artifact.loaded and again.artifact.path == tiny_student.artifact.path
    assert again.note.startswith("convolution 32/48: loaded; it was built on ")
    short = replace(plan, steps=2)
    built = [
        train_student(spec, (tiny_teacher,), short),
        train_student(spec, (tiny_teacher,), short, seed=1),
        train_student(spec, (tiny_teacher,), short, distilled=False),
        train_student(replace(spec, hidden=16), (tiny_teacher,), short),
    ]
    assert len({model.artifact.path for model in built}) == 4 and not any(model.artifact.loaded for model in built)
    assert built[2].name == "convolution 32/48, undistilled" and built[2].note.startswith(
        built[2].name + ": built now in "
    )


LINES = tuple(f"{verb} {thing}" for verb in ("bring up", "ring", "tell of") for thing in ("coffee", "six", "adele"))


def test_a_student_learns_what_the_teacher_says_of_unlabelled_texts(tiny, tiny_teacher):
    spec, plan = Spec("convolution", 400, 32, 48), StudentPlan(lr=5e-3, steps=150, batch_size=12, augmented=60)
    said = soften(tiny_teacher.answer(LINES).intent_logits, 1)
    heard, not_heard = (train_student(spec, (tiny_teacher,), plan, unlabelled=lines) for lines in (LINES, ()))
    far, near = (np.abs(soften(m.answer(LINES).intent_logits, 1) - said).mean() for m in (not_heard, heard))
    assert near < 0.5 * far
    assert heard.dataset.unlabelled == LINES and heard.dataset.labelled == not_heard.dataset == tiny


def test_unlabelled_texts_are_part_of_the_key_of_those_who_see_them(tiny, tiny_teacher):
    spec, plan = Spec("convolution", 400, 32, 48), StudentPlan(lr=5e-3, steps=2, batch_size=12, augmented=60)
    train = partial(train_student, spec, (tiny_teacher,))
    seen = [train(plan, unlabelled=lines) for lines in ((), LINES, LINES[1:])]
    seen.append(train(replace(plan, unlabelled_share=0.5), unlabelled=LINES))
    assert len({model.artifact.path for model in seen}) == 4
    assert train(plan, unlabelled=LINES).artifact.loaded
    alone = [train(plan, unlabelled=lines, distilled=False).artifact.path for lines in ((), LINES)]
    assert alone[0] == alone[1]


def test_a_teacher_never_sees_unlabelled_texts(tiny, tiny_teacher):
    again = train_teacher(replace(tiny, unlabelled=LINES), TeacherPlan(batch_size=12, epochs=5))
    assert again.artifact.path == tiny_teacher.artifact.path and again.artifact.loaded and again.dataset == tiny


def test_the_twins_share_their_start(tiny_teacher):
    spec, plan = Spec("convolution", 400, 16, 24), StudentPlan(lr=0.0, steps=1, batch_size=12)
    weights = [train_student(spec, (tiny_teacher,), plan, distilled=d).model().state_dict() for d in (True, False)]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_a_transformers_twin_has_met_no_teacher(tiny_teacher):
    spec, plan = Spec("transformer", 400, layers=(0, 3)), StudentPlan(lr=0.0, steps=1, batch_size=12, head_lr=0.0)
    taught, alone = (train_student(spec, (tiny_teacher,), plan, distilled=d).model().encoder for d in (True, False))
    pretrained = load_encoder((0, 3)).encoder.state_dict()
    assert all(torch.equal(alone.encoder.state_dict()[name], value) for name, value in pretrained.items())
    teachers = tiny_teacher.model().encoder.encoder
    for ours, theirs in zip(taught.encoder.layer, (teachers.layer[0], teachers.layer[3]), strict=True):
        assert all(torch.equal(value, theirs.state_dict()[name]) for name, value in ours.state_dict().items())


def test_a_static_student_has_no_slots(tiny_teacher):
    plan = StudentPlan(lr=1e-2, steps=150, batch_size=12, augmented=60)
    static = train_student(Spec("static", 400, 32, 32), (tiny_teacher,), plan)
    assert static.outputs().slot_logits is None and static.correct().mean() >= 0.6
    with pytest.raises(ValueError, match="static 32/32 has no slot head"):
        static.slots_correct()
    assert static.calls_correct().tolist() == [False] * 6 + static.correct()[6:].tolist()  # only ask_cloud has no slots


def test_plans_for_every_size_and_family():
    assert TeacherPlan.for_size(15_000) == TeacherPlan()
    steps = [TeacherPlan.for_size(n).epochs * n / TeacherPlan.for_size(n).batch_size for n in (30, 300, 2_000, 4_999)]
    assert all(150 < count < 1_000 for count in steps)  # enough to learn, and still minutes
    plans = {family: StudentPlan.for_family(family) for family in ("transformer", "convolution", "static")}
    # Pretrained layers take smaller and dearer steps than fresh ones.
    assert all(
        plans["transformer"].lr < plan.lr and plans["transformer"].steps < plan.steps
        for family, plan in plans.items()
        if family != "transformer"
    )
    with pytest.raises(KeyError):
        StudentPlan.for_family("lstm")
