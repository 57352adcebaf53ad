"""The area under the ROC curve against scikit-learn and by hand; its interval by simulation."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from edgelab.stats.ranking import auroc, auroc_interval


def population(n, seed=0, ties=False):
    """Scores and whether each is of a positive example: the rarer, the lower."""
    rng = np.random.default_rng(seed)
    score = rng.integers(40, size=n) / 40 if ties else rng.random(n)
    return score, rng.random(n) > 0.3 * (1 - score) ** 1.5


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("n", [20, 700])
def test_auroc_against_scikit_learn(n, ties):
    score, positive = population(n, ties=ties)
    assert auroc(score, positive) == pytest.approx(roc_auc_score(positive, score))


def test_auroc_by_hand():
    assert auroc([1, 2, 3, 4], [0, 0, 1, 1]) == 1 and auroc([1, 1, 1], [0, 1, 0]) == 0.5
    assert auroc([1, 3, 2, 4], [0, 0, 1, 1]) == 0.75
    with pytest.raises(ValueError, match="both kinds, found 2 and 0"):
        auroc([1, 2], [1, 1])


def test_the_interval_holds_the_truth_about_as_often_as_it_says():
    """Two normal distributions a standard deviation apart: the true area is known."""
    truth, held = norm.cdf(1 / np.sqrt(2)), []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        positive = np.arange(150) < 60
        found = auroc_interval(rng.normal(positive.astype(float)), positive, seed=seed)
        held.append(found.low <= truth <= found.high)
        assert found.low <= found.value <= found.high and found.high - found.low < 0.25
    assert 88 <= sum(held) <= 100


def test_no_interval_of_one_kind():
    with pytest.raises(ValueError, match="both kinds"):
        auroc_interval(np.arange(3), np.ones(3, bool))
