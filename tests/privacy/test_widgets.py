"""The explorers of privacy: each pure function over its grid, and what is shown of it."""

from itertools import pairwise, product

import numpy as np
import pytest

from edgelab.privacy.extraction import Stolen, queries_allowed
from edgelab.privacy.randomized import estimate_shares, randomized_response
from edgelab.privacy.widgets import (
    PERIODS,
    POINTS,
    at,
    compute_error,
    compute_theft,
    half_width,
    show_error,
    show_theft,
)
from edgelab.stats.intervals import Interval
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts


def stolen(defence, agreed):
    return [
        Stolen(defence, queries, Interval(value, value - 0.02, value + 0.02), Interval(value, 0, 1), 1.0)
        for queries, value in zip((100, 1000, 5000), agreed, strict=True)
    ]


COPIES = [*stolen("none", (0.2, 0.6, 0.8)), *stolen("label alone", (0.1, 0.5, 0.7))]
EXPLORERS = {"error": show_error, "theft": lambda: show_theft(COPIES)}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_the_half_width_is_that_of_the_library():
    rng = np.random.default_rng(0)
    for epsilon, share in product((0.5, 1, 3), (0.05, 0.3)):
        reports = randomized_response(rng.random(100_000) < share, epsilon, rng.random(100_000))
        interval = estimate_shares(reports, 2, epsilon)[1]
        assert 100 * (interval.high - interval.low) / 2 == pytest.approx(half_width(epsilon, 100_000, share), rel=0.03)


def test_more_phones_or_a_larger_epsilon_know_more():
    for share in (0.02, 0.34):
        by_epsilon = [compute_error(epsilon / 4, 500, share)[1] for epsilon in range(1, 18)]
        by_phones = [compute_error(1, phones, share)[1] for phones in range(100, 3400, 100)]
        assert all(a > b for series in (by_epsilon, by_phones) for a, b in pairwise(series))
    table, here = compute_error(1, 400, 0.1)
    assert compute_error(1, 1600, 0.1)[1] == pytest.approx(here / 2)
    assert len(table) == len(POINTS) and table["400 phones do"].tolist() == ["yes", "no", "no", "no"]


def test_the_task_has_the_answer_that_the_notebook_gives():
    assert compute_error(2.0, 500, 0.1)[1] <= 5 < compute_error(1.75, 500, 0.1)[1]
    table = compute_error(2.0, 500, 0.1)[0].set_index("right within")
    assert table.loc["5 points", "without noise"] == "139"


def test_agreement_lies_between_what_was_measured():
    assert at(COPIES, "none", 1000) == pytest.approx(0.6) and at(COPIES, "none", 1) == pytest.approx(0.2)
    assert at(COPIES, "label alone", 10**6) == pytest.approx(0.7)
    assert 0.6 < at(COPIES, "none", 2000) < 0.8


def test_the_theft_explorer_shows_what_is_computed():
    box = show_theft(COPIES)
    shown, per_day, accounts = controls_of(box)
    for shown.value, per_day.value, accounts.value in product(("none", "label alone"), (10, 330), (1, 9)):
        words, _, table = parts(box)
        expected = compute_theft(COPIES, shown.value, per_day.value, accounts.value)
        assert_shows(table, expected)
        week = queries_allowed(round(per_day.value), PERIODS["a week"], round(accounts.value))
        assert words.startswith(f"{shown.value}, {per_day.value:.0f} a day, {accounts.value:.0f} account")
        assert f"{100 * at(COPIES, shown.value, week):.1f} % alike after a week" in words
