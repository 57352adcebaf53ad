"""Routers beside each other, and what the notebook does between its exercises."""

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.routing.assistant import Answer
from edgelab.routing.by_hand import quality_curve
from edgelab.routing.calibration import calibration_error
from edgelab.routing.comparing import (
    ALL,
    PAIRS,
    TOOLS,
    calibrated,
    compared,
    energy_gains,
    leads,
    lines_of,
    same_areas,
    settings,
    trained_routers,
    with_rule,
)
from edgelab.routing.notebook import (
    about_money,
    answered,
    confident,
    outcomes,
    promise_kept,
    scored,
    sides,
    some_requests,
    threshold_sets,
    users_traffic,
)
from edgelab.routing.policy import Decision, Policy, decide_one
from edgelab.routing.policy_exercise import product_traffic
from edgelab.routing.scores import SCORES
from edgelab.routing.simulation import Terms, outcome, routing_score
from edgelab.routing.thresholds import allowed_each_time, allowed_on_average, joint_error, threshold_allowing
from edgelab.routing.tradeoff import apgr, curve, pgr
from edgelab.stats.ranking import auroc
from edgelab.workspace import data_home


@pytest.fixture(scope="module")
def traffic():
    found = product_traffic()
    return {"validation": found["validation"], "test": found["held out"]}


@pytest.fixture(scope="module")
def routers(traffic):
    return trained_routers(traffic["validation"])


def test_lines_and_areas_are_those_of_the_learners_functions(traffic):
    test = traffic["test"]
    lines = lines_of(test, SCORES, quality_curve, pgr)
    drawn = curve(SCORES["energy"](test.logits), test.device_right, test.cloud_right)
    np.testing.assert_allclose(lines["energy"], [drawn.share, drawn.recovered], atol=1e-12)
    assert max(lines["oracle"][1]) > 1 and same_areas(test, SCORES, quality_curve, pgr) == 4

    def bent(score, weak, strong):
        share, quality = quality_curve(score, weak, strong)
        return share, quality + 1e-6 * np.sin(np.pi * share)

    assert same_areas(test, SCORES, bent, pgr) == 0


def test_what_divides_by_the_gap_stands_only_where_there_is_one(traffic, routers):
    table = compared(traffic["test"], routers[0], lambda score, right: 0.125)
    assert (table["AUROC, yours"] == "0.12").all() and len(table) == 2 * 5
    assert (table.loc[TOOLS, "APGR"] == "").all() and not (table.loc[ALL, "APGR"] == "").any()


def test_leads_are_paired_and_those_against_chance_come_first(traffic, routers):
    found, test = leads(traffic["test"], routers[0]), traffic["test"]
    assert [name.rsplit(", ", 1)[0] for name in found][::2] == [f"{a} beats {b}" for a, b in PAIRS]
    assert list(found)[0] == f"max_probability beats random, {TOOLS}" and "random" in list(found)[1]
    t = settings(test)[ALL]
    plain = auroc(SCORES["energy"](t.logits), t.device_right) - auroc(
        SCORES["max_probability"](t.logits), t.device_right
    )
    wide = found[f"energy beats max_probability, {ALL}"]
    assert wide.value == pytest.approx(plain) and wide.low < plain < wide.high and wide.high - wide.low < 0.1
    assert energy_gains(test).low < energy_gains(test).value


def test_the_rule_puts_open_questions_first(traffic, routers):
    table, lead = with_rule(traffic, *routers)
    test, policy = traffic["test"], Policy(score="margin")
    assert table.loc["margin", "test, with"] == pytest.approx(
        apgr(routing_score(policy, test), test.device_right, test.cloud_right)
    )
    without, behind = table.loc["random", "test, without"], table.loc["random", "test, with"]
    assert without == pytest.approx(0.5, abs=0.1) and behind > without + 0.1
    assert not table.isna().any(axis=None) and lead.low < lead.value < lead.high


def test_thresholds_are_set_on_draws_and_judged_on_all(traffic):
    test = traffic["test"]
    score, wrong = routing_score(Policy(score="margin"), test), ~test.device_right
    allowed = {"on average": allowed_on_average(450, 0.05), "each time": allowed_each_time(450, 0.05)}
    found = threshold_sets(score, wrong, 0.05, allowed, threshold_allowing, draws=60)
    drawn = np.random.default_rng(7).integers(900, size=450)
    at = threshold_allowing(score[drawn], wrong[drawn], allowed["each time"])
    row = found["each time"].loc[7]
    assert row["kept and wrong"] == pytest.approx(100 * joint_error(score, wrong, at))
    assert row["escalated"] == pytest.approx(100 * np.mean(score < at))
    assert row["above alpha"] == 100 * (row["kept and wrong"] > 5)
    assert found["on average"]["kept and wrong"].mean() > found["each time"]["kept and wrong"].mean()


def test_tables_show_what_is_computed(traffic):
    policy, test = Policy(score="max_probability", threshold=0.6), traffic["test"]
    held = promise_kept(policy, traffic)
    assert held.loc["kept and wrong", "test"] == pytest.approx(
        100
        * (
            (SCORES["max_probability"](test.logits) >= 0.6) & ~test.device_right & (test.device_labels != "ask_cloud")
        ).mean()
    )
    assert held.loc["cloud right", "test"] == pytest.approx(100 * test.cloud_right.mean())
    shown = outcomes(policy, traffic, Terms(), decide_one)
    assert shown["test"].drop(["p50, ms", "p95, ms"]).to_dict() == {
        k: v for k, v in outcome(policy, test, Terms()).row().items() if not k.endswith(", ms")
    }
    nobody = outcomes(policy, traffic, Terms(), lambda policy, label, score, high, online: ("local", "local", False))
    assert nobody.loc["escalated, %", "test"] == "0.0"
    assert sides(traffic).loc["requests", "test"] == 900 and len(scored(test, SCORES).data) == 4
    sure, right = confident(test)
    ece = calibrated(traffic, calibration_error).loc["test", "15 parts"]
    assert ece.startswith(f"{calibration_error(sure, right, 15):.3f} (")
    chosen = some_requests(policy, test)
    assert len(chosen) == 6 and set(chosen) <= set(test.texts)


def test_what_left_is_shown_with_its_placeholders():
    decision = Decision("cloud", "unsure", 0.5, False)
    answer = Answer(
        "tell Ana hi", "send_message", {"person": ["Ana"]}, None, decision, "cloud", 90.0, "tell <person_1> hi"
    )
    shown = answered([answer]).to_html()
    assert "tell &lt;person_1&gt; hi" in shown and "'Ana'" in shown.replace("&#39;", "'")


def test_money_that_leaves_unasked_is_counted():
    pocket = Bundle.load(data_home() / "bundles" / "pocket")
    policies = {"trusting": Policy("max_probability", 0.5, confirm_below=0.5), "ours": Policy("max_probability", 0.5)}
    table, unasked, sure = about_money(pocket, pocket, policies, decide_one)
    rows = table.data
    pays = rows["device says"].str.startswith("send_money") & (rows["trusting"] == "local, does it")
    assert unasked == {"trusting": int(pays.sum()), "ours": 0} and 0 <= sure["trusting"] <= unasked["trusting"]
    assert len(rows) == 6 and sure["ours"] == 0 and not (rows[pays]["ours"] == "local, does it").any()


def test_the_users_phrases_are_said_to_both_sides():
    pocket = Bundle.load(data_home() / "bundles" / "pocket")
    users = users_traffic(pocket, pocket, 0.9)
    tools = users.where(users.gold != "ask_cloud")
    assert len(users) == 168 and (tools.cloud_labels == tools.device_labels).all()
