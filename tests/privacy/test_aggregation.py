"""What a group's reports say: with an interval that holds, of groups that are large enough, and of no others."""

import numpy as np
import pytest

from edgelab.privacy.aggregation import MINIMUM_GROUP, GroupTooSmall, aggregate, aggregate_groups, share_below
from edgelab.privacy.telemetry import POCKET_PLAN, Bins, Count, Plan, YesNo, simulate_reports
from edgelab.stats.binomial import binomial_bounds

SHARES = (0.7, 0.1, 0.1, 0.07, 0.03)


def fleet(generator: np.random.Generator, devices: int) -> dict[str, np.ndarray]:
    return {
        "crashed": generator.random(devices) < 0.02,
        "escalated": generator.binomial(20, 0.2, devices),
        "corrected": generator.binomial(5, 0.1, devices),
        "latency_ms": generator.choice(5, devices, p=SHARES),
    }


def test_200_fleets_each_estimate_is_right_on_average_and_within_its_stated_error():
    truth = [0.02, 4.0, 0.5, *SHARES]
    generator, found = np.random.default_rng(7), []
    for _ in range(200):
        estimates = aggregate(POCKET_PLAN, simulate_reports(POCKET_PLAN, fleet(generator, 1000), generator))
        found.append([f for question in POCKET_PLAN.questions for f in estimates[question.name]])
    low, _ = binomial_bounds(200, 0.95)
    for column, expected in zip(zip(*found, strict=True), truth, strict=True):
        values, half = np.array([f.value for f in column]), np.mean([(f.high - f.low) / 2 for f in column])
        assert abs(values.mean() - expected) < 3 * half / 1.96 / np.sqrt(200)
        assert half / 1.96 == pytest.approx(values.std(ddof=1), rel=0.2)  # what is stated is what is there
        assert sum(f.low <= expected <= f.high for f in column) >= low - 3  # of eight columns


def test_a_group_that_is_too_small_is_refused():
    generator = np.random.default_rng(0)
    reports = simulate_reports(POCKET_PLAN, fleet(generator, MINIMUM_GROUP), generator)
    assert set(aggregate(POCKET_PLAN, reports)) == {"crashed", "escalated", "corrected", "latency_ms"}
    with pytest.raises(GroupTooSmall, match=r"of 20 devices or more, found 19: nothing is told"):
        aggregate(POCKET_PLAN, {name: column[1:] for name, column in reports.items()})
    with pytest.raises(GroupTooSmall):
        aggregate(POCKET_PLAN, [])


def of(release: str, devices: int, answer: bool = True) -> list[dict]:
    return [{"group": {"release": release}, "answers": {"crashed": answer}} for _ in range(devices)]


PLAN = Plan((YesNo("crashed", 1.0),))


def test_small_groups_are_pooled_or_left_out():
    reports = of("1", 30) + of("2", 12) + of("3", 9, answer=False)
    told = aggregate_groups(PLAN, reports, "release")
    assert list(told) == ["1", "other"]
    pool = aggregate(PLAN, of("2", 12) + of("3", 9, answer=False))
    assert told["other"] == pool and told["1"] == aggregate(PLAN, of("1", 30)) != pool
    assert list(aggregate_groups(PLAN, of("1", 30) + of("2", 12), "release")) == ["1"]
    assert aggregate_groups(PLAN, of("1", 19), "release") == {}
    assert list(aggregate_groups(PLAN, of("1", 30), "country")) == ["other"]
    assert aggregate_groups(PLAN, of("1", 30), "release", minimum_group=31) == {}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (YesNo("x", 1.0), 2),
        (YesNo("x", 1.0), 0.5),
        (Bins("x", 1.0, (1,)), 2),
        (Bins("x", 1.0, (1,)), -1),
        (Count("x", 1.0, 3), 1.5),
        (Count("x", 1.0, 3), "many"),
    ],
)
def test_a_report_of_another_plan_is_refused(question, answer):
    good = -2 if isinstance(question, Count) else 1
    reports = [{"answers": {"x": good}}] * 20
    aggregate(Plan((question,)), reports)
    with pytest.raises(ValueError, match="x: expected answers of"):
        aggregate(Plan((question,)), [*reports, {"answers": {"x": answer}}])
    for missing in ({"answers": {}}, {}, {"answers": None}):
        with pytest.raises(ValueError, match="expected reports that answer x"):
            aggregate(Plan((question,)), [*reports, missing])


def test_equal_counts_still_have_the_noise_in_their_interval():
    """Their own variance is none; that of the noise is known."""
    question = Count("x", 1.0, 5)
    (found,) = aggregate(Plan((question,)), [{"answers": {"x": 3}}] * 100)["x"]
    assert found.value == 3
    assert (found.high - found.low) / 2 == pytest.approx(1.96 * (question.noise_variance / 100) ** 0.5, rel=1e-3)
    assert question.noise_variance == pytest.approx(2 * 5**2, rel=0.01)  # about twice the square of the scale


def test_the_share_below_an_edge_is_tighter_than_its_bins():
    question, generator, hits = Bins("latency_ms", 1.0, (5.0, 50.0, 200.0, 1000.0)), np.random.default_rng(3), 0
    for _ in range(200):
        truth = {"latency_ms": generator.choice(5, 500, p=SHARES)}
        reported = simulate_reports(Plan((question,)), truth, generator)["latency_ms"]
        found = share_below(question, reported, 200.0)
        hits += found.low <= sum(SHARES[:3]) <= found.high
    low, high = binomial_bounds(200, 0.95)
    assert low - 1 <= hits <= high + 1
    bins = aggregate(Plan((question,)), {"latency_ms": reported})["latency_ms"]
    assert found.value == pytest.approx(sum(b.value for b in bins[:3]))
    assert found.high - found.low < sum(b.high - b.low for b in bins[:3])
    with pytest.raises(ValueError, match="one of the edges"):
        share_below(question, reported, 100.0)
    with pytest.raises(GroupTooSmall):
        share_below(question, reported[:19], 200.0)
