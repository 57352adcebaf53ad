"""The curve of a router by hand, by counting, and what random and oracle routers must score."""

import numpy as np
import pytest
from sklearn.metrics import auc

from edgelab.routing.by_hand import quality_curve
from edgelab.routing.tradeoff import apgr, cpt, curve, figures, oracle, pgr
from edgelab.stats.bootstrap import bootstrap

# Four requests: the device is right on the two it is surest of, the cloud on all.
SCORE, WEAK, STRONG = np.array([0.1, 0.9, 0.4, 0.8]), np.array([0, 1, 0, 1]), np.ones(4)


def random_case(seed, n=300, ties=False):
    rng = np.random.default_rng(seed)
    score = rng.integers(10, size=n) / 10 if ties else rng.random(n)
    return score, rng.random(n) < 0.3 + 0.6 * score, rng.random(n) < 0.95


def test_a_curve_by_hand():
    drawn = curve(SCORE, WEAK, STRONG)
    assert drawn.share.tolist() == [0, 0.25, 0.5, 0.75, 1] and drawn.quality.tolist() == [0.5, 0.75, 1, 1, 1]
    assert drawn.recovered.tolist() == [0, 0.5, 1, 1, 1]
    assert apgr(SCORE, WEAK, STRONG) == pytest.approx(0.25 * (0.25 + 0.75 + 1 + 1))
    assert [cpt(drawn.share, drawn.recovered, x) for x in (0, 0.5, 0.51, 0.95, 1)] == [0, 0.25, 0.5, 0.5, 0.5]


def test_equal_scores_are_escalated_together():
    drawn = curve(np.array([0.5, 0.9, 0.5, 0.5]), WEAK, STRONG)
    assert drawn.share.tolist() == [0, 0.75, 1]
    assert drawn.quality == pytest.approx([0.5, 1, 1])
    constant = curve(np.zeros(4), WEAK, STRONG)
    assert constant.share.tolist() == [0, 1] and apgr(np.zeros(4), WEAK, STRONG) == 0.5


def test_escalating_can_spoil_an_answer():
    """The cloud is wrong where the device was right: the curve falls again, and PGR passes 1 on the way."""
    drawn = curve(np.array([1, 2, 3]), np.array([0, 0, 1]), np.array([1, 1, 0]))
    assert drawn.recovered == pytest.approx([0, 1, 2, 1])
    assert apgr([1, 2, 3], [0, 0, 1], [1, 1, 0]) == pytest.approx(7 / 6)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_a_curve_by_counting_at_every_threshold(seed, ties):
    score, weak, strong = random_case(seed, ties=ties)
    drawn = curve(score, weak, strong)
    thresholds = [*np.unique(score), np.inf]
    for t, share, quality in zip(thresholds, drawn.share, drawn.quality, strict=True):
        assert share == pytest.approx(np.mean(score < t))
        assert quality == pytest.approx(np.where(score < t, strong, weak).mean())
    assert apgr(score, weak, strong) == pytest.approx(auc(drawn.share, drawn.recovered))
    reached = [s for s, r in zip(drawn.share, drawn.recovered, strict=True) if r >= 0.8]
    assert cpt(drawn.share, drawn.recovered, 0.8) == pytest.approx(min(reached))
    share, quality = quality_curve(score, weak, strong)  # by hand, the same points
    np.testing.assert_allclose([share, quality, pgr(quality)], [drawn.share, drawn.quality, drawn.recovered])


def test_a_random_router_scores_a_half_and_an_oracle_most():
    _, weak, strong = random_case(0, n=2000)
    drawn = [apgr(np.random.default_rng(s).random(2000), weak, strong) for s in range(300)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.01)
    best = apgr(oracle(weak, strong), weak, strong)
    assert best > max(drawn) and best > apgr(random_case(0, n=2000)[0], weak, strong)


def test_probabilities_are_outcomes_too():
    assert curve(SCORE, WEAK, np.full(4, 0.75)).quality == pytest.approx([0.5, 0.6875, 0.875, 0.8125, 0.75])


def test_no_gap_no_figure():
    with pytest.raises(ValueError, match="strong side better than the weak one, found 0.5000 and 0.5000"):
        apgr(SCORE, WEAK, 1 - WEAK)
    with pytest.raises(ValueError, match="a score and two outcomes a request, found 4, 3, 4"):
        curve(SCORE, WEAK[:3], STRONG)
    weak, strong = np.tile([0, 1], 20), np.tile([1, 0], 20)
    strong[0], weak[0], strong[1], weak[1] = 1, 0, 1, 1
    with pytest.raises(ValueError, match="expected a gap between the sides, found one in"):
        figures(np.arange(40), np.append(weak[:-1], 1), np.append(strong[:-1], 0), resamples=50)


@pytest.mark.parametrize("ties", [False, True])
def test_figures_are_those_of_the_curve_and_their_intervals_those_of_a_plain_bootstrap(ties):
    columns = random_case(5, n=400, ties=ties)
    found, drawn = figures(*columns, resamples=400), curve(*columns)
    assert found.apgr.value == pytest.approx(apgr(*columns))
    assert {x: i.value for x, i in found.cpt.items()} == pytest.approx(
        {x: cpt(drawn.share, drawn.recovered, x - 1e-12) for x in (0.5, 0.95)}  # but for rounding
    )
    plain = bootstrap(apgr, *columns, resamples=400)
    assert (plain.low, plain.high) == pytest.approx((found.apgr.low, found.apgr.high), abs=1e-9)
    assert found.apgr.low < found.apgr.value < found.apgr.high
    for level, interval in found.cpt.items():
        plain = bootstrap(lambda *drawn, x=level: _cpt(*drawn, x), *columns, resamples=400)
        assert (plain.low, plain.high) == pytest.approx((interval.low, interval.high), abs=0.003)


def test_intervals_cover():
    """The interval of APGR holds the true value of a known population about 95 times in 100."""
    truth = apgr(*random_case(99, n=200_000))
    held = 0
    for seed in range(100):
        interval = figures(*random_case(seed, n=300), resamples=200).apgr
        held += interval.low <= truth <= interval.high
    assert 88 <= held <= 100


# --- the oracle, by the formula in the docstring of `apgr` ----------------------------------------


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


def _cpt(score, weak, strong, level):
    drawn = curve(score, weak, strong)
    return cpt(drawn.share, drawn.recovered, level)
