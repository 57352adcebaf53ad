"""A thief that learns from answers, and what each defence shows it and everybody else."""

import numpy as np
import pytest

from edgelab.privacy.extraction import (
    DEFENCES,
    attack,
    honest_refused,
    queries_allowed,
    steal_pocket,
    thief_texts,
    victim_answers,
    worth_of_confidence,
)
from edgelab.privacy.thief import Reading, _learned, steal
from tests.small_bundles import small_bundle


def toy(count, seed=0, labels=4, sure=0.85):
    """Texts of noise and one word that decides, features that say nothing, and a victim's probabilities."""
    rng = np.random.default_rng(seed)
    meant = rng.integers(labels, size=count)
    texts = tuple(f"word{label} {' '.join(rng.choice(list('abcdefgh'), 3))}" for label in meant)
    probabilities = np.full((count, labels), (1 - sure) / (labels - 1))
    probabilities[np.arange(count), meant] = sure
    return Reading(texts, rng.normal(size=(count, 8)) / 10), probabilities, meant


@pytest.fixture
def probabilities():
    rng = np.random.default_rng(0)
    drawn = rng.dirichlet(np.full(5, 0.4), 300)
    return drawn


# --- the thief -------------------------------------------------------------------------------------


@pytest.mark.parametrize("defence", DEFENCES)
def test_a_thief_learns_an_easy_victim_whatever_it_shows(defence):
    asked, answers, _ = toy(200)
    held_out, _, theirs = toy(100, seed=1)
    gold = theirs.copy()
    gold[:20] = (gold[:20] + 1) % 4
    found = attack(asked, answers, held_out, theirs, gold, defence=defence)
    assert found.agreement.value > 0.95 and 0.7 < found.accuracy.value < 0.85
    assert found.agreement.low < found.agreement.value and found.queries == 200 and found.defence == defence


def test_the_encoders_features_are_read_too():
    """Words that say nothing: only the features tell the label."""
    rng = np.random.default_rng(0)
    labels = rng.integers(3, size=150)
    read = Reading(tuple("x" for _ in labels), np.eye(3)[labels] + rng.normal(size=(150, 3)) / 10)
    thief = steal(read.first(100), np.eye(3)[labels[:100]])
    assert (thief.predict(read) == labels).mean() > 0.95


def test_soft_answers_say_more_than_labels():
    """Where the victim is torn between two labels its probabilities tell in which words."""
    words = [f"w{i}" for i in range(60)]
    lean = np.linspace(0.02, 0.98, 60)  # of each word towards the second label

    def texts(count, seed):
        rng = np.random.default_rng(seed)
        rows = rng.integers(60, size=(count, 3))
        second = lean[rows].mean(1)
        read = Reading(tuple(" ".join(words[i] for i in row) for row in rows), np.zeros((count, 2)))
        return read, np.stack([1 - second, second], 1)

    asked, answers = texts(120, 1)
    held_out, theirs = texts(600, 2)
    soft, hard = (
        attack(asked, answers, held_out, theirs.argmax(1), theirs.argmax(1), defence=d) for d in ("none", "label alone")
    )
    assert soft.agreement.value > hard.agreement.value + 0.02


def test_answers_of_nothing_say_nothing():
    asked, answers, labels = toy(200)
    answers[::2] = 0  # rounded away
    thief = steal(asked, answers)
    assert (thief.predict(asked) == labels).mean() > 0.95


def test_a_thief_sees_through_noise():
    """It does as well as by the labels alone, which noise leaves; believing the shares, it would do worse."""
    asked, answers, _ = toy(150, labels=27, sure=0.3)
    held_out, _, theirs = toy(300, seed=1, labels=27)
    noisy, alone = (attack(asked, answers, held_out, theirs, theirs, defence=d) for d in ("noise", "label alone"))
    shares = DEFENCES["noise"](answers, np.random.default_rng(0))
    believing = (_learned(asked, shares).predict(held_out) == theirs).mean()
    assert noisy.agreement == alone.agreement and believing < noisy.agreement.low


def test_an_answer_for_each_text():
    asked, answers, _ = toy(5)
    with pytest.raises(ValueError, match="found 4 for 5"):
        steal(asked, answers[:4])
    with pytest.raises(ValueError, match="found 0 for 0"):
        steal(asked.first(0), answers[:0])


# --- the defences ----------------------------------------------------------------------------------


@pytest.mark.parametrize("defence", DEFENCES)
def test_no_defence_changes_a_label(defence, probabilities):
    """Nor what it was given."""
    before = probabilities.copy()
    shown = DEFENCES[defence](probabilities, np.random.default_rng(0))
    decimals = {"two decimals": 0.005, "one decimal": 0.05}.get(defence, 0)
    rows = np.arange(len(shown))
    assert (shown[rows, before.argmax(1)] >= shown.max(1) - 1e-12 - 2 * decimals).all()
    assert shown.shape == before.shape and (shown >= 0).all() and np.array_equal(probabilities, before)


def test_what_each_shows(probabilities):
    rng = np.random.default_rng(0)
    assert np.array_equal(DEFENCES["none"](probabilities, rng), probabilities)
    assert np.abs(DEFENCES["one decimal"](probabilities, rng) - probabilities).max() <= 0.05 + 1e-9
    assert set(np.unique(DEFENCES["label alone"](probabilities, rng))) == {0, 1}
    both = DEFENCES["label and its probability"](probabilities, rng)
    assert np.allclose(both.max(1), np.maximum(probabilities.max(1), 0.25), atol=0.3) and np.allclose(both.sum(1), 1)
    assert np.array_equal(both[np.arange(300), probabilities.argmax(1)], probabilities.max(1))
    noisy = DEFENCES["noise"](probabilities, rng)
    assert np.allclose(noisy.sum(1), 1) and 0.02 < np.abs(noisy - probabilities).mean() < 0.2


def test_what_a_confidence_is_worth():
    """Told apart at a glance, hidden by rounding, and gone with a label alone."""
    rng = np.random.default_rng(0)
    right = rng.random(400) < 0.8
    sure = np.where(right, rng.uniform(0.7, 1, 400), rng.uniform(0.5, 0.8, 400))
    shown = np.stack([sure, 1 - sure], 1)
    full, rounded, label = (
        worth_of_confidence(DEFENCES[name](shown, rng), right) for name in ("none", "one decimal", "label alone")
    )
    assert full.low > 0.9 and label.value == label.low == label.high == 0.5 < rounded.value < full.value
    with pytest.raises(ValueError, match="both kinds"):
        worth_of_confidence(shown, np.ones(400, bool))


# --- the rate limit --------------------------------------------------------------------------------


def test_a_limit_is_as_good_as_accounts_are_dear():
    assert queries_allowed(50, 7) == 350 and queries_allowed(50, 7, accounts=20) == 7000


@pytest.mark.parametrize("mean, limit", [(5, 10), (20, 20), (3, 30)])
def test_who_is_refused_by_the_formula_of_the_geometric_distribution(mean, limit):
    """More than `limit` requests have the probability (mean / (1 + mean)) ** (limit + 1)."""
    found = honest_refused(limit, mean, users=40_000)
    truth = (mean / (1 + mean)) ** (limit + 1)
    assert found.low - 0.001 <= truth <= found.high + 0.001 and found.high - found.low < 0.012


# --- on Pocket -------------------------------------------------------------------------------------


def test_the_thief_has_none_of_the_judged_texts():
    from edgelab.datasets.loading import load

    texts = thief_texts(5000)
    assert len(set(texts)) == 5000 and texts[:100] == thief_texts(100) and texts != thief_texts(5000, seed=1)
    assert not set(texts) & set(load("pocket").test.texts)
    with pytest.raises(ValueError, match="expected at most"):
        thief_texts(10**6)


def test_a_victims_answers_are_its_probabilities(tmp_path):
    answers = victim_answers(small_bundle(tmp_path / "bundle"), ("play queen", "why"))
    assert np.allclose(answers.sum(1), 1) and answers.argmax(1).tolist() == [1, 0] and answers[0, 1] > 0.99


def test_pocket_is_stolen_a_little_by_few_queries(pocket, at_home, monkeypatch):
    """The whole way at a small number of queries; features are none here: the encoder takes half a minute."""
    import edgelab.privacy.extraction as extraction

    monkeypatch.setattr(extraction, "read_texts", lambda texts: Reading(texts, np.zeros((len(texts), 2))))
    found = steal_pocket(pocket.folder, counts=(30, 400), defences=("none", "label alone"), seed=7)
    assert [(f.defence, f.queries) for f in found] == [
        (defence, count) for defence in ("none", "label alone") for count in (30, 400)
    ]
    assert found[1].agreement.low > found[0].agreement.high and found[1].agreement.value > 0.25
    assert all(f.agreement.low <= f.agreement.value <= f.agreement.high and f.cpu_s > 0 for f in found)
    again = steal_pocket(pocket.folder, counts=(30, 400), defences=("none", "label alone"), seed=7)
    assert again == found  # kept, CPU-seconds and all
