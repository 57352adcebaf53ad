"""The plan of the notebook: what is simulated, what was measured once, and what breaks the brief."""

import numpy as np
import pytest

from edgelab.privacy.shipping_exercise import (
    ANSWERS,
    BUDGET,
    CAUGHT,
    GROUPS,
    LINES,
    SHIPPING_PLAN,
    TRUSTS,
    WORLDS,
    agreement,
    caught,
    judge_plan,
    outcome,
    rehearse,
)


def plan(**changes):
    return SHIPPING_PLAN | changes


def test_the_courses_plan_holds_in_both_worlds():
    assert judge_plan(SHIPPING_PLAN) == judge_plan(SHIPPING_PLAN, "rehearsal") == []


ROOM = {
    "epsilon": (1.28, 1.33),
    "minimum_group": (740, 820),
    "queries_a_day": (70, 80),
}


@pytest.mark.parametrize("name, value", [(name, value) for name, values in ROOM.items() for value in values])
def test_there_is_room_around_it(name, value):
    assert judge_plan(plan(**{name: value})) == []


def test_a_report_more_cannot_be_afforded_at_any_size():
    for group in range(50, 2000, 50):
        assert judge_plan(plan(reports=4, epsilon=BUDGET / 4, minimum_group=group)) != []


def test_what_just_holds_in_the_rehearsal_fails_elsewhere():
    bold = plan(minimum_group=1000)
    assert judge_plan(bold, "rehearsal") == [] and "phones whose group is shown" in judge_plan(bold)[0]
    slow = plan(queries_a_day=60)
    assert judge_plan(slow, "rehearsal") == [] and "a user is refused" in judge_plan(slow)[0]


def test_what_a_thief_can_in_the_rehearsal_one_can_elsewhere():
    quick = plan(queries_a_day=100)
    for world in WORLDS:
        assert "a thief's copy agrees" in judge_plan(quick, world)[0]


def test_no_answer_and_no_limit_will_do_for_all_of_it():
    """Only the limit stops a thief, and only up to what users need."""
    for answers in ANSWERS:
        kept = [judge_plan(plan(answers=answers, queries_a_day=limit)) == [] for limit in (20, 40, 75, 200, 1000)]
        assert any(kept) == (caught(answers, "test") >= CAUGHT) and not (kept[0] or kept[-1])


@pytest.mark.parametrize("trusts", TRUSTS)
def test_only_the_rule_of_the_notebook_takes_all_that_is_sound_and_nothing_else(trusts):
    complaints = judge_plan(plan(trusts=trusts))
    assert (complaints == []) == (trusts == "not older")


def test_a_thief_learns_with_every_question():
    for answers in ANSWERS:
        for _, _, split, _ in WORLDS.values():
            values = [agreement(answers, queries, split) for queries in (100, 1000, 5000)]
            assert values == sorted(values) and 0.1 < values[0] < values[-1] < 1
    assert agreement("label", 0, "test") == agreement("label", 100, "test")


def test_rounding_to_two_decimals_hides_nothing_from_an_app_and_the_label_everything():
    assert caught("two decimals", "test") == pytest.approx(caught("probabilities", "test"), abs=0.03)
    assert caught("label", "test") == 0 < caught("one decimal", "test") < CAUGHT


def test_larger_groups_are_exacter_and_show_less():
    found = [outcome(plan(minimum_group=group), "held out") for group in (25, 400, 800, 2500)]
    assert [f["off"] for f in found] == sorted((f["off"] for f in found), reverse=True)
    assert [f["shown"] for f in found] == sorted((f["shown"] for f in found), reverse=True)
    nobody = outcome(plan(minimum_group=10 * max(GROUPS)), "held out")
    assert (nobody["off"], nobody["shown"]) == (1, 0)


def test_the_rehearsal_has_a_row_for_each_line_of_the_brief():
    table = rehearse(plan(reports=4))
    assert len(table) == len(LINES) and table["kept"].tolist().count("no") >= 1
    assert list(rehearse({"epsilon": 1})) == ["unclear"]


ODD = {
    "an entry too few": ({"epsilon": 1.0}, "expected the entries"),
    "no such answer": (plan(answers="nothing"), "answers: expected one of"),
    "a list for an answer": (plan(answers=["label"]), "answers: expected one of"),
    "no such trust": (plan(trusts=None), "trusts: expected one of"),
    "a text": (plan(epsilon="1"), "epsilon: expected a number"),
    "a truth": (plan(reports=True), "reports: expected a whole number"),
    "half a report": (plan(reports=2.5), "reports: expected a whole number"),
    "none": (plan(reports=0), "reports: expected a whole number from 1"),
    "less than nothing": (plan(epsilon=-1.0), "epsilon: expected a number"),
    "NaN": (plan(epsilon=float("nan")), "epsilon: expected a number"),
    "endless": (plan(minimum_group=float("inf")), "minimum_group: expected a whole number"),
    "several": (plan(queries_a_day=np.array([5, 6])), "queries_a_day: expected a whole number"),
}


@pytest.mark.parametrize("odd, words", ODD.values(), ids=ODD)
def test_an_odd_plan_is_a_complaint(odd, words):
    assert words in judge_plan(odd)[0]


def test_a_whole_number_may_be_a_float_and_numpys():
    assert judge_plan(plan(reports=3.0, minimum_group=np.int64(780), queries_a_day=np.float64(75))) == []
