import json
import multiprocessing
from dataclasses import asdict, replace

import numpy as np
import pytest

from edgelab.course import scoreboard
from edgelab.course.scoreboard import Row
from edgelab.machine.host import host
from edgelab.stats.samples import LatencySamples

ROW = Row(
    notebook="01_distillation",
    model="convolution 128/384",
    precision="fp32",
    runtime="onnxruntime",
    data="pocket",
    split="test",
    accuracy=0.94,
    accuracy_low=0.92,
    accuracy_high=0.96,
    slot_exact_match=0.81,
    size_bytes=3_800_000,
    latency_ms=tuple(float(i) for i in range(1, 102)),
    host="a laptop",
    measured_at="2026-01-02 03:04",
)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))


def test_an_empty_scoreboard_is_a_table():
    assert scoreboard.rows() == [] and scoreboard.table().empty and scoreboard.pretty(scoreboard.table()).empty


def test_rows_come_back_as_they_were_and_measuring_again_replaces():
    other = replace(ROW, precision="int8", latency_ms=(), slot_exact_match=None)
    scoreboard.add([ROW, other])
    assert scoreboard.rows() == [ROW, other]
    again = replace(ROW, accuracy=0.95, measured_at="2026-01-03 03:04")
    scoreboard.add([again])
    assert scoreboard.rows() == [again, other]
    scoreboard.add([replace(ROW, host="a phone")])
    assert len(scoreboard.rows()) == 3


def test_percentiles_come_from_the_samples():
    scoreboard.add([ROW, replace(ROW, precision="int8", latency_ms=())])
    table = scoreboard.table()
    assert table.loc[0, ["p50_ms", "p90_ms", "samples"]].tolist() == [51, 91, 101]
    assert np.isnan(table.loc[1, "p50_ms"]) and table.loc[1, "samples"] == 0
    assert "latency_ms" not in table


def test_pretty_names_units_and_intervals_best_first():
    scoreboard.add([replace(ROW, accuracy=0.93), replace(ROW, precision="int8", slot_exact_match=None, latency_ms=())])
    pretty = scoreboard.pretty(scoreboard.table())
    assert pretty["Precision"].tolist() == ["int8", "fp32"]
    assert pretty["Accuracy, % [95 % interval]"].tolist() == ["94.0 [92.0, 96.0]", "93.0 [92.0, 96.0]"]
    assert pretty["Slots exact, %"].tolist() == ["-", "81.0"] and pretty["Size, MB"][0] == "3.800"
    assert pretty["p50, ms"].tolist() == ["-", "51.00"]


def test_calls_stand_beside_the_accuracy_where_some_model_makes_calls():
    scoreboard.add([ROW])
    assert "Calls exact, %" not in scoreboard.pretty(scoreboard.table())
    scoreboard.add([replace(ROW, precision="int8", accuracy=0.93, call_exact_match=0.75)])
    assert scoreboard.rows()[1].call_exact_match == 0.75
    pretty = scoreboard.pretty(scoreboard.table())
    assert pretty["Calls exact, %"].tolist() == ["-", "75.0"]
    assert list(pretty).index("Calls exact, %") == list(pretty).index("Accuracy, % [95 % interval]") + 1


def test_rows_that_were_kept_before_calls_were_measured_are_read():
    record = {name: value for name, value in asdict(ROW).items() if name != "call_exact_match"}
    scoreboard.file().write_text(json.dumps(record) + "\n")
    assert scoreboard.rows() == [ROW] and ROW.call_exact_match is None


def test_an_accuracy_outside_its_interval_is_refused():
    for wrong in ({"accuracy": 0.5}, {"accuracy": 94.0}, {"accuracy": float("nan")}):
        with pytest.raises(ValueError, match="within its interval"):
            replace(ROW, **wrong)


def test_the_ends_of_an_interval_may_be_rounded():
    replace(ROW, accuracy=1.0, accuracy_high=1 - 1e-15)


def add_one(i):
    scoreboard.add([replace(ROW, model=f"model {i}")])


def test_notebooks_may_add_at_the_same_time():
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        pool.map(add_one, range(12))
    assert len(scoreboard.rows()) == 12


def test_a_measured_row_carries_interval_host_and_samples():
    taken = (np.array([True] * 9 + [False]), LatencySamples("m", (1.0, 2.0)))
    row = scoreboard.measured("01", "m", *taken, size_bytes=7, call_exact_match=0.8)
    assert (row.accuracy, row.size_bytes, row.latency_ms, row.slot_exact_match) == (0.9, 7, (1.0, 2.0), None)
    assert row.call_exact_match == 0.8 and scoreboard.measured("01", "m", *taken, size_bytes=7).call_exact_match is None
    assert row.accuracy_low < 0.9 < row.accuracy_high
    assert row.host == host().cpu
