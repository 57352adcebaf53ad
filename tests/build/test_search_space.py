"""The plans that data of each size get."""

from dataclasses import replace

import pytest

from edgelab.build.deploy import SHIPPED
from edgelab.build.search_space import CANDIDATES, FULL_DIET, PER_TEXT, TEACHER_TOKENS, Profile, fit, profile, suitable
from edgelab.build.search_space import teacher_plan as plan_of
from edgelab.datasets.dataset import Dataset, Split
from edgelab.distillation.teacher import TeacherPlan
from edgelab.models.tokens import load_tokenizer

CLINC150 = Profile(texts=15_000, tokens=11.0, cut=0.0, slots=False)


def split(*texts: str) -> Split:
    return Split(texts, tuple("ab"[i % 2] for i in range(len(texts))))


def test_a_profile_counts_what_decides_the_plans():
    long = "the queen of rome " * 50
    data = Dataset("x", split("play queen", "play abba", long), split("play"), split(long, "stop"), ("a", "b"))
    found = profile(data)
    tokenizer = load_tokenizer()
    lengths = [len(tokenizer.encode(text)) for text in data.train.texts]
    assert lengths[2] == 128
    assert found.texts == 3 and found.tokens == pytest.approx(sum(lengths) / 3) and found.cut == 2 / 6


def test_data_of_the_plans_own_size_get_the_plans():
    for student in CANDIDATES:
        fitted = fit(student, CLINC150)
        assert fitted.plan == student.plan and fitted.precisions == student.precisions
        assert fitted.spec == student.spec


def test_all_students_are_taught_with_the_same_labels():
    """The teacher labels variations once, for all of them."""
    for data in (CLINC150, replace(CLINC150, texts=30), replace(CLINC150, texts=100_000, tokens=120)):
        fitted = [fit(student, data) for student in CANDIDATES]
        assert len({(s.plan.variations_from or s.spec.vocabulary, s.plan.augmented) for s in fitted}) == 1


def test_a_few_dozen_texts_get_few_variations_and_steps():
    fitted = fit(CANDIDATES[1], Profile(texts=36, tokens=7, cut=0, slots=False))
    assert fitted.plan.augmented == 36 * PER_TEXT
    assert fitted.plan.steps == CANDIDATES[1].plan.steps * 0.2
    assert fitted.plan.real_share == CANDIDATES[1].plan.real_share


def test_many_and_long_texts_do_not_make_the_teacher_read_for_hours():
    huge = Profile(texts=100_000, tokens=120, cut=0.4, slots=False)
    assert plan_of(huge).epochs * huge.texts * huge.tokens == pytest.approx(TEACHER_TOKENS)
    fitted = fit(CANDIDATES[1], huge)
    assert fitted.plan.augmented == 0 and fitted.plan.real_share == 1
    assert fitted.plan.steps == CANDIDATES[1].plan.steps
    long = Profile(texts=2_000, tokens=100, cut=0.4, slots=False)
    assert (long.texts + fit(CANDIDATES[1], long).plan.augmented) * long.tokens == pytest.approx(TEACHER_TOKENS)


def test_real_texts_are_drawn_as_often_as_their_share():
    fitted = fit(CANDIDATES[1], replace(CLINC150, texts=60_000))
    assert fitted.plan.real_share == 60_000 / (60_000 + fitted.plan.augmented) > CANDIDATES[1].plan.real_share
    assert 60_000 + fitted.plan.augmented >= FULL_DIET


def test_targets_are_softened_where_there_are_no_slots(tiny):
    assert profile(tiny).slots and not profile(replace(tiny, slot_names=())).slots
    for slots, temperature in ((True, 1.0), (False, 2.0)):
        assert {fit(s, replace(CLINC150, slots=slots)).plan.temperature for s in CANDIDATES} == {temperature}


def test_the_teachers_plan_is_the_usual_one_otherwise():
    assert plan_of(CLINC150) == TeacherPlan.for_size(15_000)
    assert plan_of(Profile(36, 7, 0, slots=False)) == TeacherPlan.for_size(36)


def test_data_with_slots_get_no_student_that_cannot_tag_them(tiny):
    assert {s.spec.family for s in suitable(tiny)} == {"transformer", "convolution"}
    assert suitable(replace(tiny, slot_names=())) == CANDIDATES
    assert "static" in {s.spec.family for s in CANDIDATES}


def test_every_candidate_has_a_name_and_known_precisions():
    assert len({s.spec.name for s in CANDIDATES}) == len(CANDIDATES)
    assert all(set(s.precisions) <= set(SHIPPED) for s in CANDIDATES)
