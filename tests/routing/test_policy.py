"""Decisions by hand, one for each reason; a policy as data, and everything it may not be."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from edgelab.routing.policy import (
    REASONS,
    Decision,
    Policy,
    decide,
    decide_all,
    decide_one,
    high_stakes,
    policy_from,
    policy_scores,
    to_json,
    unknown_labels,
)
from edgelab.routing.scores import SCORES, fit_router, learned_score

LABELS = ("ask_cloud", "play_music", "send_money")
POLICY = Policy(score="max_probability", threshold=0.7, confirm=("send_money",), reach=0.2)
ASK, MUSIC, MONEY = np.log([0.9, 0.05, 0.05]), np.log([0.05, 0.9, 0.05]), np.log([0.05, 0.05, 0.9])
UNSURE, NEAR = np.log([0.3, 0.6, 0.1]), np.log([0.02, 0.75, 0.23])
TORN = np.log([0.1, 0.4, 0.5])


@pytest.mark.parametrize(
    ("logits", "online", "where", "reason", "confirm"),
    [
        (MUSIC, True, "local", "local", False),
        (MUSIC, False, "local", "local", False),
        (UNSURE, True, "cloud", "unsure", False),
        (UNSURE, False, "local", "offline, degraded answer", False),
        (ASK, True, "cloud", "beyond the device", False),
        (ASK, False, "refuse", "offline, refused", False),
        (MONEY, True, "local", "high stakes, confirm first", True),
        (MONEY, False, "local", "high stakes, confirm first", True),
        (NEAR, True, "local", "high stakes, confirm first", True),
        (TORN, True, "cloud", "unsure", True),
        (TORN, False, "local", "offline, degraded answer", True),
    ],
)
def test_every_reason(logits, online, where, reason, confirm):
    expected = Decision(where, reason, float(np.exp(logits).max()), confirm)
    found = decide(POLICY, logits, LABELS, online=online)
    assert asdict(found) == pytest.approx(asdict(expected)) and found.reason in REASONS


def test_refusing_offline():
    refuses = replace(POLICY, offline="refuse")
    for logits in (UNSURE, TORN, ASK):
        found = decide(refuses, logits, LABELS, online=False)
        assert (found.where, found.reason, found.confirm) == ("refuse", "offline, refused", False)
    assert decide(refuses, MUSIC, LABELS, online=False).where == "local"


def test_what_counts_as_high_stakes():
    rows = np.stack([MUSIC, MONEY, NEAR, TORN])
    assert high_stakes(POLICY, rows, LABELS).tolist() == [False, True, True, True]
    assert high_stakes(replace(POLICY, reach=2.0), rows, LABELS).tolist() == [False, True, False, True]
    assert high_stakes(replace(POLICY, confirm=()), rows, LABELS).tolist() == [False] * 4
    two = replace(POLICY, confirm=("send_money", "ask_cloud"), reach=0.1)  # .05 and .05 together
    assert high_stakes(two, rows, LABELS).tolist() == [True] * 4


def test_asking_only_when_unsure():
    below = replace(POLICY, confirm_below=0.8)
    assert decide(below, MONEY, LABELS) == Decision("local", "local", pytest.approx(0.9), False)
    assert decide(below, NEAR, LABELS).confirm and decide(below, TORN, LABELS).confirm


def test_the_threshold_itself_stays_and_a_score_that_is_no_number_goes():
    policy = Policy(score="margin", threshold=2.0)
    labels = ("a", "b")
    assert decide(policy, np.array([2.0, 0.0]), labels).where == "local"
    assert decide(policy, np.array([1.99, 0.0]), labels).reason == "unsure"
    with np.errstate(invalid="ignore"):
        assert decide(policy, np.array([np.nan, 0.0]), labels).reason == "unsure"


def test_the_temperature_comes_first():
    logits = np.random.default_rng(0).normal(size=(20, 3))
    for name in SCORES:
        expected = SCORES[name](logits / 2.5)
        np.testing.assert_allclose(policy_scores(Policy(score=name, temperature=2.5), logits), expected)
    near = np.array([[0.0, 2.0, 0.5]])  # send_money at about .13, at T = 5 at about .30
    assert not high_stakes(POLICY, near, LABELS) and high_stakes(replace(POLICY, temperature=5.0), near, LABELS)


def test_a_learned_router_is_data_too():
    rng = np.random.default_rng(0)
    logits = 2 * rng.normal(size=(200, 3))
    weights = fit_router(logits, rng.random(200) < 0.7)
    policy = policy_from(json.loads(to_json(Policy(score="learned", weights=weights))))
    np.testing.assert_allclose(policy_scores(policy, logits), learned_score(logits, weights))


def test_many_at_once_are_as_each_alone():
    rows = 2 * np.random.default_rng(0).normal(size=(50, 3))
    online = np.arange(50) % 3 > 0
    alone = [decide(POLICY, row, LABELS, online=bool(o)) for row, o in zip(rows, online, strict=True)]
    assert decide_all(POLICY, rows, LABELS, online=online) == alone
    assert len({d.reason for d in alone}) >= 5


def test_logits_of_other_labels():
    with pytest.raises(ValueError, match="expected logits of 3 labels, found shape \\(1, 2\\)"):
        decide(POLICY, np.zeros(2), LABELS)


def test_the_rules_are_asked_for_each_request():
    """What a learner writes decides, in the library and in the simulation."""
    asked = []

    def rules(policy, label, score, high, online):
        asked.append((label, score, high, online))
        return decide_one(policy, label, score, high, online)[0], "mine", high

    rows, online = np.stack([MUSIC, MONEY, UNSURE]), np.array([True, False, False])
    found = decide_all(POLICY, rows, LABELS, online=online, rules=rules)
    assert [d.reason for d in found] == ["mine"] * 3 and [d.confirm for d in found] == [False, True, False]
    labels, scores, high, connected = zip(*asked, strict=True)
    assert labels == ("play_music", "send_money", "play_music") and scores == pytest.approx((0.9, 0.9, 0.6))
    assert high == (False, True, False) and connected == (True, False, False)
    assert {type(value) for row in asked for value in row} == {str, float, bool}
    assert decide(POLICY, MONEY, LABELS, rules=rules).reason == "mine"


# --- as data ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "policy",
    [Policy(), POLICY, Policy(beyond=(), confirm_below=-1.5, offline="refuse"), Policy(calibrated_for="0a" * 32)],
)
def test_there_and_back(policy):
    assert policy_from(json.loads(to_json(policy))) == policy


def test_what_is_left_out_keeps_its_default():
    assert policy_from({"threshold": 3}) == Policy(threshold=3)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([1], "policy: expected keys and values, found [1]"),
        ({"treshold": 1}, "found treshold"),
        ({"score": "vibes"}, "policy, score: expected one of max_probability, margin"),
        ({"threshold": "high"}, "policy, threshold: expected a number, found 'high'"),
        ({"threshold": True}, "policy, threshold: expected a number, found True"),
        ({"threshold": float("inf")}, "policy, threshold: expected a number, found inf"),
        ({"temperature": 0}, "policy, temperature: expected a number above 0, found 0"),
        ({"beyond": "ask_cloud"}, "policy, beyond: expected a list of labels, found 'ask_cloud'"),
        ({"confirm": [3]}, "policy, confirm: expected a list of labels, found (3,)"),
        ({"reach": 0}, "policy, reach: expected a probability above 0"),
        ({"confirm_below": "never"}, "policy, confirm_below: expected a number, or null for always"),
        ({"offline": "wait"}, "policy, offline: expected one of answer, refuse, found 'wait'"),
        ({"score": "learned", "weights": [1, 2]}, "policy, weights: expected 5 numbers with the score 'learned'"),
        ({"weights": [1, 2, 3, 4, 5]}, "policy, weights: expected 0 numbers with the score 'energy'"),
        ({"score": ["energy"]}, "policy, score: expected one of"),
        (
            {"calibrated_for": "pocket"},
            "policy, calibrated_for: expected 64 hexadecimal digits, or null, found 'pocket'",
        ),
    ],
)
def test_a_policy_that_is_none(data, message):
    with pytest.raises(ValueError) as raised:
        policy_from(data)
    assert message in str(raised.value) and "\n" not in str(raised.value)


def test_a_slip_in_a_label_is_seen():
    assert unknown_labels(replace(POLICY, confirm=("send_mony", "send_money")), LABELS) == ("send_mony",)
    assert unknown_labels(POLICY, LABELS) == ()
