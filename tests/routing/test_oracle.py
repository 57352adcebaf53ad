"""What the oracle scores, by the formula in the docstring of `apgr`; and that no other score beats it."""

import numpy as np
import pytest

from edgelab.routing.tradeoff import apgr, oracle


def outcomes(helped, spoilt, both, neither):
    """So many requests of each kind, in an order of their own."""
    weak = np.repeat([0, 1, 1, 0], (helped, spoilt, both, neither))
    strong = np.repeat([1, 0, 1, 0], (helped, spoilt, both, neither))
    order = np.random.default_rng(0).permutation(len(weak))
    return weak[order], strong[order]


@pytest.mark.parametrize(
    ("helped", "spoilt", "both", "neither"),
    [(1, 0, 0, 0), (4, 0, 5, 1), (30, 0, 0, 70), (30, 1, 60, 9), (30, 20, 40, 10), (51, 49, 0, 0), (2, 1, 0, 0)],
)
def test_the_oracle_scores_what_is_said(helped, spoilt, both, neither):
    weak, strong = outcomes(helped, spoilt, both, neither)
    a, b = helped / len(weak), spoilt / len(weak)
    found, gap = apgr(oracle(weak, strong), weak, strong), a - b
    assert found == pytest.approx((a - (a**2 + b**2) / 2) / gap)
    if spoilt == 0:
        assert found == pytest.approx(1 - gap / 2)
    else:
        assert found > 1 - gap / 2
    assert (found > 1) == (b > (a**2 + b**2) / 2)


def test_no_score_beats_the_oracle():
    weak, strong = outcomes(30, 20, 40, 10)
    best = apgr(oracle(weak, strong), weak, strong)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        near = oracle(weak, strong) + rng.normal(0, rng.choice([0.1, 1, 10]), len(weak))
        assert apgr(near, weak, strong) <= best + 1e-12
