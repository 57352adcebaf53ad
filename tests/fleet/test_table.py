"""Reports as rows, as a table and as CSV."""

import csv
import io
import json

import pandas as pd
import pytest

from edgelab.fleet.content import FleetError
from edgelab.fleet.store import Entry, Kept, open_store
from edgelab.fleet.table import COLUMNS, as_csv, data_frame, read_rows, rows_of
from edgelab.measurement.population import PERCENTILES, from_room
from tests.labs import device, report

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
SENT = (
    report("a" * 64, visit=ONE),
    report("a" * 64, visit=TWO, device=device(kind="laptop", cores=None, memory_gb=None), sustained=None),
    report("a" * 64, visit=ONE, runs=120, batch=8),
)
ROWS = rows_of([Kept(sent["visit"], 1.8e9 + at, json.dumps(sent)) for at, sent in enumerate(SENT)])


def test_a_row_has_every_number_of_its_report_and_no_id():
    assert all(list(row) == list(COLUMNS) for row in ROWS)
    assert [row["device"] for row in ROWS] == [1, 2, 1]
    assert ROWS[0] == {
        **{"device": 1, "received_at": "2027-01-15T08:00:00+00:00", "kind": "phone", "system": "Android"},
        **{"browser": "Chrome", "cores": 8, "memory_gb": 4, "screen_width": 390, "screen_height": 844},
        **{"download_ms": 812.5, "session_ms": 120, "first_ms": 9.25, "p10_ms": 3, "p50_ms": 4.5, "p90_ms": 6},
        **{"p99_ms": 11, "runs": 300, "batch": 1, "clock_step_ms": 0.1, "sustained_s": 60.1},
        **{"sustained_p50_ms": [4.5, 4.6, 5]},
    }
    assert not any(sent["id"] in as_csv(ROWS) for sent in SENT)


def test_the_table_has_numbers_and_times_also_of_no_rows():
    frame, empty = data_frame(ROWS), data_frame([])
    assert list(frame.columns) == list(empty.columns) == list(COLUMNS) and (len(frame), len(empty)) == (3, 0)
    for table in (frame, empty):
        assert str(table.received_at.dt.tz) == "UTC" and table.p50_ms.dtype == table.cores.dtype == float
    assert frame.cores.isna().tolist() == [False, True, False] and frame.p99_ms.max() == 11
    assert empty.p50_ms.median() is not None and pd.isna(empty.p50_ms.median())


def test_the_csv_can_be_read_back_and_drawn_from(tmp_path):
    read = list(csv.DictReader(io.StringIO(as_csv(ROWS))))
    assert [row["sustained_p50_ms"] for row in read] == ["4.5 4.6 5", "", "4.5 4.6 5"] and read[1]["cores"] == ""
    assert set(PERCENTILES) < set(COLUMNS)
    (tmp_path / "room.csv").write_text(as_csv(ROWS))
    population = from_room(tmp_path / "room.csv", number=500)
    assert set(population.kind) == {"phone, Android", "laptop, Android"}
    assert population.latency_ms.min() >= 3 and population.latency_ms.max() <= 11


def test_the_newest_session_with_reports_is_read_unless_another_is_named(tmp_path):
    url = f"sqlite:///{tmp_path}/reports.db"
    store = open_store(url)
    with pytest.raises(FleetError, match="expected reports, found none yet"):
        read_rows(url)
    for name in ("first", "second", "empty"):
        store.session(name, "votes", "a" * 64)
    for name, sent in (("first", SENT[0]), ("second", SENT[1])):
        store.put(name, [Entry(sent["id"], sent["visit"], json.dumps(sent))])
    store.close()
    assert [read_rows(url, name)[0] for name in (None, "first")] == ["second", "first"]
    assert read_rows(url)[1][0]["kind"] == "laptop"
    with pytest.raises(FleetError, match="expected a session of second, first, found 'third'"):
        read_rows(url, "third")


@pytest.mark.parametrize("body", ["", "{}", "[" * 100_000, json.dumps(report("a" * 64, load_ms=3)), "null"])
def test_a_report_that_was_changed_by_hand_is_told_in_a_line(body):
    with pytest.raises(FleetError, match="the report of visit 'v': expected what the lab has kept"):
        rows_of([Kept("v", 1.8e9, body)])
    with pytest.raises(FleetError, match="damaged"):
        rows_of([Kept("v", 1e300, json.dumps(SENT[0]))])
