"""Heads: what they learn, at which price they are heard; by hand and on the small base."""

import numpy as np
import pytest

from edgelab.personalization.heads import (
    STEPS,
    Heard,
    Scores,
    head_gradient,
    hear,
    hear_aside,
    hear_nearest,
    judged,
    learn_head,
    threshold_for,
)
from edgelab.personalization.replay import replay_weights
from edgelab.personalization.seen import Seen, right_of
from edgelab.personalization.users import FOLDS
from edgelab.stats.softmax import log_softmax

LABELS = ("set_alarm", "weather")
COMMANDS = ("coffin", "tapes")


def toy(meant, rng, spread=0.3):
    """Texts whose features point to what they mean; the base's logits know its own labels alone."""
    middles = dict(zip(LABELS + COMMANDS, np.eye(8)[:4] * 3, strict=True))
    features = np.stack([middles[m] + spread * rng.normal(size=8) for m in meant])
    logits = np.stack([[4.0 * (m == label) for label in LABELS] for m in meant])
    return Seen(logits.astype(np.float32), features.astype(np.float32), tuple(meant))


@pytest.fixture(scope="module")
def looks():
    rng = np.random.default_rng(0)
    own, old = COMMANDS * 2 * FOLDS, LABELS * 20
    return {
        "ada": toy(own, rng),
        "ada described": toy(COMMANDS, rng),
        "ada held out": toy(COMMANDS * 10, rng),
        "replayed": toy(old, rng),
        "validation": toy(old, rng),
        "test": toy(old, rng),
    }


def test_the_gradient_is_that_of_the_loss():
    rng = np.random.default_rng(1)
    features, base, wanted = rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), np.array([0, 2, 3, 1, 2])
    weight, bias, counts = rng.normal(size=(2, 3)), rng.normal(size=2), rng.random(5)

    def loss(weight, bias):
        logits = np.concatenate([base, features @ weight.T + bias], 1)
        return -(counts * log_softmax(logits)[np.arange(5), wanted]).sum()

    slopes, slope = head_gradient(features, base, weight, bias, wanted, counts)
    for place in np.ndindex(2, 3):
        step = np.zeros((2, 3))
        step[place] = 1e-5
        assert slopes[place] == pytest.approx((loss(weight + step, bias) - loss(weight - step, bias)) / 2e-5, abs=1e-6)
    for place in range(2):
        step = np.eye(2)[place] * 1e-5
        assert slope[place] == pytest.approx((loss(weight, bias + step) - loss(weight, bias - step)) / 2e-5, abs=1e-6)


def test_a_head_asks_for_its_gradient_at_each_step(looks):
    asked = []

    def gradient(*given):
        asked.append(given[2].shape)
        return head_gradient(*given)

    counts = np.full(len(looks["ada"].meant) + len(looks["replayed"].meant), 0.01)
    weight, bias = learn_head(looks["ada"], looks["replayed"], LABELS, counts, gradient)
    assert asked == [(2, 8)] * STEPS and weight.shape == (2, 8) and bias.shape == (2,)


def test_a_head_is_understood_and_without_replay_the_base_is_forgotten(looks):
    right = right_of(looks, LABELS)
    assert all(r.all() for r in right.values())
    found = {
        share: judged({"ada": hear(looks, "ada", LABELS, "head", share, replay_weights)}, right, None)
        for share in (0.0, 0.5)
    }
    assert found[0.5].gained.value == 1 and found[0.5].lost.value == 0
    assert found[0.0].lost.value >= found[0.5].lost.value


def test_what_is_set_aside_is_not_learned_from(looks):
    heard = [hear_aside(looks, "ada", LABELS, "cache", 0.0, replay_weights, fold) for fold in range(FOLDS)]
    assert [len(each.own.margin) for each in heard] == [len(looks["ada"].meant) // FOLDS] * FOLDS
    assert all(each.own.margin.max() < 1 - 1e-6 for each in heard)  # itself it would find at a cosine of 1


def test_nearest_uses_the_function_that_it_is_given(looks):
    from edgelab.personalization.prototypes import learn_prototypes

    used = []
    hear_nearest(looks, "ada", lambda *given: used.append(len(given[1])) or learn_prototypes(*given))
    assert used == [len(looks["ada"].meant)]


@pytest.mark.parametrize("most_loss", [0.0, 0.05, 0.1, 0.5, 1.0])
def test_a_threshold_spends_the_price_and_no_more(most_loss):
    rng = np.random.default_rng(2)
    margin, right = rng.normal(size=200), rng.random(200) < 0.8
    threshold = threshold_for(margin, right, most_loss)
    assert (right & (margin > threshold)).sum() == min(int(most_loss * 200), right.sum())


def test_taken_is_what_lies_above_the_threshold():
    heard = Heard(*(Scores(np.array([0.5, 0.7]), np.array([True, True])) for _ in range(3)))
    right = {"validation": np.array([True, True]), "test": np.array([True, True])}
    understood, left = heard.at(right, 0.5)
    assert understood.tolist() == [False, True] and left.tolist() == [True, False]
