"""After an update: what each way on costs."""

import numpy as np
import pytest

from edgelab.selection.update import adapter_way, matched_threshold, threshold_ways
from edgelab.stats.intervals import accuracy_interval


def scored(generator, n, shift):
    """Scores of a model and whether it is wrong: surer answers are less often wrong; `shift` moves the scores alone."""
    sure = generator.uniform(0, 1, n)
    return sure + shift, generator.random(n) < 0.4 * (1 - sure)


def calibrate(score, wrong):
    """The lowest threshold with at most 2 % kept and wrong, those that there are and one more."""
    for threshold in np.sort(score):
        if ((wrong & (score >= threshold)).sum() + 1) / (len(score) + 1) <= 0.02:
            return float(threshold)
    return float("inf")


@pytest.fixture
def updated():
    """The old model's threshold; examples to label, as the old one and the new one score them; requests held out."""
    generator = np.random.default_rng(0)
    old_score, _ = scored(generator, 2000, 0.0)
    new_score, wrong = scored(generator, 2000, 0.5)  # surer of all, and no better
    return 0.7, (old_score, new_score, wrong), scored(generator, 2000, 0.5)


def test_each_way_on_and_what_it_costs(updated):
    ways = threshold_ways(*updated, calibrate, labelled=(50, 500, 5000), seconds_each=0.01, draws=40)
    forced, cloud, matched, few, many = ways  # 5,000 examples there are not
    assert [way.labelled for way in ways] == [0, 0, 0, 50, 500]
    assert "force" in forced.name and (cloud.wrong.value, cloud.kept) == (0, 0) and many.name == "recalibrated on 500"
    score, wrong = updated[2]
    assert forced.wrong == accuracy_interval(wrong & (score >= 0.7)) and forced.kept == (score >= 0.7).mean()
    assert forced.wrong.low > 0.1  # an old threshold keeps nearly all of the new model's errors
    assert matched.kept == pytest.approx(0.3, abs=0.04) and matched.wrong.high < 0.04
    for way in (few, many):
        assert way.wrong.low <= way.wrong.value <= way.wrong.high and way.wrong.value < 0.03
    assert few.wrong.high - few.wrong.low > many.wrong.high - many.wrong.low
    assert few.kept < many.kept  # fewer examples promise less
    assert forced.seconds == 0 and 0.5 <= few.seconds < 1 and many.seconds >= 5 and matched.seconds >= 20


def test_a_threshold_that_keeps_as_many():
    old, new = np.array([0.1, 0.2, 0.3, 0.4]), np.array([5.0, 9.0, 7.0, 8.0])
    for threshold, kept in ((0.0, 4), (0.25, 2), (0.3, 2), (0.4, 1)):
        assert (new >= matched_threshold(old, new, threshold)).sum() == kept
    assert matched_threshold(old, new, 0.5) == np.inf
    with pytest.raises(ValueError, match="expected scores of the same requests"):
        matched_threshold(old, new[:3], 0.2)


def test_columns_of_other_lengths_are_refused(updated):
    threshold, (old, new, wrong), held_out = updated
    with pytest.raises(ValueError, match="expected columns of one length, found 2000, 2000 and 1999"):
        threshold_ways(threshold, (old, new, wrong[:-1]), held_out, calibrate)


def test_an_adapter_forced_dropped_or_learned_anew():
    own, everybody = np.zeros(40, bool), np.ones(400, bool)
    dropped = adapter_way("dropped", own, everybody, 0.1, taught=0, seconds=0.0)
    assert dropped.wrong.value == pytest.approx(0.1) and (dropped.labelled, dropped.seconds) == (0, 0.0)
    spoilt = np.arange(400) % 2 == 0
    forced = adapter_way("forced", own, spoilt, 0.1, taught=0, seconds=0.0)
    assert forced.wrong.value == pytest.approx(0.1 + 0.9 * 0.5)
    anew = adapter_way("learned anew", np.arange(40) >= 2, everybody, 0.1, taught=12, seconds=3.5)
    assert anew.wrong.value == pytest.approx(0.005) and (anew.labelled, anew.seconds) == (12, 3.5)
    assert forced.wrong.low > dropped.wrong.high > dropped.wrong.low > anew.wrong.high


def test_its_interval_holds_the_truth_as_often_as_it_says():
    generator, held = np.random.default_rng(1), 0
    for _ in range(1000):
        way = adapter_way("x", generator.random(40) > 0.3, generator.random(300) > 0.05, 0.2, taught=0, seconds=0)
        held += way.wrong.low <= 0.2 * 0.3 + 0.8 * 0.05 <= way.wrong.high
    assert 0.93 <= held / 1000 <= 0.98


@pytest.mark.parametrize("share", [-0.1, 1.1, np.nan])
def test_a_share_that_is_none(share):
    with pytest.raises(ValueError, match="own_share: expected a share from 0 to 1"):
        adapter_way("x", np.ones(3, bool), np.ones(3, bool), share, taught=0, seconds=0)
