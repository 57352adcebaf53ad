"""Scoreboards of known truth, and the measure of calibration itself."""

import numpy as np
import pytest

from edgelab.selection.form import HERE, Requirements
from edgelab.selection.simulated import Cases, Known, World, collect, reliability, scoreboard


def test_samples_show_their_truths():
    known = scoreboard(World(examples=40_000, timed=40_000, models=3), np.random.default_rng(0))
    teacher, *models = known.rows
    assert [row.ships for row in known.rows] == [False, True, True, True]
    for row in models:
        true = known.truth[row.name]
        assert row.right_call.mean() == pytest.approx(true["calls"], abs=0.008)
        assert row.right_label.mean() == pytest.approx(true["accuracy"], abs=0.008)
        assert row.high_stakes_wrong.mean() == pytest.approx(true["high_stakes"], abs=0.005)
        assert np.percentile(row.latency_ms[HERE], 95) == pytest.approx(true["p95_ms"], rel=0.03)
        assert row.right_call.mean() / teacher.right_call.mean() == pytest.approx(true["retention"], abs=0.01)
        assert not (row.right_call & ~row.right_label).any() and not (row.right_label & row.high_stakes_wrong).any()


def test_models_fail_on_the_same_examples_and_slow_answers_come_together():
    one = scoreboard(World(models=2, shared=0.95, stalls=0.9), np.random.default_rng(1)).rows[1:]
    none = scoreboard(World(models=2, shared=0.0, stalls=0.0), np.random.default_rng(1)).rows[1:]

    def together(rows):
        return np.corrcoef(rows[0].right_call, rows[1].right_call)[0, 1]

    def neighbours(row):
        ms = np.array(row.latency_ms[HERE])
        return np.corrcoef(ms[1:], ms[:-1])[0, 1]

    assert together(one) > 0.5 > 0.2 > abs(together(none))
    assert neighbours(one[0]) > 0.7 > 0.2 > abs(neighbours(none[0]))


def test_truth_clears_what_is_asked():
    known = Known([], {"a": {"calls": 0.95, "mb": 1.0}, "b": {"calls": 0.97, "mb": 3.0}})
    assert known.clears(Requirements(min_calls=0.95)) == {"a": True, "b": True}
    assert known.clears(Requirements(min_calls=0.96, max_mb=2)) == {"a": False, "b": False}


def cases(stated, true, boards=400):
    return Cases(stated, true, np.arange(len(stated)) % boards)


def test_what_comes_true_as_often_as_stated_is_calibrated():
    generator = np.random.default_rng(0)
    stated = generator.uniform(size=4000)
    found = reliability(cases(stated, (generator.uniform(size=4000) < stated).astype(float)))
    assert found.bias.low < 0 < found.bias.high and found.overconfidence.low < 0 < found.overconfidence.high
    assert found.brier.low < found.expected_brier < found.brier.high
    assert sum(n for n, _, _ in found.bins) == 4000 and all(
        true.low <= mean <= true.high for _, mean, true in found.bins
    )


@pytest.mark.parametrize(("stretch", "sign"), [(2.0, 1), (0.5, -1)])
def test_who_is_too_sure_or_not_sure_enough_is_told(stretch, sign):
    generator = np.random.default_rng(0)
    true_chance = generator.uniform(0.05, 0.95, size=4000)
    odds = (true_chance / (1 - true_chance)) ** stretch
    found = reliability(cases(odds / (1 + odds), (generator.uniform(size=4000) < true_chance).astype(float)))
    assert min(sign * found.overconfidence.low, sign * found.overconfidence.high) > 0.05
    assert found.bias.low < 0 < found.bias.high  # neither too high nor too low on the whole


def test_cases_of_one_scoreboard_are_not_independent():
    """Ten times the same statement is one."""
    generator = np.random.default_rng(0)
    stated = generator.uniform(size=200)
    true = (generator.uniform(size=200) < stated).astype(float)
    once, tenfold = (
        reliability(cases(stated, true, 200)),
        reliability(cases(np.tile(stated, 10), np.tile(true, 10), 200)),
    )
    assert tenfold.bias.low == pytest.approx(once.bias.low) and tenfold.bias.high == pytest.approx(once.bias.high)


def test_what_all_cases_agree_in_is_not_certain():
    found = reliability(cases(np.full(40, 0.95), np.ones(40), 40))
    ((number, mean, true),) = found.bins
    assert (number, mean, true.value, true.high) == (40, pytest.approx(0.95), 1, 1) and 0.85 < true.low < 0.95


def test_cases_are_collected_with_their_scoreboard():
    found = collect(
        lambda known: {name: (0.5, name == "a") for name in known.truth},
        [Known([], {"a": {}}), Known([], {"a": {}, "b": {}})],
    )
    assert found.stated.tolist() == [0.5] * 3 and found.true.tolist() == [1, 1, 0] and found.board.tolist() == [0, 1, 1]
