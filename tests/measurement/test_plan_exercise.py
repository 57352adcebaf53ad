"""The plan of 05: the release's window by an exact calculation, and a verdict that is monotone in the samples."""

import copy
import math

import numpy as np
import pytest
from scipy.stats import binom, norm

from edgelab.measurement.by_hand import found_share, told_apart
from edgelab.measurement.comparison import rounds_needed, spread
from edgelab.measurement.load import open_latencies
from edgelab.measurement.plan_exercise import (
    BENCH_S,
    CASES,
    MEASUREMENT_PLAN,
    SECONDS,
    judge_plan,
    late_and_unseen,
    outcome,
    pilot,
    stopped_by_mistake,
    went_out,
)
from edgelab.stats.binomial import binomial_bounds


def plan(**samples):
    changed = copy.deepcopy(MEASUREMENT_PLAN)
    for name, number in samples.items():
        changed[name.replace("_", " ")]["samples"] = number
    return changed


def test_the_window_of_the_release_is_that_of_an_exact_calculation():
    """A race of n rounds stops a release if at most `low - 1` of its ratios lie below 1: a sign test."""
    below = norm.cdf(-math.log(1.05) / 0.10)
    exact = {n: binom.cdf(binomial_bounds(n, 0.5)[0] - 1, n, below) for n in range(20, 200)}
    least = max(n for n, found in exact.items() if found < 0.95) + 1
    assert least == 97
    assert went_out()[least] <= 50 < went_out()[least - 1] and (np.diff(went_out()) <= 0).all()
    assert rounds_needed(pilot(), 0.05) == 86 and exact[86] < 0.94  # the formula is rosy
    assert spread(pilot()) == pytest.approx(0.10, abs=1e-4)
    drawn = np.random.default_rng(0).integers(len(pilot()), size=(2000, 97))
    assert found_share(pilot(), 0.05, drawn) == pytest.approx(exact[97], abs=0.02)


def test_a_plan_answers_what_was_asked_in_words():
    for load in (["closed"], np.array(["closed"]), None):
        changed = copy.deepcopy(MEASUREMENT_PLAN)
        changed["release"]["load"] = load
        assert judge_plan(changed) == ["release: load is one of closed, open"]
    assert judge_plan(MEASUREMENT_PLAN | {"battery": {}}) == ["'battery': nobody asked that"]


def test_the_verdict_is_monotone_in_the_samples():
    """Too few, then enough, then no more than the bench allows."""
    for name, least in (("release", 970), ("keyboard", 662), ("first_answer", 64)):
        others = {n: least for n, least in (("release", 970), ("keyboard", 662), ("first_answer", 64)) if n != name}
        key = name.replace("_", " ")
        room = BENCH_S - sum(SECONDS[n.replace("_", " ")] * number for n, number in others.items())
        most = int(room / SECONDS[key] + 1e-9)
        tried = sorted({1, 2, 9, least // 2, *range(least - 40, most + 60, 3), least - 1, least, most, most + 1, 10**6})
        passed = [n for n in tried if n > 0 and not judge_plan(plan(**others, **{name: n}))]
        assert passed == [n for n in tried if least <= n <= most] and least < most < 1.25 * least


@pytest.mark.parametrize("samples", [550, 600, 650, 700, 800, 860, 900, 960, 969])
def test_too_few_for_the_release(samples):
    (complaint,) = judge_plan(plan(release=samples))
    assert "went out" in complaint


def test_a_closed_load_does_not_see_the_stalls():
    for samples in (662, 670, 900, 2000):
        assert late_and_unseen(samples, "open") <= 20 and late_and_unseen(samples, "closed") > 500
    assert late_and_unseen(662, "open") == unseen_one_by_one(662)


def unseen_one_by_one(samples):
    service = np.where(np.random.default_rng(22).random((CASES, samples)) < 0.008, 900.0, 8.0)
    due = 100.0 * np.arange(samples)
    return sum(np.percentile(open_latencies(due, row), 99) <= 50 for row in service)


def test_false_alarms_are_those_of_the_verdict():
    ratios = np.exp(np.random.default_rng(21).normal(0, 0.10, (CASES, 97)))
    assert stopped_by_mistake(97, "interleaved") == sum(told_apart(run) == "slower" for run in ratios)
    assert stopped_by_mistake(97, "interleaved") < 50 < 500 < stopped_by_mistake(97, "one after the other")


def test_right_plans_in_other_forms_pass_and_can_be_shown():
    for samples in (np.int64(1000), 1000.0, np.float32(1010), 1015):
        assert judge_plan(plan(release=samples)) == []
        assert outcome(plan(release=samples))["seconds on the bench"].endswith(f"of {BENCH_S}")
    other = copy.deepcopy(MEASUREMENT_PLAN)
    other["keyboard"]["order"] = "one after the other"  # one app: it is up to whoever plans
    assert judge_plan(other) == []


@pytest.mark.parametrize("samples", [0, -5, None, "many", math.nan, math.inf, [970], True])
def test_numbers_that_are_none_are_refused(samples):
    assert judge_plan(plan(release=samples)) and judge_plan({"release": {}}) and judge_plan({})


def test_the_same_for_all_fails():
    for load in ("closed", "open"):
        for report in ("mean", "p50", "p90", "p99", "ratio"):
            for samples in (100, 662, 1000, 5000):
                one = {"load": load, "order": "interleaved", "process": "warm", "report": report, "samples": samples}
                assert judge_plan(dict.fromkeys(MEASUREMENT_PLAN, one))
