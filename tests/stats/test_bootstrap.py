"""Differences and ratios of pairs: widths against theory, coverage by simulation, what is refused."""

import math

import numpy as np
import pytest

from edgelab.stats.bootstrap import paired_difference, paired_ratio
from edgelab.stats.intervals import (
    Z95,
    Interval,
)
from tests.right_answers import answers, scores


def test_what_is_always_the_same_has_no_width():
    a, b = answers(90, 100), answers(80, 100)
    same = paired_difference(a, a)
    assert (same.value, same.low, same.high) == (0, 0, 0)
    assert paired_ratio(a, a) == Interval(1, 1, 1)
    ones = paired_difference(np.ones(30), np.zeros(30))
    assert (ones.value, ones.low, ones.high) == (1, 1, 1)
    assert paired_difference(a, b).value == pytest.approx(0.1) and paired_ratio(a, b).value == pytest.approx(9 / 8)
    assert paired_difference(b, a).value == pytest.approx(-0.1)


def test_the_bootstrap_of_a_mean_is_as_wide_as_theory_says():
    """Differences of 1 with probability p: the normal interval's half-width is z sqrt(p (1 - p) / n)."""
    a, b = answers(300, 2000), np.zeros(2000)
    interval = paired_difference(a, b)
    half = Z95 * math.sqrt(0.15 * 0.85 / 2000)
    assert interval.value == pytest.approx(0.15)
    assert interval.low == pytest.approx(0.15 - half, abs=0.1 * half)
    assert interval.high == pytest.approx(0.15 + half, abs=0.1 * half)


def test_the_ratio_is_as_wide_as_theory_says():
    """Delta method, paired: sd of (a - r b) / (mean b sqrt n)."""
    rng = np.random.default_rng(1)
    b = scores(rng, 3000, 0.9)
    a = np.where(rng.random(3000) < 0.9, b, scores(rng, 3000, 0.5))
    ratio = a.mean() / b.mean()
    half = Z95 * np.std(a - ratio * b) / b.mean() / math.sqrt(3000)
    interval = paired_ratio(a, b)
    assert interval.value == pytest.approx(ratio)
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.1)


def test_pairing_makes_the_interval_narrower():
    """Two models that err on the same examples: unpaired, their own noise counts twice."""
    rng = np.random.default_rng(2)
    teacher = scores(rng, 1000, 0.9)
    student = teacher & (rng.random(1000) < 0.98)
    paired = paired_difference(student, teacher)
    unpaired = paired_difference(rng.permutation(student), teacher)
    assert unpaired.value == pytest.approx(paired.value)
    assert paired.high < 0 < unpaired.high  # the same difference is seen only when paired
    assert paired.high - paired.low < 0.6 * (unpaired.high - unpaired.low)


def test_seeds_are_drawn_too():
    """All examples agree, seeds do not: the width is that of a mean of three seeds, not of no examples."""
    a = np.repeat([[0.0], [0.5], [1.0]], 200, 1)
    interval = paired_difference(a, np.zeros(200))
    assert interval.value == 0.5 and interval.low == 0 and interval.high == 1
    alone = paired_difference(a[1], np.zeros(200))
    assert (alone.low, alone.high) == (0.5, 0.5)
    # Seed by seed against its own twin, a common shift of both cancels.
    assert paired_difference(a + 0.1, a) == Interval(pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1))


def test_the_paired_interval_covers_the_truth():
    rng = np.random.default_rng(3)
    held = 0
    for _ in range(200):
        b = scores(rng, 300, 0.8)
        a = b & (rng.random(300) < 0.9)  # the truth: -0.08
        interval = paired_difference(a, b, resamples=300)
        held += interval.low <= -0.08 <= interval.high
    assert held / 200 == pytest.approx(0.95, abs=0.05)


def test_the_same_seed_gives_the_same_interval():
    rng = np.random.default_rng(4)
    a, b = scores(rng, (3, 100), 0.8), scores(rng, 100, 0.9)
    assert paired_ratio(a, b) == paired_ratio(a, b)
    assert paired_ratio(a, b).low != paired_ratio(a, b, seed=1).low


@pytest.mark.parametrize(
    ("a", "b"),
    [
        (np.ones(3), np.ones(4)),
        (np.ones((3, 5)), np.ones((2, 5))),
        (np.ones(5), np.ones((3, 5))),
        (np.ones(0), np.ones(0)),
    ],
)
def test_scores_of_other_examples_are_refused(a, b):
    for compare in (paired_difference, paired_ratio):
        with pytest.raises(ValueError, match="expected scores of the same examples, found shapes"):
            compare(a, b)


def test_a_ratio_to_nothing_is_refused():
    with pytest.raises(ValueError, match="right at least once"):
        paired_ratio(np.ones(5), np.zeros(5))


def test_a_draw_without_a_right_reference_is_left_out():
    """One right answer of 3: three draws in ten hold none of them."""
    interval = paired_ratio(np.array([1, 0, 0]), np.array([1, 0, 0]))
    assert interval == Interval(1, 1, 1)
