"""Scores by hand and against scipy; the learned router against scikit-learn."""

import subprocess
import sys

import numpy as np
import pytest
from scipy.special import logsumexp, softmax
from scipy.stats import entropy as scipy_entropy
from sklearn.linear_model import LogisticRegression

from edgelab.routing import scores as routing
from edgelab.routing.scores import SCORES, features, fit_router, learned_score

HALVES = np.log([[2.0, 1.0, 1.0]])  # probabilities 1/2, 1/4, 1/4; the sum of the exponentials is 4


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("max_probability", 0.5),
        ("margin", np.log(2)),
        ("entropy", -1.5 * np.log(2)),
        ("energy", np.log(4)),
    ],
)
def test_scores_by_hand(name, expected):
    assert SCORES[name](HALVES) == pytest.approx([expected])


@pytest.mark.parametrize("shape", [(1, 2), (7, 3), (40, 27)])
@pytest.mark.parametrize("scale", [1, 30])
def test_scores_against_scipy(shape, scale):
    logits = np.random.default_rng(0).normal(scale=scale, size=shape)
    p = softmax(logits, axis=1)
    np.testing.assert_allclose(routing.max_probability(logits), p.max(1))
    np.testing.assert_allclose(routing.entropy(logits), -scipy_entropy(p, axis=1), atol=1e-12)
    np.testing.assert_allclose(routing.energy(logits), logsumexp(logits, axis=1))
    ordered = np.sort(logits, axis=1)
    np.testing.assert_allclose(routing.margin(logits), ordered[:, -1] - ordered[:, -2])


def test_huge_logits_do_no_harm():
    logits = np.array([[1e4, -1e4, 0.0]], dtype=np.float32)
    assert np.isfinite(features(logits)).all()
    assert routing.max_probability(logits) == [1.0] and routing.entropy(logits) == [0.0]


def test_only_energy_sees_the_size_of_all_logits_together():
    logits = np.random.default_rng(0).normal(size=(5, 4))
    for name, score in SCORES.items():
        shift = 3.0 if name == "energy" else 0.0
        np.testing.assert_allclose(score(logits + 3), score(logits) + shift)


@pytest.mark.parametrize("score", SCORES.values(), ids=SCORES)
def test_a_surer_answer_scores_higher(score):
    unsure, sure = np.array([[1.0, 0.9, 0.8]]), np.array([[5.0, 0.9, 0.8]])
    assert score(sure) > score(unsure)


@pytest.mark.parametrize("penalty", [0.1, 1.0, 20.0])
def test_the_learned_router_is_a_logistic_regression(penalty):
    rng = np.random.default_rng(1)
    logits = 3 * rng.normal(size=(600, 6))
    right = rng.random(600) < routing.max_probability(logits)
    weights = fit_router(logits, right, penalty=penalty)
    seen = features(logits)
    standardised = (seen - seen.mean(0)) / seen.std(0)
    model = LogisticRegression(C=1 / penalty, tol=1e-12, max_iter=5000).fit(standardised, right)
    np.testing.assert_allclose(learned_score(logits, weights), model.decision_function(standardised), atol=1e-4)


def test_a_router_needs_both_kinds():
    with pytest.raises(ValueError, match="both kinds, right and wrong"):
        fit_router(np.eye(3), np.ones(3))
    parted = fit_router(np.diag([9.0, 9, 1, 1]), np.array([1, 1, 0, 0]))  # separable: the penalty keeps it finite
    assert np.isfinite(parted).all()


def test_deciding_needs_numpy_alone():
    code = (
        "import sys, edgelab.routing.policy, edgelab.routing.calibration, edgelab.routing.thresholds, edgelab.routing.tradeoff\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'torch', 'pandas', 'sklearn', 'scipy', 'transformers'}))"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
