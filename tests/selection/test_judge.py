"""The judge."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.selection.evidence import EvidenceError
from edgelab.selection.form import HERE
from edgelab.selection.judge import Harm, cost, judge
from tests.selection.boards import model, outcomes

NOTHING = Harm(wrong=0, high_stakes=0, late=0, cloud=0, megabyte=0)
LATE = {HERE: (1.0,) * 90 + (500.0,) * 10}


@pytest.mark.parametrize(
    ("row", "harm", "expected"),
    [
        (model("m", 2, 960), {"wrong": 0.5}, 20.0),  # 40 of 1,000, at half a dollar
        (model("m", 2, 960, high_stakes_wrong=outcomes(3, 1000)), {"high_stakes": 2.0}, 6.0),
        (model("m", 2, latency_ms=LATE), {"late": 0.1, "late_ms": 100}, 10.0),
        (model("m", 2, coverage=0.75), {"cloud": 0.01}, 2.5),
        (model("m", 2, 960, coverage=0.75), {"wrong": 0.5}, 15.0),  # who is not reached meets no wrong answer of it
        (model("m", 2), {"megabyte": 0.001}, 2.0),
        (replace(model("m", 2), right_call=None, right_label=outcomes(900, 1000)), {"wrong": 0.01}, 1.0),
    ],
)
def test_what_a_thousand_requests_cost_by_hand(row, harm, expected):
    assert cost(row, replace(NOTHING, **harm)) == pytest.approx(expected)


def test_regret_is_against_the_best_in_hindsight():
    rows = [model("good", 3, 970), model("poor", 1, 900), model("teacher", 90, 1000, ships=False)]
    harm = replace(NOTHING, wrong=1.0)
    mine, other = judge("poor", {"test": rows}, harm)[0], judge("good", {"test": rows}, harm)[0]
    assert (mine.situation, mine.best, mine.best_cost) == ("test", "good", pytest.approx(30))
    assert mine.cost.value == pytest.approx(100) and mine.cost.low < 100 < mine.cost.high
    assert mine.regret.value == pytest.approx(70) and mine.regret.low > 50 and mine.still_best < 0.001
    assert other.regret.value == other.regret.low == other.regret.high == 0 and other.still_best > 0.999


def test_regret_is_paired():
    """The poorer one fails where the better does, and on ten more: what the examples have in common does not count."""
    rows = [model("good", 1, 800), model("poor", 1, 790)]
    apart = [rows[0], replace(rows[1], right_call=np.random.default_rng(0).permutation(rows[1].right_call))]
    harm = replace(NOTHING, wrong=1.0)
    together, alone = judge("poor", {"a": rows}, harm)[0].regret, judge("poor", {"a": apart}, harm)[0].regret
    assert together.value == alone.value == pytest.approx(10)
    assert 2 * (together.high - together.low) < alone.high - alone.low and together.low > 0 > alone.low


def test_each_situation_by_itself_and_what_was_never_seen_has_its_doubt():
    easy, hard = [model("a", 1, 1000), model("b", 2, 1000)], [model("a", 1, 900), model("b", 2, 950)]
    first, second = judge("a", {"test": easy, "drifted": hard}, replace(NOTHING, wrong=1.0, megabyte=0.0001))
    assert first.best == "a" and second.best == "b" and second.regret.low > 0
    assert first.cost.value == pytest.approx(0.1) == first.cost.low and first.cost.high > 2
    assert 0.3 < first.still_best < 0.8  # without a mistake on either side nobody knows


def test_a_tier_that_is_slow_costs_there_alone():
    tiers = {HERE: (1.0,) * 100, "entry": LATE[HERE]}
    rows, harm = (
        [model("slow", 1, latency_ms=tiers), model("quick", 2, latency_ms={HERE: tiers[HERE], "entry": tiers[HERE]})],
        Harm(),
    )
    assert judge("slow", {"here": rows}, harm)[0].best == "slow"
    assert judge("slow", {"entry": rows}, harm, tier="entry")[0].best == "quick"


def test_what_was_not_measured_is_not_judged():
    with pytest.raises(EvidenceError, match="drifted: expected a row of a, found b"):
        judge("a", {"drifted": [model("b", 1)]}, Harm())
    with pytest.raises(EvidenceError, match="m: expected latencies on entry"):
        cost(model("m", 1), Harm(), tier="entry")
    assert cost(model("m", 1), NOTHING, tier="entry") == 0
    with pytest.raises(EvidenceError, match="same examples"):
        judge("a", {"test": [model("a", 1), model("b", 1, 4, 5)]}, Harm())
