"""What holds of every score and every policy: order alone counts, ties are fair, promises are kept."""

import itertools
import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from scipy import stats
from sklearn.metrics import roc_auc_score

from edgelab.routing.calibration import calibration_error
from edgelab.routing.policy import OFFLINE, Policy, decide_all, policy_from, to_json
from edgelab.routing.scores import SCORES
from edgelab.routing.thresholds import (
    allowed_each_time,
    allowed_on_average,
    aurc,
    conformal_threshold,
    joint_error,
    kept_error,
    threshold_allowing,
)
from edgelab.routing.tradeoff import apgr, cpt, curve, oracle
from edgelab.stats.ranking import auroc

ALPHAS = st.floats(0.01, 0.9)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@st.composite
def judged(draw, fewest=1, most=40, outcomes=2):
    """Scores, of which many are equal, and so many outcomes of each request."""
    n = draw(st.integers(fewest, most))
    score = draw(npst.arrays(np.float64, n, elements=st.integers(-4, 4).map(float)))
    return score, *(draw(npst.arrays(np.bool_, n)) for _ in range(outcomes))


def risen(score, seed=7):
    """Another score of the same order: by no formula."""
    values, places = np.unique(score, return_inverse=True)
    return np.cumsum(np.random.default_rng(seed).exponential(size=len(values)) + 1e-3)[places] - 5


# --- areas --------------------------------------------------------------------------------------


@given(judged())
def test_auroc_is_sklearns_and_knows_order_alone(drawn):
    score, positive, _ = drawn
    assume(0 < positive.sum() < len(positive))
    found = auroc(score, positive)
    assert found == pytest.approx(roc_auc_score(positive, score))
    assert found == pytest.approx(auroc(risen(score), positive))
    assert found == pytest.approx(1 - auroc(-score, positive)) == pytest.approx(1 - auroc(score, ~positive))
    assert found == pytest.approx(auroc(score[::-1], positive[::-1]))


@given(judged(most=5))
def test_aurc_of_ties_is_the_mean_over_all_their_orders(drawn):
    score, wrong, _ = drawn
    of_each = []
    for order in itertools.permutations(range(len(score))):
        if all(score[a] >= score[b] for a, b in itertools.pairwise(order)):
            of_each.append(np.mean([wrong[list(order[:k])].mean() for k in range(1, len(order) + 1)]))
    assert aurc(score, wrong) == pytest.approx(np.mean(of_each))


@given(judged(), st.randoms(use_true_random=False))
def test_aurc_knows_order_alone_and_lies_between_the_best_and_the_worst(drawn, random):
    score, wrong, _ = drawn
    found, order = aurc(score, wrong), random.sample(range(len(score)), len(score))
    assert found == pytest.approx(aurc(risen(score), wrong)) == pytest.approx(aurc(score[order], wrong[order]))
    assert aurc(~wrong, wrong) - 1e-12 <= found <= aurc(wrong, wrong) + 1e-12
    assert aurc(np.zeros(len(score)), wrong) == pytest.approx(wrong.mean())


@given(judged(), st.randoms(use_true_random=False))
def test_the_curve_knows_order_alone_and_ends_where_it_must(drawn, random):
    score, weak, strong = drawn
    found, order = curve(score, weak, strong), random.sample(range(len(score)), len(score))
    assert found.share[0] == 0 and found.share[-1] == 1 and (np.diff(found.share) > 0).all()
    assert len(found.share) == 1 + len(np.unique(score))
    assert found.quality[0] == weak.mean() and found.quality[-1] == pytest.approx(strong.mean())
    for share, quality in zip(found.share, found.quality, strict=True):  # by hand: the lowest scores go
        away = score <= np.sort(score)[max(round(share * len(score)) - 1, 0)] if share else np.zeros(len(score), bool)
        assert away.mean() == pytest.approx(share) and np.where(away, strong, weak).mean() == pytest.approx(quality)
    for other in (curve(risen(score), weak, strong), curve(score[order], weak[order], strong[order])):
        np.testing.assert_allclose(other.share, found.share)
        np.testing.assert_allclose(other.quality, found.quality)


@given(judged(fewest=2))
def test_no_score_has_more_apgr_than_the_oracle_or_less_than_its_opposite(drawn):
    score, weak, strong = drawn
    assume(strong.sum() > weak.sum())
    known = oracle(weak, strong)
    most, least = apgr(known, weak, strong), apgr(-known, weak, strong)
    assert least - 1e-9 <= apgr(score, weak, strong) <= most + 1e-9
    helped, spoilt = (strong & ~weak).mean(), (weak & ~strong).mean()
    gap = helped - spoilt
    assert most == pytest.approx((helped - (helped**2 + spoilt**2) / 2) / gap)


@settings(max_examples=30)
@given(judged(fewest=2, most=5))
def test_a_random_score_has_half_on_average(drawn):
    _, weak, strong = drawn
    assume(strong.sum() > weak.sum())
    orders = itertools.permutations(range(len(weak)))
    assert np.mean([apgr(np.array(order), weak, strong) for order in orders]) == pytest.approx(0.5)


@given(judged(fewest=2), st.floats(0, 1), st.floats(0, 1))
def test_cpt_is_the_first_share_that_is_enough_and_more_takes_more(drawn, level, other):
    score, weak, strong = drawn
    assume(strong.sum() > weak.sum())
    found = curve(score, weak, strong)
    share = cpt(found.share, found.recovered, level)
    enough = found.share[found.recovered >= level]
    assert share == enough.min()
    low, high = sorted([level, other])
    assert cpt(found.share, found.recovered, low) <= cpt(found.share, found.recovered, high)


# --- thresholds with a promise ------------------------------------------------------------------


@given(judged(), st.integers(-1, 41))
def test_the_threshold_is_the_lowest_that_allows_so_many(drawn, allowed):
    score, wrong, _ = drawn
    found = threshold_allowing(score, wrong, allowed)
    candidates = [-math.inf, *np.unique(score), math.inf]
    kept_wrong = {t: int((wrong & (score >= t)).sum()) for t in candidates}
    fitting = [t for t in candidates if kept_wrong[t] <= allowed]
    if allowed < 0:
        assert found == math.inf
    else:
        assert (score >= found).tolist() == (score >= min(fitting)).tolist()
        assert joint_error(score, wrong, found) * len(score) <= allowed + 1e-9
        assert kept_error(score, wrong, found) >= joint_error(score, wrong, found) or found > score.max()


@settings(max_examples=80)
@given(judged(fewest=2, most=30), ALPHAS)
def test_conformal_risk_control_keeps_its_promise_exactly(drawn, alpha):
    """Of exchangeable requests each is as likely the next one as any other. So the promise is a mean over them, each judged by
    a threshold that was set on all others, and no simulation is needed: it holds of every set, ties and all."""
    score, wrong, _ = drawn
    losses = []
    for i in range(len(score)):
        others = np.arange(len(score)) != i
        threshold = conformal_threshold(score[others], wrong[others], alpha)
        losses.append(wrong[i] and score[i] >= threshold)
    assert np.mean(losses) <= alpha + 1e-9


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("alpha", [0.05, 0.1, 0.2])
def test_it_keeps_it_in_a_simulation_and_wastes_little(alpha, ties):
    """Thresholds from 60 requests, judged by the true joint error of a population."""
    rng = np.random.default_rng(3)

    def drawn(n):
        score = rng.integers(20, size=n) / 20 if ties else rng.random(n)
        return score, rng.random(n) < 0.6 * (1 - score)

    score, wrong = drawn(40_000)
    found = [joint_error(score, wrong, conformal_threshold(*drawn(60), alpha)) for _ in range(300)]
    error = 3 * np.std(found) / np.sqrt(len(found))
    assert alpha / 3 < np.mean(found) <= alpha + error


@given(st.integers(1, 500), ALPHAS, st.floats(0.01, 0.3))
def test_allowed_errors_are_the_most_that_each_promise_bears(requests, alpha, delta):
    average, each = allowed_on_average(requests, alpha), allowed_each_time(requests, alpha, delta)
    assert (average + 1) / (requests + 1) <= alpha + 1e-9 and (average + 2) / (requests + 1) > alpha - 1e-9
    assert stats.binom.cdf(each, requests, alpha) <= delta * (1 + 1e-9)
    assert stats.binom.cdf(each + 1, requests, alpha) > delta * (1 - 1e-9)


# --- scores and policies ------------------------------------------------------------------------

LOGITS = npst.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(2, 6)), elements=st.floats(-50, 50))


@given(LOGITS, st.floats(-50, 50), st.randoms(use_true_random=False))
def test_a_score_forgets_the_labels_order_and_all_but_energy_a_constant(logits, constant, random):
    order = random.sample(range(logits.shape[1]), logits.shape[1])
    for name, score in SCORES.items():
        found = score(logits)
        np.testing.assert_allclose(score(logits[:, order]), found, atol=1e-9)
        np.testing.assert_allclose(
            score(logits + constant), found + (constant if name == "energy" else 0), rtol=1e-7, atol=1e-9
        )
    labels = logits.shape[1]
    assert ((SCORES["max_probability"](logits) >= 1 / labels - 1e-12) & (SCORES["margin"](logits) >= 0)).all()
    assert (SCORES["entropy"](logits) >= -math.log(labels) - 1e-12).all()


@given(npst.arrays(np.float64, st.integers(1, 30), elements=st.floats(0, 1)), st.data())
def test_a_calibration_error_is_a_share_and_no_less_than_the_gap_of_all(confidence, data):
    right = data.draw(npst.arrays(np.bool_, len(confidence)))
    assert abs(confidence.mean() - right.mean()) - 1e-12 <= calibration_error(confidence, right) <= 1 + 1e-12


NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**9), 10**9)
POLICIES = st.builds(
    Policy,
    score=st.sampled_from(sorted(SCORES)),
    threshold=NUMBERS,
    temperature=st.floats(0.01, 100),
    beyond=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    confirm=st.lists(st.text(max_size=9), max_size=3).map(tuple),
    reach=st.floats(0.01, 2),
    confirm_below=st.none() | NUMBERS,
    offline=st.sampled_from(OFFLINE),
    calibrated_for=st.none() | st.text("0123456789abcdef", min_size=64, max_size=64),
)


@given(POLICIES)
def test_a_policy_is_what_its_json_says(policy):
    assert policy_from(json.loads(to_json(policy))) == policy


@settings(max_examples=100)
@given(st.dictionaries(st.sampled_from([*Policy.__dataclass_fields__, "odd"]), JSON, max_size=4) | JSON)
def test_any_other_json_is_a_policy_or_refused(data):
    try:
        policy = policy_from(data)
    except ValueError as error:
        assert str(error).startswith("policy")
    else:
        assert policy_from(json.loads(to_json(policy))) == policy


@given(LOGITS, st.sampled_from(sorted(SCORES)), st.floats(-60, 60), st.floats(-60, 60), st.booleans())
def test_a_higher_threshold_only_sends_more_away(logits, score, one, other, online):
    labels = tuple(f"label_{i}" for i in range(logits.shape[1]))
    low, high = (
        decide_all(Policy(score=score, threshold=t, beyond=(labels[0],)), logits, labels, online=online)
        for t in sorted([one, other])
    )
    for before, after in zip(low, high, strict=True):
        assert after.where == before.where or (before.where, after.where) == ("local", "cloud")
        assert before.where != "cloud" or online
