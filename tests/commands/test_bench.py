"""`edgelab bench`."""

import json
import re
import shutil
import time
from dataclasses import asdict

from edgelab import datasets
from edgelab.bundle import Bundle, evaluate
from tests.clouds import POCKET
from tests.command_line import refused


def test_bundles_side_by_side(bundle, edgelab):
    done = edgelab("bench", bundle, bundle)
    assert done.returncode == 0 and done.stderr == ""
    header, *rows = done.stdout.splitlines()[:3]
    assert re.split(r"\s{2,}", header)[2:6] == ["p10, ms", "p50, ms", "p90, ms", "p99, ms"]
    for row in rows:
        assert re.match(rf"{re.escape(str(bundle))}  0\.00\d  ", row) and row.count("[") == 6
    assert re.search(r"1\.00 \[1\.00, 1\.00\] +the first$", rows[0])
    assert re.search(r"(faster|slower|not told apart)$", rows[1])
    assert "1000 requests to each, interleaved, 5 in a row" in done.stdout


def test_fresh_processes(bundle, edgelab):
    asked = ("bench", bundle, "--requests", "30", "--starts", "1")
    header, row = edgelab(*asked).stdout.splitlines()[:2]
    assert re.split(r"\s{2,}", header)[-3:] == ["first answer, ms", "RSS, MB", "PSS, MB"]
    milliseconds, megabytes = re.search(r"the first +(\d+) +(\d+) +(?:\d+|-)$", row).groups()
    assert int(milliseconds) > 10 and int(megabytes) > 20
    (entry,) = json.loads(edgelab(*asked, "--json").stdout)["bundles"]
    assert len(entry["samples_ms"]) == 30 and len(entry["first_answer_ms"]) == 1
    assert entry["peak_rss_bytes"] > 20e6 and (entry["peak_pss_bytes"] is None or entry["peak_pss_bytes"] > 10e6)


def test_finds_the_slower_of_two(bundle, tmp_path, edgelab, monkeypatch):
    """The same bundle, where a folder called `slow` answers half a millisecond later."""
    slow, ask = tmp_path / "slow", Bundle.predict
    shutil.copytree(bundle, slow)

    def slower(self, text):
        time.sleep(0.0005 if self.folder == slow else 0)
        return ask(self, text)

    monkeypatch.setattr(Bundle, "predict", slower)
    report = json.loads(edgelab("bench", bundle, slow, "--json").stdout)
    first, second = report["bundles"]
    assert (first["verdict"], second["verdict"]) == ("the first", "slower")
    assert second["speed_ratio"]["high"] < 1 and report["in_a_row"] == 5


def test_an_empty_name_is_a_file_that_is_none(bundle, edgelab):
    refused(edgelab("bench", bundle, "--requests", "30", "--data", ""), "expected a .csv, .tsv or .jsonl file")


def test_as_json(bundle, data_file, edgelab):
    report = json.loads(edgelab("bench", bundle, bundle, "--data", data_file, "--json").stdout)
    assert report["threads"] == 1 and report["requests"] == 1000 and report["host"]["cores"] >= 1
    size = sum(f.stat().st_size for f in bundle.iterdir())
    for entry in report["bundles"]:
        assert (entry["bundle"], entry["model"], entry["size_bytes"]) == (str(bundle), "votes", size)
        for kind in ("latency_ms", "latency_without_tokenizer_ms"):
            assert list(entry[kind]) == ["p10", "p50", "p90", "p99"]
            assert all(0 < p["low"] <= p["value"] <= p["high"] for p in entry[kind].values())
        ratio = entry["speed_ratio"]
        assert ratio["low"] <= ratio["value"] <= ratio["high"] and entry["size_ratio"] == 1


def test_with_data_it_says_how_many_are_answered_right(bundle, data_file, edgelab):
    asked = ("bench", bundle, "--data", data_file, "--requests", "10")
    (entry,) = json.loads(edgelab(*asked, "--json").stdout)["bundles"]
    assert entry["accuracy"]["value"] == 1 > entry["accuracy"]["low"] and entry["call_exact_match"] is None
    header, row = edgelab(*asked).stdout.splitlines()[:2]
    assert re.split(r"\s{2,}", header)[-1] == "accuracy" and row.endswith("the first  1.000 [0.886, 1.000]")
    (entry,) = json.loads(edgelab("bench", bundle, "--requests", "10", "--json").stdout)["bundles"]
    assert "accuracy" not in entry


def test_on_data_with_slots_calls_stand_beside_the_accuracy(edgelab):
    asked = ("bench", POCKET, "--data", "pocket", "--requests", "10")
    (entry,) = json.loads(edgelab(*asked, "--json").stdout)["bundles"]
    result = evaluate(Bundle.load(POCKET), datasets.load("pocket").test)
    assert entry["call_exact_match"] == asdict(result.call_exact_match) and entry["accuracy"] == asdict(result.accuracy)
    assert re.split(r"\s{2,}", edgelab(*asked).stdout.splitlines()[0])[-2:] == ["accuracy", "calls exact"]


def test_ends_that_too_few_requests_leave_open_are_json(bundle, edgelab):
    (first, second) = json.loads(edgelab("bench", bundle, bundle, "--requests", "10", "--json").stdout)["bundles"]
    assert None in second["speed_ratio"].values() and second["verdict"] == "not told apart"
    assert "inf" in edgelab("bench", bundle, bundle, "--requests", "10").stdout.splitlines()[2]


def test_a_file_of_test_rows_alone_suffices(bundle, tmp_path, edgelab, monkeypatch):
    asked, ask = set(), Bundle.predict
    monkeypatch.setattr(Bundle, "predict", lambda self, text: (asked.add(text), ask(self, text))[1])
    path = tmp_path / "held.csv"
    path.write_text("text,label,split\nrain,weather,test\nsun,weather,train\n")
    assert edgelab("bench", bundle, "--data", path, "--requests", "10").returncode == 0
    assert asked == {"rain"}


def test_refuses_bad_input(bundle, tmp_path, edgelab):
    refused(edgelab("bench", bundle, tmp_path), str(tmp_path), "no bundle.json")
    refused(edgelab("bench", bundle, "--data", tmp_path / "none.csv"), "none.csv")
