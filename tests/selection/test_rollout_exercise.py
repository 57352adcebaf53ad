"""The rule that stops a rollout, and the fault to find in one."""

import numpy as np
import pytest

from edgelab.selection.by_hand import same_mix
from edgelab.selection.fault_exercise import ASKED, ROLLOUT_FAULT, by_tier, dashboard, judge_fault, total
from edgelab.selection.rollout import power
from edgelab.selection.rollout_exercise import FLEET, OLD, PLAN, WORSE, judge_rule, rules_compared, schedule_of, stop
from edgelab.selection.sequential import split_rule


def z(bound):
    return lambda difference, standard_error: difference[-1] > bound * standard_error[-1]


@pytest.mark.parametrize(
    "bound, good", [(1.645, False), (2.0, False), (2.4, True), (2.64, True), (3.0, True), (4.0, False)]
)
def test_the_bound_is_higher_than_for_one_look_and_not_out_of_reach(bound, good):
    assert (judge_rule(z(bound)) == []) == good


def test_a_rule_may_answer_as_numpy_does_and_is_not_asked_after_it_stopped():
    asked = []

    def rule(difference, standard_error):
        asked.append(len(difference))
        return np.bool_(len(difference) == 2)

    assert schedule_of(rule).caught == 1.0
    assert set(asked) == {1, 2} and len(asked) == 2 * 2 * 400


def test_a_rule_cannot_change_what_it_is_shown():
    def rule(difference, standard_error):
        difference[:] = 0
        return False

    before = schedule_of(stop)
    schedule_of(rule)
    assert schedule_of(stop) == before


def test_the_quick_simulation_agrees_with_that_of_devices():
    for new, name in ((OLD, "stopped_good"), (WORSE, "caught")):
        slow = power(FLEET, PLAN, OLD, new, {"split": split_rule(PLAN.looks)}, rollouts=40)["split"]
        assert slow.stopped.low - 0.03 <= getattr(schedule_of(split_rule(PLAN.looks)), name) <= slow.stopped.high + 0.03


def test_the_rules_side_by_side():
    table = rules_compared(z(5))
    stopped = table["good ones stopped, %"]
    assert stopped["yours"] == 0 < stopped["5 % over all looks"] <= 5 < stopped["5 % at each look"]
    assert table["answers spoiled"].idxmin() == "5 % at each look"


def test_the_total_is_better_and_one_tier_is_worse():
    told = total().replace("%", "").replace(",", "").split()
    old, new = (float(told[told.index(release) + 1]) for release in ("old", "new"))
    assert new < old - 10
    wrong, requests = by_tier()
    change = wrong["new"] - wrong["old"]
    assert change["flagship"] < 0 and change["mid-range"] < 0 < change["entry"]
    fair = same_mix(wrong.to_numpy(), requests.to_numpy())
    assert fair[1] > fair[0]


def test_the_dashboard_shows_the_cause_and_no_other_row_does():
    table = dashboard()
    odd = table[table["model"] != table["thresholds"]]
    assert odd[["tier", "release"]].values.tolist() == [["entry", "new"]]
    sent = table.pivot(index="tier", columns="release", values="cloud, %")
    assert (sent["new"] / sent["old"]).idxmin() == "entry" and set(table["tier"]) == set(ASKED)
    # Not chance: four standard errors of a difference of two shares.
    wrong = table[table["tier"] == "entry"].set_index("release")
    error = 100 * np.sqrt((0.25 / wrong["requests"]).sum())
    assert wrong["wrong, %"]["new"] - wrong["wrong, %"]["old"] > 4 * error


@pytest.mark.parametrize(
    "odd, words",
    [
        ({"tier": "entry"}, "expected the entries"),
        (ROLLOUT_FAULT | {"tier": "all"}, "tier: expected one of"),
        (ROLLOUT_FAULT | {"cause": "bad luck"}, "cause: expected one of"),
        (ROLLOUT_FAULT | {"hid": 3}, "hid: expected one of"),
    ],
)
def test_an_odd_explanation_is_a_complaint(odd, words):
    assert words in judge_fault(odd)[0]
