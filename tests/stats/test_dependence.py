"""How many independent samples dependent ones are worth."""

import numpy as np
import pytest

from edgelab.stats.dependence import dependent_percentile_interval, effective_samples
from edgelab.stats.intervals import percentile_interval


def autoregressive(length, correlation, generator):
    values = [generator.standard_normal()]
    for fresh in generator.standard_normal(length - 1):
        values.append(correlation * values[-1] + np.sqrt(1 - correlation**2) * fresh)
    return np.array(values)


def test_independent_ones_are_worth_about_what_they_are():
    generator = np.random.default_rng(0)
    worth = [effective_samples(generator.lognormal(size=500)) for _ in range(200)]
    assert np.mean(worth) > 430 and max(worth) == 500


def test_runs_are_worth_their_number():
    """Each value ten times: a tenth."""
    generator = np.random.default_rng(0)
    worth = [effective_samples(np.repeat(generator.standard_normal(200), 10)) for _ in range(50)]
    assert 170 < np.mean(worth) < 240


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.8])
def test_it_follows_the_scatter_that_dependence_really_makes(correlation):
    """How many times the variance of the share above a fixed limit is, over many runs, that of independent samples."""
    generator = np.random.default_rng(0)
    runs = [autoregressive(400, correlation, generator) for _ in range(400)]
    true = np.var([np.mean(run > 1.645) for run in runs]) / (0.05 * 0.95 / 400)
    assert np.mean([400 / effective_samples(run) for run in runs]) == pytest.approx(true, rel=0.25)


@pytest.mark.parametrize("values", [[], [1.0], [1, 2, 3], [5.0] * 100])
def test_too_few_or_all_alike_are_taken_as_they_are(values):
    assert effective_samples(values) == len(values)


def test_the_interval_is_the_plain_one_where_nothing_depends():
    drawn = (np.random.default_rng(seed).permutation(np.arange(1, 501.0)) for seed in range(100))
    values = next(each for each in drawn if effective_samples(each) == 500)
    assert dependent_percentile_interval(values) == percentile_interval(values, 95)


def test_it_is_wider_where_they_do_and_covers_the_truth():
    generator = np.random.default_rng(2)
    covered, plain = 0, 0
    for _ in range(200):
        run = autoregressive(400, 0.9, generator)
        found, narrow = dependent_percentile_interval(run), percentile_interval(run, 95)
        assert found.low <= narrow.low and found.high >= narrow.high and found.value == narrow.value
        covered += found.low <= 1.645 <= found.high
        plain += narrow.low <= 1.645 <= narrow.high
    assert covered >= 180 > 150 > plain


def test_too_few_have_no_upper_end():
    assert dependent_percentile_interval(np.arange(50.0)).high == float("inf")
    with pytest.raises(ValueError, match="at least one sample"):
        dependent_percentile_interval([])
