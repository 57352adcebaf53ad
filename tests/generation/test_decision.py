"""Who gets which job: the recorded cases, what a decision comes to, and that the brief is a real trade-off."""

from itertools import product

import pytest

from edgelab.generation.decision import MEASURES, WAYS, halves, megabytes, outcome, recorded, seconds, summary
from edgelab.generation.decision_exercise import DECISION, judge_decision

SEEN, HIDDEN = halves(recorded())


def test_each_case_is_recorded_once_for_each_way_and_stands_in_one_half():
    rows = recorded()
    assert not rows.duplicated(["job", "case", "who"]).any()
    assert set(rows["job"]) == set(MEASURES) and set(rows["who"]) == set(WAYS) - {"nobody"}
    assert rows["score"].between(0, 1).all() and len(SEEN) + len(HIDDEN) == len(rows)
    assert not set(SEEN["case"]) & set(HIDDEN["case"])


def test_a_request_takes_time_where_a_generator_reads():
    assert seconds(0, 0) == 0 < seconds(100, 10) < seconds(200, 10) < seconds(200, 20)


def test_what_is_installed_is_what_is_needed():
    nobody = dict.fromkeys(MEASURES, "nobody")
    assert megabytes(nobody) == 0
    assert megabytes(nobody | {"calls": "encoder"}) == 1.8
    assert megabytes(nobody | {"notes": "encoder", "digest": "encoder"}) == 91
    assert megabytes(nobody | {"calls": "generator", "notes": "encoder"}) == 361


def test_an_outcome_is_the_row_of_who_gets_the_job():
    found, whole = outcome(DECISION, HIDDEN), summary(HIDDEN)
    for job, way in DECISION.items():
        if way != "nobody":
            assert found.loc[job, "score"] == whole.loc[(job, way), "score"]
    assert found.loc["titles"].drop("who").isna().all()


def test_few_decisions_pass_and_those_that_pass_where_one_sees_pass_where_one_does_not():
    decisions = [dict(zip(MEASURES, ways, strict=True)) for ways in product(WAYS, repeat=len(MEASURES))]
    passing = [each for each in decisions if not judge_decision(each)]
    assert 1 <= len(passing) <= 10 and DECISION in passing
    assert not judge_decision(DECISION, SEEN)
    assert all(judge_decision(dict.fromkeys(MEASURES, way)) for way in WAYS)  # no extreme does


@pytest.mark.parametrize(
    "wrong", [DECISION | {"calls": "the cloud"}, {"calls": "encoder"}, DECISION | {"more": "encoder"}]
)
def test_what_is_no_decision_is_said(wrong):
    assert judge_decision(wrong)[0].startswith(("expected a way", "calls: expected one of"))
