"""Calibration by hand, and against independent searches."""

import numpy as np
import pytest
from scipy.optimize import minimize_scalar
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss

from edgelab.routing.calibration import (
    calibration_error,
    chance_error,
    fit_temperature,
    negative_log_likelihood,
    reliability,
)
from edgelab.stats.softmax import softmax


def drawn(temperature, seed=0, n=4000, labels=6):
    """Logits whose true probabilities are those at `temperature`, and labels drawn from them."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.normal(size=(n, labels))
    cumulative = softmax(logits / temperature).cumsum(1)
    return logits, (rng.random((n, 1)) > cumulative).sum(1).clip(max=labels - 1)


def test_ece_by_hand():
    """(0, .5]: .4 and .5, one right: gap |.9 - 1| / 4; (.5, 1]: .8 and .9, both right: |1.7 - 2| / 4."""
    confidence, right = np.array([0.4, 0.8, 0.5, 0.9]), np.array([True, True, False, True])
    assert calibration_error(confidence, right, bins=2) == pytest.approx(0.1 / 4 + 0.3 / 4)
    low, high = reliability(confidence, right, bins=2)
    assert (low.low, low.high, low.requests, low.confidence, low.accuracy.value) == (0, 0.5, 2, 0.45, 0.5)
    assert (high.requests, high.confidence, high.accuracy.value) == (2, pytest.approx(0.85), 1.0)


def test_the_ends_of_the_range_have_a_bin():
    assert calibration_error(np.array([0.0, 1.0]), np.array([False, True])) == 0
    assert [(p.low, p.high) for p in reliability(np.array([0.0, 1.0]), np.array([0, 1]), 10)] == [(0, 0.1), (0.9, 1)]


def test_reliability_against_scikit_learn():
    logits, ids = drawn(1.7)
    confidence = softmax(logits).max(1)
    right = logits.argmax(1) == ids
    parts = reliability(confidence, right, bins=10)
    accuracy, mean = calibration_curve(right, confidence, n_bins=10)
    np.testing.assert_allclose([p.accuracy.value for p in parts], accuracy)
    np.testing.assert_allclose([p.confidence for p in parts], mean)
    counts = np.array([p.requests for p in parts])
    expected = (counts * np.abs(accuracy - mean)).sum() / counts.sum()
    assert calibration_error(confidence, right, 10) == pytest.approx(expected)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_temperature_scaling_finds_the_temperature_of_the_data(temperature):
    logits, ids = drawn(temperature)
    found = fit_temperature(logits, ids)
    assert found == pytest.approx(temperature, rel=0.05)
    best = minimize_scalar(
        lambda t: log_loss(ids, softmax(logits / t), labels=range(6)), bounds=(0.05, 20), method="bounded"
    )
    assert found == pytest.approx(best.x, rel=1e-3)
    right = logits.argmax(1) == ids
    after = calibration_error(softmax(logits / found).max(1), right)
    assert after < 0.03
    if temperature != 1.0:
        assert after < calibration_error(softmax(logits).max(1), right) / 2


def test_a_temperature_changes_no_answer():
    logits, _ = drawn(1.0)
    assert (softmax(logits / 3).argmax(1) == logits.argmax(1)).all()


def test_likelihood_by_hand():
    logits = np.log([[1.0, 3.0], [4.0, 1.0]])
    assert negative_log_likelihood(logits, [1, 0]) == pytest.approx(-np.log([0.75, 0.8]).mean())


def test_nothing_to_calibrate():
    with pytest.raises(ValueError, match="at least one request, found none"):
        calibration_error(np.array([]), np.array([]))


def test_chance_alone_makes_an_ece():
    """Of perfectly calibrated samples, one in twenty lies above; of a model that is too sure, nearly all."""
    rng = np.random.default_rng(0)
    above, sure = [], []
    for _ in range(200):
        confidence = rng.beta(5, 1, 300)
        limit = chance_error(confidence, draws=200)
        above.append(calibration_error(confidence, rng.random(300) < confidence) > limit)
        sure.append(calibration_error(confidence, rng.random(300) < confidence - 0.15) > limit)
    assert 0 < np.mean(above) < 0.12 and np.mean(sure) > 0.95
    assert chance_error(np.ones(100)) == 0 and chance_error(np.full(50, 0.5)) > chance_error(np.full(5000, 0.5))
