"""A shift in traffic, noticed from scores: as often without cause as was said, and how surely with one."""

import numpy as np
import pytest
from scipy import stats

from edgelab.selection.shift import STATISTICS, alarm_rate, alarm_threshold, distance, notice
from edgelab.stats.intervals import accuracy_interval


def ordinary(generator, n, digits=2):
    """Scores as a model's: most near 1, many tied."""
    return generator.beta(8, 2, n).round(digits)


def unsure(generator, n):
    return generator.beta(3, 2, n).round(2)


@pytest.fixture
def samples():
    generator = np.random.default_rng(0)
    return ordinary(generator, 300), unsure(generator, 80)


# --- distances ----------------------------------------------------------------------------------


def test_distances_are_scipys(samples):
    reference, window = samples
    assert distance(reference, window, "ks") == pytest.approx(stats.ks_2samp(reference, window).statistic)
    above = stats.mannwhitneyu(window, reference).statistic / (300 * 80)
    assert distance(reference, window, "rank") == pytest.approx(abs(above - 0.5))


def test_the_stability_index_by_hand():
    reference, window = np.arange(10.0), np.arange(10.0) + 0.5  # together 20 in ten bins of two, one of each
    assert distance(reference, window, "psi") == pytest.approx(0)
    apart = distance(np.arange(10.0), np.arange(10.0) + 100, "psi")  # 5 bins of two each
    a, b = 0.225 / 1.25, 0.025 / 1.25  # each share and half a score of 20
    assert apart == pytest.approx(10 * (a - b) * np.log(a / b))


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_distance_is_none_between_alike_and_the_same_both_ways(samples, statistic):
    reference, window = samples
    assert distance(reference, reference, statistic) == pytest.approx(0)
    assert distance(reference, window, statistic) == pytest.approx(distance(window, reference, statistic))
    assert distance(reference, window[::-1], statistic) == distance(reference, window, statistic)


# --- alarms -------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("digits", [1, 12])
def test_false_alarms_are_as_many_as_was_said(statistic, digits):
    generator = np.random.default_rng(1)
    alarms = [
        notice(
            ordinary(generator, 120, digits), ordinary(generator, 60, digits), statistic, permutations=39, seed=i
        ).alarm
        for i in range(500)
    ]
    found = accuracy_interval(np.array(alarms))
    assert found.low < 0.05 and found.high > 0.03 and found.high < 0.09


@pytest.mark.parametrize("statistic", STATISTICS)
def test_an_alarm_is_what_lies_above_its_threshold(statistic):
    generator = np.random.default_rng(2)
    for seed in range(20):
        found = notice(ordinary(generator, 100), generator.beta(6, 2, 50), statistic, permutations=99, seed=seed)
        assert found.alarm == (found.statistic > found.threshold) == (found.p_value <= 0.05)
    clear = notice(ordinary(generator, 300), unsure(generator, 100), statistic)
    assert clear.alarm and clear.p_value == 1 / 200


@pytest.mark.parametrize("statistic", STATISTICS)
def test_scores_that_are_all_one_raise_no_alarm(statistic):
    found = notice(np.ones(50), np.ones(20), statistic)
    assert (found.statistic, found.p_value, found.alarm) == (0.0, 1.0, False)
    assert alarm_threshold(np.ones(70), 20, statistic) == 0.0


@pytest.mark.parametrize("statistic", STATISTICS)
def test_power_rises_with_the_share_of_new_traffic(statistic):
    generator = np.random.default_rng(3)
    scores, new = ordinary(generator, 600), unsure(generator, 300)
    threshold = alarm_threshold(scores, 150, statistic, permutations=399)
    none, some, all_new = (
        alarm_rate(scores, new, share, threshold, statistic, window=150, trials=200) for share in (0, 0.4, 1)
    )
    assert none.low < 0.05 < none.high + 0.02 and none.high < 0.12
    assert some.low > none.high and all_new.value == 1.0
    assert alarm_rate(scores, new, 0, threshold, statistic, window=150, trials=50, seed=1) == alarm_rate(
        scores, scores[:0], 0, threshold, statistic, window=150, trials=50, seed=1
    )


def test_a_rule_of_thumb_knows_nothing_of_the_windows_size():
    """PSI above 0.1, as is often said: alarms without cause in small windows, and blind in large ones."""
    generator = np.random.default_rng(4)
    scores = ordinary(generator, 6000, 12)
    small = alarm_rate(scores[:1000], scores[:0], 0, 0.1, "psi", window=60, trials=200)
    large = alarm_rate(scores, unsure(generator, 300), 0.1, 0.1, "psi", window=3000, trials=30)
    assert small.low > 0.5 and large.value == 0.0
    learned = alarm_threshold(scores, 3000, "psi", permutations=99)
    assert alarm_rate(scores, unsure(generator, 300), 0.1, learned, "psi", window=3000, trials=30).value == 1.0


# --- what is refused ----------------------------------------------------------------------------


def test_what_is_no_sample(samples):
    reference, window = samples
    for wrong in (window[:0], np.append(window, np.nan), np.append(window, np.inf)):
        with pytest.raises(ValueError, match="expected finite scores in both"):
            distance(reference, wrong)
    with pytest.raises(ValueError, match="expected one of ks, psi, rank, found 'vibes'"):
        distance(reference, window, "vibes")
    with pytest.raises(ValueError, match="expected at least 19 permutations at 0.05, found 18"):
        notice(reference, window, permutations=18)
    assert notice(reference, window, permutations=19).alarm
    with pytest.raises(ValueError, match="expected more than 300 ordinary scores and 30 new ones, found 300 and 80"):
        alarm_rate(reference, window, 0.1, 0.2, window=300)
    with pytest.raises(ValueError, match="and 81 new ones, found 300 and 80"):
        alarm_rate(reference, window, 0.81, 0.2, window=100)
