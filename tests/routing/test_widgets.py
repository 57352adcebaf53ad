"""The explorers of routing: each pure function over its grid, and what is shown of it."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from edgelab.routing.policy import Policy
from edgelab.routing.simulation import Terms, Traffic, outcome, routing_score
from edgelab.routing.thresholds import threshold_allowing
from edgelab.routing.tradeoff import curve
from edgelab.routing.widgets import DRAWS, RULES, compute_policy, compute_promise, cost_curve, show_policy, show_promise
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts


def requests(seed: int, gap: float) -> Traffic:
    """300 requests in three labels, on which the cloud is right in about 90 of 100 and the device less often by `gap`."""
    rng = np.random.default_rng(seed)
    logits, gold = 2 * rng.normal(size=(300, 3)), rng.integers(3, size=300)
    known = rng.random(300) < 0.9 - gap
    logits[known, gold[known]] += 5
    names = np.array(["ask_cloud", "play_music", "send_money"])
    right, said = rng.random(300) < 0.9, names[gold]
    cloud = np.where(right, said, "ask_cloud")
    latency, private = rng.uniform(0.1, 0.3, 300), rng.integers(3, size=300)
    return Traffic(tuple("x" * 300), said, tuple(names), logits, latency, cloud, right, private)


TRAFFIC = {"usual": requests(0, 0.2), "odd": requests(1, 0.6)}
POLICY, TERMS = Policy(score="max_probability", threshold=0.7), Terms(price=3.0)
SCORE, WRONG = routing_score(POLICY, TRAFFIC["usual"]), ~TRAFFIC["usual"].device_right
EXPLORERS = {
    "policy": lambda: show_policy(TRAFFIC, POLICY, TERMS),
    "promise": lambda: show_promise(SCORE, WRONG),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_a_policy_shows_all_its_metrics_over_its_grid():
    for traffic, threshold, cost in product(TRAFFIC.values(), (0, 0.5, 0.9, 1), (0, 5, 50)):
        table = compute_policy(replace(POLICY, threshold=threshold), traffic, TERMS, cost).set_index("metric")
        found = outcome(replace(POLICY, threshold=threshold), traffic, TERMS)
        shown = dict(table["this policy"])
        total = float(shown.pop("cost of 1,000, errors included"))
        assert shown == found.row()
        assert total == pytest.approx(1000 * (found.escalated + cost * (1 - found.accuracy.value)), abs=0.6)
        shares = table.loc["escalated, %"].astype(float)
        assert shares["rules alone"] <= shares["this policy"] <= shares["all escalated"] == 100
        assert table["all escalated"]["cost of 1,000"] == "3.00"


def test_the_policy_explorer_shows_what_is_computed_and_the_cheapest_threshold():
    box = show_policy(TRAFFIC, POLICY, TERMS)
    traffic, threshold, cost = controls_of(box)
    for name, at, wrong in product(TRAFFIC, (0.2, 0.8), (1, 20)):
        traffic.value, threshold.value, cost.value = name, at, wrong
        words, _, table = parts(box)
        expected = compute_policy(replace(POLICY, threshold=at), TRAFFIC[name], TERMS, wrong)
        assert_shows(table, expected)
        t = TRAFFIC[name]
        drawn = curve(routing_score(POLICY, t), t.device_right, t.cloud_right)
        cheapest = (1000 * (drawn.share + wrong * (1 - drawn.quality))).min()
        assert cheapest == pytest.approx(cost_curve(drawn, wrong).min())
        cost_here = expected["this policy"].iloc[-1]
        assert words.endswith(f"cost {cost_here}, at the cheapest threshold {cheapest:.0f}.")
        assert cheapest <= float(cost_here) + 0.6


def test_a_promise_over_its_grid():
    for rule, alpha, n in product(RULES, (0.02, 0.05, 0.15), (50, 400)):
        table, errors = compute_promise(SCORE, WRONG, rule, alpha, n)
        allowed = RULES[rule](n, alpha)
        if allowed < 0:
            assert table["errors allowed"][0] == "none: all escalated" and (errors == 0).all()
            continue
        drawn = np.random.default_rng(7).integers(300, size=n)
        threshold = threshold_allowing(SCORE[drawn], WRONG[drawn], allowed)
        assert errors[7] == pytest.approx(np.mean(WRONG & (threshold <= SCORE))) and len(errors) == DRAWS
        spread = 2 * errors.std() / np.sqrt(DRAWS)
        assert errors.mean() <= alpha + spread  # what both promise
        if "each time" in rule:
            assert np.mean(errors > alpha) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / DRAWS)
        assert float(table["kept and wrong, mean, %"][0]) == pytest.approx(100 * errors.mean(), abs=0.006)
        assert float(table["wrong among the kept, %"][0]) >= float(table["kept and wrong, mean, %"][0])


def test_the_promise_explorer_shows_what_is_computed():
    box = show_promise(SCORE, WRONG)
    rule, alpha, n = controls_of(box)
    for rule.value, alpha.value, n.value in product(RULES, (2, 10), (50, 2000)):
        words, _, table = parts(box)
        expected, _ = compute_promise(SCORE, WRONG, rule.value, alpha.value / 100, int(n.value))
        assert_shows(table, expected)
        row = expected.iloc[0]
        assert words == (
            f"{rule.value}, at most {alpha.value:.1f} %: {row['kept and wrong, mean, %']} % on average, above it in "
            f"{row['sets above alpha, %']} % of {DRAWS} sets; {row['escalated, %']} % escalated."
        )
