"""What the notebook shows of what leaves."""

import numpy as np
import pytest

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span
from edgelab.errors import UserError
from edgelab.privacy import notebook
from edgelab.privacy.aggregation import aggregate_groups
from edgelab.privacy.encryption import encrypt_folder, new_secret
from edgelab.privacy.flow import declared
from edgelab.privacy.randomized import randomized_response, unbiased_share
from edgelab.privacy.telemetry import POCKET_PLAN
from edgelab.privacy.watching import undeclared
from edgelab.stats.intervals import Interval


def test_a_scratch_folder_is_empty_each_time():
    folder = notebook.scratch("it")
    (folder / "left.txt").write_text("x")
    assert notebook.scratch("it") == folder and list(folder.iterdir()) == []
    assert notebook.scratch("other") != folder


def test_fleets_are_right_on_average_once_the_noise_is_undone():
    found = notebook.many_fleets(randomized_response, unbiased_share, fleets=100, phones=500, share=0.3)
    assert all(len(values) == 100 for values in found.values())
    assert np.mean(found["noise undone"]) == pytest.approx(0.3, abs=0.03)
    assert np.mean(found["as reported"]) > 0.38


def test_who_lies_otherwise_than_opendp_is_seen():
    assert notebook.apart_from_opendp(randomized_response, 1.0, reports=400) < 6
    half = notebook.apart_from_opendp(lambda truth, epsilon, draws: truth & (draws < 0.5), 1.0, reports=400)
    assert half > 6


def test_a_phone_that_restarts_each_week_spends_one_budget(tmp_path):
    truth = {"crashed": False, "escalated": 3, "corrected": 1, "latency_ms": 0}
    said = notebook.weekly(POCKET_PLAN, truth, 10.0, tmp_path / "budget.json")
    assert [line.startswith(f"week {week}: {{'crashed'") for week, line in enumerate(said, 1)] == [
        True,
        True,
        False,
        False,
    ]
    assert "nothing leaves" in said[2]


def test_reports_of_releases_tell_the_broken_one():
    reports = notebook.reports_of(POCKET_PLAN, {"1": 1500, "2": 1500, "beta": 3})
    assert len(reports) == 3003
    told = aggregate_groups(POCKET_PLAN, reports, "release", minimum_group=20)
    assert list(told) == ["1", "2"]
    assert told["1"]["crashed"][0].value < 0.15 < told["2"]["crashed"][0].value


def test_what_is_planted_in_a_session_is_all_that_nobody_declared():
    session = notebook.watched_session()
    found = undeclared(session.events, declared(), session.places)
    assert sorted((event.kind, session.short(event.target)) for event in found) == [
        ("send", "127.0.0.1:9"),
        ("write", "{device}/debug.log"),
    ]
    seen = {session.short(event.target) for event in session.events}
    assert {"{collector}", "{device}/budget.json", "{device}/journal.json"} < seen


def test_names_are_those_of_people_once_each():
    split = Split(("call Ana Lima", "text ana", "play Ana"), ("a", "b", "c"))
    split = Split(split.texts, split.labels, ((Span(5, 13, "person"),), (Span(5, 8, "person"),), (Span(5, 8, "song"),)))
    assert notebook.names_in(split) == ("ana", "lima")


def test_intervals_stand_side_by_side():
    table = notebook.side_by_side({"x": (Interval(0.5, 0.4, 0.6), Interval(0.1, 0, 0.2))}, ("one", "two"))
    assert table.loc["x"].tolist() == ["0.500 [0.400, 0.600]", "0.100 [0.000, 0.200]"]


def test_what_a_file_says_is_gone_once_encrypted_and_stands_in_memory_once_opened(tmp_path):
    (tmp_path / "bundle").mkdir()
    (tmp_path / "bundle" / "labels.txt").write_text("where_is_my_insulin tell_tunde_it_is_code_red")
    locked, secret = tmp_path / "locked", new_secret()
    encrypt_folder(tmp_path / "bundle", locked, secret)
    names = ("where_is_my_insulin", "tell_tunde_it_is_code_red", "never_said_to_anybody")
    told = notebook.where_they_stand(names, tmp_path / "bundle", locked, secret)["of 3 names there"].tolist()
    assert told[:2] == ["2", "0"] and told[2] in ("2", "not shown by this system")


def test_a_system_that_shows_no_memory_leaves_the_rest_of_the_table(tmp_path, monkeypatch):
    def refuses(*_):
        raise UserError("its memory is not shown here")

    monkeypatch.setattr(notebook, "what_is_exposed", refuses)
    (tmp_path / "labels.txt").write_text("add_event")
    told = notebook.where_they_stand(["add_event"], tmp_path, tmp_path, new_secret())["of 1 names there"].tolist()
    assert told == ["1", "1", "not shown by this system"]
