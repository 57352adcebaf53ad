"""Reports: each answer randomized by OpenDP within its epsilon, the budget charged first, nothing else in them."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest

from edgelab.privacy.aggregation import aggregate
from edgelab.privacy.budget import Budget, BudgetSpent
from edgelab.privacy.journal import Journal, JournalError, bin_of
from edgelab.privacy.randomized import truth_probability
from edgelab.privacy.telemetry import (
    POCKET_PLAN,
    Bins,
    Count,
    Plan,
    ReportRefused,
    YesNo,
    make_report,
    mechanism,
    send_report,
    simulate_reports,
)

QUESTIONS = (
    YesNo("a", 1.0),
    YesNo("a", 0.1),
    Count("b", 1.0, 20),
    Count("b", 0.3, 5),
    Bins("c", 1.0, (5, 50)),
    Bins("c", 2.0, (1, 2, 3, 4, 5, 6, 7)),
)
ANSWERS = {"crashed": True, "escalated": 3, "corrected": 0, "latency_ms": 1}


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_opendp_states_no_more_epsilon_than_the_question_and_hardly_less(question):
    farthest = question.most if isinstance(question, Count) else 1
    stated = mechanism(question).map(farthest)
    assert question.epsilon * (1 - 1e-12) < stated <= question.epsilon


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_the_simulation_has_the_distribution_of_the_mechanism(question):
    """Two samples of 3,000 of one truth: shares of each answer (or of those up to a bound) within five standard errors."""
    truth, n = (1 if isinstance(question, YesNo) else 2), 3000
    answer = mechanism(question)
    real = np.array([answer(bool(truth) if isinstance(question, YesNo) else truth) for _ in range(n)])
    plan = Plan((question,))
    mocked = simulate_reports(plan, {question.name: np.full(n, truth)}, np.random.default_rng(0))[question.name]
    bounds = np.quantile(mocked, [0.1, 0.3, 0.5, 0.7, 0.9]) if isinstance(question, Count) else range(8)
    for bound in bounds:
        a, b = (real <= bound).mean(), (mocked <= bound).mean()
        assert abs(a - b) <= 5 * np.sqrt(max(b * (1 - b), 1 / n) * 2 / n)


def test_randomized_response_of_the_course_is_that_of_opendp():
    told = np.mean([mechanism(YesNo("x", 1.0))(True) for _ in range(4000)])
    assert abs(told - truth_probability(1.0)) < 5 * np.sqrt(0.2 / 4000)


def test_a_report_holds_the_groups_and_one_randomized_answer_a_question():
    budget = Budget(POCKET_PLAN.epsilon)
    report = json.loads(json.dumps(make_report(POCKET_PLAN, ANSWERS, budget, release="2")))
    assert report["group"] == {"release": "2"} and set(report) == {"group", "answers"}
    assert set(report["answers"]) == {question.name for question in POCKET_PLAN.questions}
    assert isinstance(report["answers"]["crashed"], bool) and report["answers"]["latency_ms"] in range(5)
    assert budget.remaining == 0 and budget.spent == {"telemetry": 4}
    with pytest.raises(BudgetSpent):
        make_report(POCKET_PLAN, ANSWERS, budget)


def test_a_count_is_cut_before_it_is_randomized():
    plan = Plan((Count("n", 1000.0, most=2),))  # next to no noise
    assert make_report(plan, {"n": 10**9}, Budget(1000))["answers"] == {"n": 2}
    assert simulate_reports(plan, {"n": np.array([10**9])}, np.random.default_rng(0))["n"].tolist() == [2]


@pytest.mark.parametrize(
    "wrong",
    [
        {"crashed": 1},
        {"crashed": None},
        {"escalated": -1},
        {"escalated": True},
        {"escalated": 1.5},
        {"latency_ms": 5},
        {"latency_ms": "x"},
    ],
)
def test_an_answer_that_is_none_costs_nothing(wrong):
    budget = Budget(4)
    with pytest.raises(ValueError, match=f"{next(iter(wrong))}: expected an answer"):
        make_report(POCKET_PLAN, ANSWERS | wrong, budget)
    assert budget.spent == {}


def test_questions_have_names_of_their_own():
    for questions in ((), (YesNo("a", 1), Count("a", 1, 2))):
        with pytest.raises(ValueError, match="different names"):
            Plan(questions)


def test_a_fleet_of_real_reports_is_estimated_within_its_stated_error():
    """200 fleets, every answer by OpenDP, whose draws take no seed: hence 4.5 of the stated standard errors, not three."""
    plan, devices, share, mean = Plan((YesNo("crashed", 1.0), Count("corrected", 1.0, 5))), 25, 0.2, 1.6
    generator, found = np.random.default_rng(1), []
    for _ in range(200):
        crashed, corrected = (
            generator.random(devices) < share,
            generator.choice(5, devices, p=[0.3, 0.2, 0.2, 0.2, 0.1]),
        )
        truths = [{"crashed": bool(a), "corrected": int(b)} for a, b in zip(crashed, corrected, strict=True)]
        estimates = aggregate(plan, [make_report(plan, truth, Budget(2)) for truth in truths])
        found.append([estimates[name][0] for name in ("crashed", "corrected")])
    for column, truth in zip(zip(*found, strict=True), (share, mean), strict=True):
        half = np.mean([(f.high - f.low) / 2 for f in column])
        assert abs(np.mean([f.value for f in column]) - truth) < 4.5 * half / 1.96 / np.sqrt(200)
        assert np.mean([f.low <= truth <= f.high for f in column]) >= 0.88


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.server.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_a_report_is_sent_once_and_a_refusal_is_told():
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        server.got, server.status = [], 204
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/reports"
        send_report({"answers": {"a": 1}}, address)
        server.status = 503
        with pytest.raises(ReportRefused, match="503"):
            send_report({"answers": {"a": 2}}, address)
        server.shutdown()
    assert server.got == [{"answers": {"a": 1}}, {"answers": {"a": 2}}]
    with pytest.raises(ReportRefused, match="not taken"):
        send_report({}, address)
    with pytest.raises(ReportRefused, match="expected a collector's address"):
        send_report({}, "file:///etc/hosts")


def test_a_journal_counts_and_survives_and_is_cleared(tmp_path):
    file = tmp_path / "journal.json"
    journal = Journal(file)
    for latency, flags in ((1.0, {}), (5.0, {"escalated": True}), (2000.0, {"escalated": True, "corrected": True})):
        journal.note(latency, **flags)
    assert journal.latency_ms == [1, 1, 0, 0, 1] and journal.requests == 3
    journal.note_crash()
    again = Journal(file)
    answers = again.answers(np.random.default_rng(0))
    assert {**answers, "latency_ms": None} == {"crashed": True, "escalated": 2, "corrected": 1, "latency_ms": None}
    assert {again.answers(np.random.default_rng(seed))["latency_ms"] for seed in range(40)} == {0, 1, 4}
    make_report(POCKET_PLAN, answers, Budget(4))
    again.clear()
    assert not file.exists() and Journal(file).requests == 0
    with pytest.raises(ValueError, match="at least one request"):
        again.answers(np.random.default_rng(0))


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"latency_ms": 3}', '{"latency_ms": [1, 2], "escalated": 0, "corrected": 0, "crashed": true}']
    + [
        json.dumps({"escalated": 0, "corrected": 0, "crashed": True, "latency_ms": [9, 0, 0, 0, 0]} | odd)
        for odd in (
            *(
                {"latency_ms": odd}
                for odd in ("abcde", [float("nan"), 0, 0, 0, 0], [-1, 0, 0, 0, 2], dict.fromkeys("abcde"))
            ),
            *({"escalated": odd} for odd in ("x", None, True, 10**400)),
            {"crashed": 1},
        )
    ]
    + ["[" * 100_000],
)
def test_a_damaged_journal_begins_anew(tmp_path, text):
    (tmp_path / "journal.json").write_text(text)
    journal = Journal(tmp_path / "journal.json")
    assert journal.requests == 0 and not journal.crashed
    journal.note(1.0)
    assert Journal(tmp_path / "journal.json").requests == 1


def test_where_no_journal_can_be_kept_it_is_told_in_a_line(tmp_path):
    for place in (tmp_path, Path(__file__) / "journal.json"):
        with pytest.raises(JournalError) as told:
            Journal(place).note(1.0)
        assert str(told.value).startswith(f"{place}: cannot be written: ") and "\n" not in str(told.value)


@pytest.mark.parametrize(("value", "place"), [(0, 0), (4.999, 0), (5, 1), (50, 2), (1e9, 2)])
def test_an_edge_belongs_to_the_bin_above(value, place):
    assert bin_of(value, (5.0, 50.0)) == place
