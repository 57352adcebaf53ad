"""The lower end of a retention, beside scipy's bootstrap."""

import numpy as np
import pytest
from scipy import stats

from edgelab.distillation.retention import retention_low
from edgelab.stats.bootstrap import paired_ratio

RNG = np.random.default_rng(0)


def test_by_hand():
    student, teacher = np.array([True, False, True, False]), np.array([True, True, False, True])
    drawn = np.array([[0, 1, 2, 3], [0, 0, 1, 1], [0, 2, 2, 2]])  # 2/3, 1/2, 4/1
    assert retention_low(student, teacher, drawn) == pytest.approx(1 / 2 + 0.05 * (2 / 3 - 1 / 2))


def test_it_is_scipys_percentile_bootstrap_and_the_librarys():
    teacher = RNG.random(400) < 0.95
    student = teacher & (RNG.random(400) < 0.93) | (RNG.random(400) < 0.02)
    drawn = RNG.integers(400, size=(4000, 400))
    found = stats.bootstrap(
        (student, teacher),
        lambda s, t, axis: s.mean(axis) / t.mean(axis),
        paired=True,
        vectorized=True,
        method="percentile",
        n_resamples=4000,
        rng=RNG,
    )
    low = retention_low(student, teacher, drawn)
    assert low == pytest.approx(found.confidence_interval.low, abs=0.003)
    assert low == pytest.approx(paired_ratio(student, teacher).low, abs=0.003)
