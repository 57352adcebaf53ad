"""The release bar's window: a hair on either side of each bound is seen, and nothing else is asked for."""

import pytest

from edgelab.distillation.bar_exercise import _AT_THE_BAR, _GOOD, HELD_OUT, RELEASE_BAR, judge_bar
from edgelab.selection.rule import misses


@pytest.mark.parametrize("name", RELEASE_BAR)
@pytest.mark.parametrize("share", [0.994, 1.006])
def test_half_a_hundredth_beside_a_bound_fails(name, share):
    assert judge_bar(RELEASE_BAR | {name: share * RELEASE_BAR[name]})


@pytest.mark.parametrize("name", RELEASE_BAR)
def test_a_bound_left_out_fails(name):
    assert len(judge_bar({other: bound for other, bound in RELEASE_BAR.items() if other != name})) == 1


@pytest.mark.parametrize("measure", sorted(_GOOD))
def test_what_the_brief_does_not_ask_for_may_not_be_asked(measure):
    side = "max" if measure.endswith(("_mb", "_ms")) else "min"
    if (name := f"{side}_{measure}") not in RELEASE_BAR:
        assert judge_bar(RELEASE_BAR | {name: _GOOD[measure]})


def test_the_bars_own_candidates():
    assert judge_bar(RELEASE_BAR) == []
    assert _GOOD.keys() == _AT_THE_BAR.keys()
    for _, card, ships in HELD_OUT:
        assert card.keys() == _GOOD.keys() and len(misses(card, RELEASE_BAR)) == (0 if ships else 1)  # one flaw each
        assert card["accuracy_low"] <= card["accuracy"] and card["worst_label_recall"] <= card["mean_label_recall"]
        assert card["calls"] <= card["slots_exact"] and card["model_mb"] <= card["size_mb"]
        assert card["p50_ms"] <= card["p99_ms"]
