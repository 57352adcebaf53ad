"""The plan of the notebook: what is measured once, and what breaks the brief."""

import numpy as np
import pytest

from edgelab.personalization.plan_exercise import (
    CHOICES,
    LOST,
    PERSONAL_PLAN,
    UNDERSTOOD,
    judge_plan,
    outcome,
    seen_aside,
)


def plan(**changes):
    return PERSONAL_PLAN | changes


def test_a_higher_price_is_more_understood_and_more_lost():
    found = [outcome(plan(most_loss=most), "held out") for most in (0.0, 0.01, 0.02, 0.04, 0.1)]
    assert found == sorted(found) and [lost for _, lost in found] == sorted(lost for _, lost in found)


@pytest.mark.parametrize("replay", [0.25, 0.5, 0.75, 0.9])
@pytest.mark.parametrize("most_loss", [0.018, 0.02, 0.025])
def test_there_is_room_around_the_courses_plan(replay, most_loss):
    assert judge_plan(plan(replay=replay, most_loss=most_loss)) == []


def test_no_price_will_do_for_the_other_ways():
    for way, replays in CHOICES.items():
        for replay in replays if way == "head" else (0.5,):
            kept = [judge_plan(plan(way=way, replay=replay, most_loss=step / 200)) == [] for step in range(21)]
            assert any(kept) == (way == "head" and replay > 0)


def test_the_brief_copied_fails_on_test_alone():
    understood, lost = outcome(plan(most_loss=LOST), "held out")
    assert understood >= UNDERSTOOD and lost > LOST and len(judge_plan(plan(most_loss=LOST))) == 1


ODD = {
    "an entry too few": ({"way": "head"}, "expected the entries"),
    "no such way": (plan(way="guess"), "way: expected one of"),
    "no such share": (plan(replay=0.3), "replay: expected one of"),
    "a list for a way": (plan(way=["head"]), "way: expected one of"),
    "a text": (plan(most_loss="2 %"), "most_loss: expected a share"),
    "a truth": (plan(most_loss=True), "most_loss: expected a share"),
    "NaN": (plan(most_loss=float("nan")), "most_loss: expected a share"),
    "a list for a share": (plan(replay=np.array([0.5, 0.5])), "replay: expected one of"),
    "beyond a float": (plan(most_loss=10**400), "most_loss: expected a share"),
    "points for a share": (plan(most_loss=2.0), "most_loss: expected a share"),
}


@pytest.mark.parametrize("odd, words", ODD.values(), ids=ODD)
def test_an_odd_plan_is_a_complaint(odd, words):
    assert words in judge_plan(odd)[0]


def test_a_share_may_be_a_whole_number():
    assert judge_plan(plan(replay=0)) == judge_plan(plan(replay=0.0)) != []


def test_what_is_seen_has_a_row_for_each_choice():
    assert len(seen_aside()) == sum(map(len, CHOICES.values()))
