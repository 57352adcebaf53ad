"""What the notebook writes by hand, beside the room's own."""

import numpy as np
import pytest

from edgelab.selection.by_hand import bills, clears_together, ks_gap, smallest_of_each, winning_bounds
from edgelab.selection.certainty import NONE, probability_clears, smallest_shares
from edgelab.selection.costs import Prices, Way, running
from edgelab.selection.evidence import Evidence
from edgelab.selection.form import Requirements
from edgelab.selection.shift import distance

RNG = np.random.default_rng(0)


def test_the_plain_bootstrap_is_near_the_posterior_where_much_was_seen():
    right = RNG.random(400) < 0.8
    drawn = RNG.integers(400, size=(4000, 400))
    row = Evidence("one", right, 1, right_call=right)
    for least in (0.75, 0.78, 0.82):
        own = clears_together(right[None], [least], drawn).mean()
        assert own == pytest.approx(probability_clears([row], Requirements(min_calls=least))["one"], abs=0.05)


def test_what_was_never_seen_has_no_chance_in_the_plain_bootstrap():
    good = np.ones((1, 60), bool)
    assert clears_together(good, [0.99], RNG.integers(60, size=(500, 60))).all()
    row = Evidence("good", good[0], 1, high_stakes_wrong=~good[0])
    assert probability_clears([row], Requirements(max_high_stakes=0.01))["good"] < 0.9


def test_the_smallest_of_each_is_the_rooms_own():
    clears = RNG.random((3, 200)) < 0.5
    rows = [Evidence(name, np.ones(4, bool), size) for name, size in (("b", 20), ("a", 10), ("c", 30))]
    theirs = smallest_shares(clears.T, rows)
    assert smallest_of_each(clears, [20, 10, 30]).tolist() == pytest.approx([theirs[n] for n in ("b", "a", "c", NONE)])


def test_a_bound_between_the_two_lets_the_larger_win_and_no_other_does():
    for own, rivals, larger in ((0.8, [0.7, 0.75], True), (3.0, [5.0, 4.0], False)):
        low, high = winning_bounds(own, rivals, larger)
        kept = (lambda v, bound: v >= bound) if larger else (lambda v, bound: v <= bound)
        middle = (low + high) / 2
        assert kept(own, middle) and not any(kept(rival, middle) for rival in rivals)
        assert any(kept(rival, (low if larger else high)) for rival in rivals)
    assert winning_bounds(0.7, [0.7], True) is None and winning_bounds(0.5, [], True) == (-np.inf, 0.5)


@pytest.mark.parametrize("way", [Way("edge", 0.0, bundle_mb=3), Way("hybrid", 0.3, bundle_mb=23), Way("cloud", 1.0)])
def test_the_bills_are_items_of_the_rooms(way):
    items = running(way, Prices())
    assert bills(way, Prices()) == pytest.approx((items["cloud"], items["delivery"]))


def test_the_gap_is_the_rooms_distance():
    for a, b in ((RNG.random(30), RNG.random(50) ** 2), (np.round(RNG.random(40), 1), np.round(RNG.random(9), 1))):
        assert ks_gap(a, b) == pytest.approx(distance(a, b, "ks"))
