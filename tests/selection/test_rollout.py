"""A staged rollout: who is asked, what telemetry says, what a stop costs; with noise and without."""

import numpy as np
import pytest

from edgelab.selection.rollout import (
    Estimate,
    Fleet,
    Look,
    Plan,
    Release,
    asked,
    corrections,
    estimate_of,
    exact_report,
    follow,
    information,
    power,
    simulate_looks,
    so_far,
)
from edgelab.selection.sequential import evidence_rule, naive_rule, spending_rule, split_rule
from edgelab.stats.intervals import accuracy_interval

OLD, BAD = Release("old", 0.05), Release("half as many errors more", 0.075)
FLEET, PLAN = Fleet(devices=6000), Plan(looks_a_stage=2)


def randomized(epsilon: float, seed: int = 0):
    """Telemetry by randomized response: each device says whether its user corrected anything, or lies by chance."""
    generator, truth = np.random.default_rng(seed), np.exp(epsilon) / (1 + np.exp(epsilon))

    def report(counts: np.ndarray) -> Estimate:
        said = ((counts > 0) ^ (generator.random(len(counts)) > truth)).mean()
        error = np.sqrt(said * (1 - said) / len(counts)) / (2 * truth - 1)
        return Estimate(float((said - (1 - truth)) / (2 * truth - 1)), float(error))

    return report


def look(
    new: float, old: float, new_devices: int = 100, old_devices: int = 100, error: float = 0.1, stage: float = 1.0
):
    return Look(stage, Estimate(new, error), Estimate(old, error), new_devices, old_devices)


# --- who is asked -------------------------------------------------------------------------------


def test_each_device_is_asked_once():
    new, old = asked(Fleet(devices=10_000, held_back=0.2), Plan((0.1, 0.5, 1.0), looks_a_stage=3))
    assert new.tolist() == [267, 266, 267, 1067, 1066, 1067, 1333, 1334, 1333] and old.sum() == 2000
    assert new.sum() + old.sum() == 10_000 and np.ptp(old) <= 1


def test_information_is_of_pairs_of_devices():
    fleet, plan = Fleet(devices=1000, held_back=0.5), Plan((0.2, 1.0), looks_a_stage=1)
    assert information(fleet, plan) == pytest.approx(
        [1 / (1 / 100 + 1 / 250), 1 / (1 / 100 + 1 / 250) + 1 / (1 / 400 + 1 / 250)]
    )


def test_a_fleet_too_small_is_refused():
    with pytest.raises(ValueError, match="expected two devices or more at each look, found 0"):
        simulate_looks(Fleet(devices=100), Plan(), OLD, OLD)


# --- what telemetry says ------------------------------------------------------------------------


def test_corrections_have_the_mean_and_the_spread_that_the_fleet_says():
    generator, fleet = np.random.default_rng(0), Fleet(requests=10, spread=2.0, noticed=0.5)
    counts = corrections(fleet, Release("r", 0.2), 200_000, generator)
    assert counts.mean() == pytest.approx(1.0, abs=0.01) and counts.var() == pytest.approx(1 + 1 / 2, abs=0.03)
    broken = corrections(fleet, Release("r", 0.2, broken=0.1), 200_000, generator)
    assert broken.mean() == pytest.approx(0.9 * 1.0 + 0.1 * 5.0, abs=0.03)


def test_telemetry_without_noise():
    found = exact_report(np.array([0, 1, 2, 5]))
    assert (found.value, found.standard_error) == (2.0, pytest.approx(np.sqrt(14 / 3 / 4)))
    with pytest.raises(ValueError, match="expected the counts of two devices or more, found 1"):
        exact_report(np.array([3]))


def test_an_interval_is_an_estimate_too():
    generator = np.random.default_rng(0)
    yes = generator.random(4000) < 0.2
    found, exact = estimate_of(accuracy_interval(yes)), exact_report(yes.astype(int))
    assert found.value == exact.value and found.standard_error == pytest.approx(exact.standard_error, rel=0.01)


def test_what_is_known_so_far_weighs_days_by_their_devices():
    looks = [look(0.3, 0.1, 100, 100), look(0.6, 0.1, 300, 300, error=0.2)]
    difference, error = so_far(looks)
    assert difference == pytest.approx([0.2, (50 * 0.2 + 150 * 0.5) / 200])
    assert error == pytest.approx([np.sqrt(0.02), np.sqrt(50**2 * 0.02 + 150**2 * 0.08) / 200])
    certain = [looks[0], look(0.6, 0.1, 300, 300, error=1e-6)]
    assert so_far(certain)[0] == pytest.approx(difference)  # its own spread is no reason


def test_a_day_that_is_bad_for_all_is_no_fault_of_the_release():
    difference, _ = so_far([look(0.1, 0.1, 30, 800), look(5.1, 5.1, 9000, 800), look(0.1, 0.1, 9000, 800)])
    assert difference == pytest.approx([0, 0, 0])


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_estimate_that_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="expected finite estimates"):
        so_far([look(0.1, 0.1), look(value, 0.1)])
    with pytest.raises(ValueError, match="expected finite estimates"):
        so_far([look(0.1, 0.1, error=value)])


@pytest.mark.parametrize("report", [exact_report, randomized(1.0)], ids=["exact", "randomized"])
def test_standard_errors_are_those_of_many_rollouts(report):
    found = [so_far(simulate_looks(FLEET, PLAN, OLD, OLD, report, seed=seed)) for seed in range(400)]
    z = np.array([difference / error for difference, error in found])
    assert np.abs(z.mean(0)).max() < 4 / np.sqrt(400) and np.abs(z.std(0) - 1).max() < 0.16
    gained = np.array([np.diff(difference / error**2) for difference, error in found])  # of independent looks
    assert np.abs(np.corrcoef(gained.T) - np.eye(gained.shape[1])).max() < 0.2


def test_a_simulation_can_be_repeated():
    assert simulate_looks(FLEET, PLAN, OLD, BAD, seed=3) == simulate_looks(FLEET, PLAN, OLD, BAD, seed=3)
    assert simulate_looks(FLEET, PLAN, OLD, BAD, seed=3) != simulate_looks(FLEET, PLAN, OLD, BAD, seed=4)


# --- what a stop costs --------------------------------------------------------------------------


def test_the_requests_exposed_and_harmed_by_a_stop():
    fleet = Fleet(devices=1000, requests=10, held_back=0.5)
    plan, releases = Plan((0.2, 1.0), looks_a_stage=2, rollback_days=0.5), (OLD, Release("new", 0.1, broken=0.5))
    looks = [look(0.1, 0.1, stage=stage) for stage in (0.2, 0.2, 1.0, 1.0)]
    third = follow(looks, lambda difference, error: len(difference) == 3, fleet, plan, *releases)
    device_days = 100 + 100 + 500 + 0.5 * 500
    assert (third.stopped_at, third.looks, third.exposed) == (1.0, 3, 10 * device_days)
    assert third.harmed == pytest.approx(10 * device_days * (0.55 - 0.05))
    shipped = follow(looks, lambda difference, error: False, fleet, plan, *releases)
    assert (shipped.stopped_at, shipped.looks, shipped.exposed) == (None, 4, 10 * 1200)
    better = follow(looks, lambda difference, error: False, fleet, plan, OLD, Release("better", 0.03))
    assert better.harmed == pytest.approx(-0.02 * 12_000)


def test_a_rule_sees_the_past_alone():
    seen = []

    def rule(difference, error):
        seen.append((len(difference), len(error)))
        return False

    follow([look(0.1, 0.1)] * 3, rule, FLEET, Plan((1.0,), looks_a_stage=3), OLD, OLD)
    assert seen == [(1, 1), (2, 2), (3, 3)]


def test_a_rule_may_do_with_what_it_sees_as_it_likes():
    given = []

    def rule(difference, error):
        given.append(difference.tolist())
        difference[:] = error[:] = 99.0
        return False

    looks = [look(0.2, 0.1)] * 3
    follow(looks, rule, FLEET, Plan((1.0,), looks_a_stage=3), OLD, OLD)
    assert given == [so_far(looks)[0][:k].tolist() for k in (1, 2, 3)]


# --- false stops and power ----------------------------------------------------------------------


def rules(fleet, plan):
    return {
        "naive": naive_rule(),
        "split": split_rule(plan.looks),
        "spending": spending_rule(information(fleet, plan)),
        "evidence": evidence_rule(0.05),
    }


@pytest.mark.parametrize("report", [exact_report, randomized(2.0)], ids=["exact", "randomized"])
def test_a_good_release_and_a_bad_one(report):
    good = power(FLEET, PLAN, OLD, OLD, rules(FLEET, PLAN), report, rollouts=300, seed=1)
    assert good["naive"].stopped.low > 0.09 and good["spending"].stopped.low < 0.05
    assert max(good["split"].stopped.value, good["evidence"].stopped.value) <= good["spending"].stopped.value
    assert all(found.harmed == 0 for found in good.values())
    worse = Release("thrice", 0.15)
    bad = power(FLEET, PLAN, OLD, worse, rules(FLEET, PLAN), report, rollouts=60, seed=2)
    for name, found in bad.items():
        assert found.stopped.low > 0.85, name
        assert sum(found.by_stage.values()) == pytest.approx(found.stopped.value)
        unstopped = follow([look(0.1, 0.1)] * PLAN.looks, lambda *_: False, FLEET, PLAN, OLD, worse)
        assert 0 < found.harmed < unstopped.harmed / 2
    assert bad["spending"].harmed < bad["split"].harmed  # it stops sooner


def test_one_that_is_better_is_let_through():
    found = power(FLEET, PLAN, OLD, Release("better", 0.03), rules(FLEET, PLAN), rollouts=60)
    assert all(each.stopped.value == 0 and each.harmed < 0 for each in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("report", [exact_report, randomized(1.0)], ids=["exact", "randomized"])
def test_of_2000_good_releases_as_many_are_stopped_as_was_said(report):
    fleet, plan = Fleet(devices=20_000), Plan()
    found = power(fleet, plan, OLD, OLD, rules(fleet, plan), report, rollouts=2000, seed=5)
    assert found["naive"].stopped.low > 0.15
    assert found["spending"].stopped.low < 0.05 < found["spending"].stopped.high + 0.01
    assert found["spending"].stopped.high < 0.07
    assert found["split"].stopped.high <= 0.05 and found["evidence"].stopped.high <= 0.05
