"""Slow: what routing shows on CLINC150, in scope and with the 1,000 requests out of scope."""

import numpy as np
import pytest

from benchmarks import routing
from benchmarks.pocket_card import public_data
from tests.shared_data import needs_shared

pytestmark = [
    pytest.mark.slow,
    pytest.mark.long,
    pytest.mark.usefixtures("full_home"),
    needs_shared,
]
INSIDE, EVERYTHING = routing.SETTINGS


@pytest.fixture(scope="module")
def report(full_home):
    with public_data():
        found = routing.measure(*routing.train())
    print(routing.text(found))
    return found


def test_the_gap_is_there(report):
    assert {name: len(drawn) for name, drawn in report.random.items()} == {INSIDE: 1000, EVERYTHING: 1000}
    assert all(best > 0.9 for best in report.oracle.values())


@pytest.mark.parametrize("setting", routing.SETTINGS)
def test_a_random_router_scores_a_half(report, setting):
    assert report.random[setting].mean() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("setting", routing.SETTINGS)
def test_every_score_beats_chance_and_none_the_oracle(report, setting):
    for ranked in report.ranked[setting].values():
        assert np.percentile(report.random[setting], 97.5) < ranked.figures.apgr.value < report.oracle[setting]
        for figure in (ranked.figures.apgr, *ranked.figures.cpt.values(), ranked.auroc, ranked.aurc):
            assert figure.low <= figure.value <= figure.high and figure.low < figure.high


def test_the_chosen_score_recovers_the_gap(report):
    """The score is chosen on validation; its figures are those of test."""
    inside, everything = (report.ranked[s][report.chosen(s)].figures for s in routing.SETTINGS)
    assert inside.apgr.value >= 0.9 and inside.cpt[0.95].value <= 0.25
    assert everything.apgr.value >= 0.84 and everything.cpt[0.5].value <= 0.15 and everything.cpt[0.95].value <= 0.4


def test_the_best_score_parts_right_from_wrong(report):
    assert max(ranked.auroc.value for ranked in report.ranked[EVERYTHING].values()) >= 0.95
    assert report.ranked[EVERYTHING][report.chosen(EVERYTHING)].auroc.value >= 0.94
    assert report.found >= 0.95


def test_what_is_out_of_scope_turns_the_ranking(report):
    """Energy is far behind in scope, and close to the probability, or before it, with requests out of scope."""

    def lead(setting):
        ranked = report.ranked[setting]
        return ranked["energy"].figures.apgr.value - ranked["max_probability"].figures.apgr.value

    assert lead(INSIDE) < 0 and lead(EVERYTHING) - lead(INSIDE) > 0.02


@pytest.mark.parametrize("alpha", routing.ALPHAS)
def test_promises_are_kept(report, alpha):
    found = report.promises[alpha]
    assert len(found.joint) == routing.SPLITS
    assert found.joint.mean() <= alpha + 2 * found.joint.std() / np.sqrt(routing.SPLITS)
    assert np.mean(found.joint > alpha) > 0.25  # on average, and not split by split
    assert np.nanmean(found.kept_error) > found.joint.mean()  # nor among the kept
    assert np.mean(found.upper_joint > alpha) <= 0.05 + 2 * np.sqrt(0.05 * 0.95 / routing.SPLITS)
    assert found.upper_escalated.mean() > found.escalated.mean()


def test_a_temperature_mends_the_calibration(report):
    before, after = report.ece
    assert after < before and after < 0.02
