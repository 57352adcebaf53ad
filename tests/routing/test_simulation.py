"""What a policy does to traffic, counted by hand; and a real bundle asked for real."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.datasets.slots import Span, exact_match
from edgelab.routing.policy import Policy
from edgelab.routing.scores import max_probability
from edgelab.routing.simulation import ASK, Terms, Traffic, collect, outcome, reasons, routing_score, user_phrases
from edgelab.workspace import data_home

LABELS = ("ask_cloud", "play_music", "send_money")


def rows(*probabilities):
    return np.log(np.array(probabilities))


# Eight requests; the device says: ask, music, music, music (unsure), money, money, money (unsure), ask.
SURE = dict(ask=[0.9, 0.05, 0.05], music=[0.05, 0.9, 0.05], money=[0.05, 0.05, 0.9])
TRAFFIC = Traffic(
    tuple("abcdefgh"),
    np.array([ASK, "play_music", ASK, "send_money", "send_money", "play_music", "play_music", "play_music"]),
    LABELS,
    rows(
        SURE["ask"],
        SURE["music"],
        SURE["music"],
        [0.3, 0.6, 0.1],
        SURE["money"],
        SURE["money"],
        [0.3, 0.1, 0.6],
        SURE["ask"],
    ),
    np.full(8, 0.5),
    np.array([ASK, "play_music", ASK, "send_money", "send_money", "play_music", "send_money", "play_music"]),
    np.array([True, True, False, True, True, True, False, True]),
    np.array([0, 1, 0, 2, 3, 0, 1, 0]),
)
POLICY = Policy(score="max_probability", threshold=0.7, confirm=("send_money",), reach=2.0)
TERMS = Terms(price=4.0, round_trip_ms=100, jitter=0.0, stakes=("send_money",))


def test_a_device_is_never_right_about_an_open_question():
    assert TRAFFIC.device_labels.tolist() == [ASK, *["play_music"] * 3, *["send_money"] * 3, ASK]
    assert TRAFFIC.device_right.tolist() == [False, True, False, False, True, False, False, False]


def test_every_metric_by_hand():
    """a, d, g and h are escalated. Right: a, b, d, e, h. Wrong money: f on the device, g by the cloud; both confirmed."""
    found = outcome(POLICY, TRAFFIC, TERMS)
    assert found.right.tolist() == [True, True, False, True, True, False, False, True]
    assert (found.accuracy.value, found.escalated, found.cost) == (5 / 8, 0.5, 2.0)
    assert found.latency_ms.tolist() == [100.5, 0.5, 0.5, 100.5, 0.5, 0.5, 100.5, 100.5]
    assert found.private_sent == 1000 * 3 / 8
    assert found.beyond_found.value == 0.5  # a left, c did not
    assert outcome(POLICY, TRAFFIC.where(TRAFFIC.gold != ASK), TERMS).beyond_found is None
    assert found.asked == 4 / 8  # d and g: the cloud says money; e and f: the device does
    assert (found.stakes_wrong, found.stakes_unasked, found.refused, found.degraded) == (2, 0, 0, 0)
    row = found.row()
    assert row["accuracy, %"].startswith("62.5 [") and row["wrong high-stakes calls caught"] == "2 of 2"
    assert (row["escalated, %"], row["p50, ms"], row["private values sent, of 1,000"]) == ("50.0", "50.5", "375")


def test_of_the_calls_that_stay_so_many_are_right_with_their_slots():
    marked = replace(TRAFFIC, slots_right=np.array([True, True, True, True, False, True, True, True]))
    assert marked.device_calls.tolist() == [False, True] + [False] * 6  # e has the tool right, a slot wrong
    stays = outcome(POLICY, marked, TERMS)  # b, c, e, f: of them b and e have the tool right
    assert stays.kept_calls.value == 1 / 4 and stays.row()["of the calls kept, right with slots, %"].startswith(
        "25.0 ["
    )
    part = marked.where(marked.gold == "send_money")
    assert part.slots_right.tolist() == [True, False] and part.device_calls.tolist() == [False, False]
    offline = outcome(POLICY, marked, replace(TERMS, outage=1.0))  # d and g as well; a and h are refused
    assert offline.kept_calls.value == 1 / 6


def test_of_calls_whose_slots_nobody_marked_nothing_is_said():
    for policy, traffic in (
        (POLICY, TRAFFIC),
        (replace(POLICY, threshold=1e9), replace(TRAFFIC, slots_right=np.ones(8, bool))),
    ):
        found = outcome(policy, traffic, TERMS)
        assert found.kept_calls is None and found.row()["of the calls kept, right with slots, %"] == "-"
    with pytest.raises(ValueError, match="expected traffic with its slots marked"):
        _ = TRAFFIC.device_calls


def test_confident_mistakes_pass_a_rule_by_score():
    found = outcome(replace(POLICY, confirm_below=0.7), TRAFFIC, TERMS)
    assert (found.stakes_wrong, found.stakes_unasked) == (2, 1)
    assert outcome(replace(POLICY, confirm=()), TRAFFIC, TERMS).stakes_unasked == 2


def test_without_a_network():
    out = replace(TERMS, outage=1.0)
    answers = outcome(POLICY, TRAFFIC, out)
    assert (answers.escalated, answers.refused, answers.degraded, answers.cost) == (0, 2 / 8, 2 / 8, 0)
    assert answers.right.tolist() == [False, True, False, False, True, False, False, False]
    assert (answers.latency_ms == 0.5).all() and answers.private_sent == 0
    refuses = outcome(replace(POLICY, offline="refuse"), TRAFFIC, out)
    assert (refuses.refused, refuses.degraded) == (4 / 8, 0)
    half = outcome(POLICY, TRAFFIC, replace(TERMS, outage=0.5))
    assert 0 < half.escalated < 0.5


def test_extremes():
    every = outcome(replace(POLICY, threshold=1e9), TRAFFIC, TERMS)
    assert every.escalated == 1 and every.accuracy.value == TRAFFIC.cloud_right.mean()
    rules = outcome(replace(POLICY, threshold=-1e9), TRAFFIC, TERMS)
    assert rules.escalated == 2 / 8
    none = outcome(replace(POLICY, threshold=-1e9, beyond=()), TRAFFIC, TERMS)
    assert none.escalated == 0 and none.accuracy.value == TRAFFIC.device_right.mean()


def test_round_trips_scatter_around_their_median():
    many = TRAFFIC.where(np.repeat(True, 8))
    many = Traffic(
        *(getattr(many, n) for n in ("texts", "gold", "labels")),
        np.zeros((8, 3)),
        *(getattr(many, n) for n in ("device_ms", "cloud_labels", "cloud_right", "private")),
    )
    trips = np.concatenate(
        [outcome(POLICY, many, replace(TERMS, jitter=0.3), seed=s).latency_ms - 0.5 for s in range(300)]
    )
    assert np.median(trips) == pytest.approx(100, rel=0.03) and np.log(trips).std() == pytest.approx(0.3, rel=0.05)


def test_reasons_add_up():
    found = reasons(POLICY, TRAFFIC)
    assert found == {"beyond the device": 2, "high stakes, confirm first": 2, "local": 2, "unsure": 2}


def test_what_is_beyond_goes_first():
    score = routing_score(POLICY, TRAFFIC)
    assert (np.argsort(score, kind="stable")[:2] == [0, 7]).all()
    others = [1, 2, 3, 4, 5, 6]
    np.testing.assert_array_equal(score[others], max_probability(TRAFFIC.logits)[others])


def test_a_part_of_it():
    part = TRAFFIC.where(TRAFFIC.gold != ASK)
    assert len(part) == 6 and part.texts == tuple("bdefgh") and part.logits.shape == (6, 3)
    assert part.device_right.tolist() == TRAFFIC.device_right[TRAFFIC.gold != ASK].tolist()


def test_a_bundle_is_asked_and_questions_are_answered_as_often_as_stated(tiny_bundle):
    bundle = Bundle.load(tiny_bundle)
    texts, gold = ("wake me at seven", "why is rome so famous"), ("set_alarm", ASK)
    found = collect(bundle, texts, gold, ("play_music", "set_alarm"), success=1.0, private=[1, 0])
    assert found.cloud_right.tolist() == [False, True] and found.cloud_labels.tolist() == ["play_music", ASK]
    assert (found.device_ms > 0).all() and found.private.tolist() == [1, 0]
    np.testing.assert_allclose(found.logits, [bundle.logits(text)[0] for text in texts])
    assert found.slots_right is None
    spans = [bundle.predict(text).spans for text in texts]
    for marked in (spans, [(*spans[0], Span(0, 4, "person")), spans[1]]):
        slots = collect(bundle, texts, gold, gold, success=1.0, spans=marked).slots_right
        assert slots.tolist() == [exact_match(*t) for t in zip(texts, spans, marked, strict=True)]
    many = collect(bundle, texts[1:] * 400, gold[1:] * 400, gold[1:] * 400, success=0.8)
    assert many.cloud_right.mean() == pytest.approx(0.8, abs=0.06) and not many.device_right.any()
    assert (
        collect(bundle, texts[1:] * 400, gold[1:] * 400, gold[1:] * 400, success=0.8).cloud_right == many.cloud_right
    ).all()


def test_the_users_phrases():
    texts, labels = user_phrases(data_home() / "pocket" / "users")
    assert len(texts) == len(labels) == 3 * 7 * 8  # three users, seven commands each that a tool does, eight lines
    assert "vampire" in " ".join(texts) and "new" not in labels and "set_alarm" in labels
