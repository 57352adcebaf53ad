"""`edgelab evaluate`."""

import json
import re
from dataclasses import asdict

import pytest

from edgelab import datasets
from edgelab.bundle import Bundle
from edgelab.bundle import evaluate as measure
from tests.clouds import POCKET
from tests.command_line import process, refused


def table(stdout: str) -> dict[str, list[str]]:
    rows = [line.split() for line in stdout.split("(hardest first)\n")[1].splitlines()]
    return {name: rest for name, *rest in rows}


def test_a_file_that_names_no_splits_is_scored_whole(bundle, data_file, tmp_path, edgelab):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\nrain,weather\nmore sun,weather\na song,music\nlamp,music\n")
    done = edgelab("evaluate", bundle, "--data", path)
    assert done.returncode == 0 and done.stderr == ""
    assert "on mine, all: 4 examples" in done.stdout and "accuracy           0.750 [" in done.stdout
    assert table(done.stdout) == {"music": ["1", "2", "0.500"], "weather": ["2", "2", "1.000"]}
    assert "exact match" not in done.stdout and "never learned" not in done.stdout


def test_on_the_file_that_it_was_trained_on_it_says_so(bundle, data_file, edgelab):
    done = edgelab("evaluate", bundle, "--data", data_file)
    assert done.returncode == 0 and "all: 30 examples" in done.stdout
    assert re.fullmatch(r"edgelab: \S+ was trained on most of these texts[^\n]+`--split test`[^\n]+\n", done.stderr)
    held = edgelab("evaluate", bundle, "--data", data_file, "--split", "test")
    assert held.stderr == "" and "test: 3 examples" in held.stdout


@pytest.mark.parametrize("split", [None, "test", "all"])
def test_a_file_of_test_rows_alone_suffices(bundle, tmp_path, edgelab, split):
    path = tmp_path / "held.csv"
    path.write_text("Text,LABEL,Split\nrain,weather,test\n")
    asked = [] if split is None else ["--split", split]
    report = json.loads(edgelab("evaluate", bundle, "--data", path, *asked, "--json").stdout)
    assert (report["examples"], report["accuracy"]["value"]) == (1, 1)
    assert report["split"] == (split or "test") and report["data"] == "held"


def test_json_agrees_with_the_library(bundle, data_file, edgelab):
    report = json.loads(edgelab("evaluate", bundle, "--data", data_file, "--split", "train", "--json").stdout)
    split = datasets.load(data_file).train
    result = measure(Bundle.load(bundle), split)
    assert report["examples"] == len(split) and report["accuracy"]["value"] == result.accuracy.value == 1
    assert report["accuracy"]["low"] == pytest.approx(result.accuracy.low)
    assert report["per_label"]["music"] == {"right": 8, "total": 8}
    assert report["slot_exact_match"] is report["call_exact_match"] is None and report["unknown_labels"] == {}


def test_calls_stand_beside_the_accuracy_where_the_data_has_slots(edgelab):
    result = measure(Bundle.load(POCKET), datasets.load("pocket").extra["hard"])
    asked = ("evaluate", POCKET, "--data", "pocket", "--split", "hard")
    report = json.loads(edgelab(*asked, "--json").stdout)
    assert report["call_exact_match"] == asdict(result.call_exact_match)
    assert 0 < report["call_exact_match"]["value"] < report["accuracy"]["value"]
    accuracy, calls, slots = edgelab(*asked).stdout.splitlines()[1:4]
    assert accuracy.startswith("accuracy ") and slots.startswith("slot exact match ")
    assert calls == f"call exact match   {result.call_exact_match}   (label and every slot)"


def test_reports_unknown_labels_and_wrong_answers(bundle, data_file, tmp_path, edgelab):
    other = tmp_path / "other.csv"
    other.write_text(data_file.read_text() + "the lamp,kitchen\nmore rain,kitchen\nanything,kitchen\n")
    done = edgelab("evaluate", bundle, "--data", other, "--split", "all")
    assert "all: 33 examples" in done.stdout and "never learned, counted as wrong: kitchen (3)" in done.stdout
    assert "accuracy           0.909 [" in done.stdout
    assert list(table(done.stdout).items())[0] == ("kitchen", ["0", "3", "0.000"])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (
            "calls.csv",
            "marked,label\nwake me at [seven](time),set_alarm\nwake me [at](time) seven,set_alarm\n"
            "why is the sky blue,ask_cloud\n",
        ),
        (
            "calls.jsonl",
            '{"text": "wake me at seven", "label": "set_alarm", "slots": [{"start": 11, "end": 16, "name": "time"}]}\n'
            '{"text": "wake me at seven", "label": "set_alarm", "slots": [{"start": 8, "end": 10, "name": "time"}]}\n'
            '{"text": "why is the sky blue", "label": "ask_cloud"}\n',
        ),
    ],
)
def test_slots_of_a_file_are_scored(tmp_path, edgelab, name, content):
    path = tmp_path / name
    path.write_text(content)
    done = edgelab("evaluate", POCKET, "--data", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "on calls, all: 3 examples" in done.stdout and "slot exact match   0.667 [" in done.stdout


def test_slots_that_the_bundle_never_learned_are_named(tmp_path, edgelab):
    path = tmp_path / "calls.csv"
    path.write_text("marked,label\nwake me at [seven](Time),set_alarm\nwake me [at](time) [six](Time),set_alarm\n")
    done = edgelab("evaluate", POCKET, "--data", path)
    assert "slots that the bundle never learned, counted as wrong: Time (2)" in done.stdout
    assert json.loads(edgelab("evaluate", POCKET, "--data", path, "--json").stdout)["unknown_slots"] == {"Time": 2}


def test_on_the_course_data(bundle, edgelab):
    report = json.loads(edgelab("evaluate", bundle, "--data", "pocket", "--json").stdout)
    assert report["accuracy"]["value"] == 0 and sum(report["unknown_labels"].values()) == report["examples"] > 100
    hard = json.loads(edgelab("evaluate", bundle, "--data", "pocket", "--split", "hard", "--json").stdout)
    pocket = datasets.load("pocket")
    assert (report["split"], report["examples"]) == ("test", len(pocket.test))
    assert (hard["split"], hard["examples"]) == ("hard", len(pocket.extra["hard"]))


def test_control_characters_of_a_file_do_not_reach_the_terminal(bundle, tmp_path, edgelab):
    path = tmp_path / "red\x1b[31m.jsonl"
    path.write_text(json.dumps({"text": "rain", "label": "wet\x1b]0;owned\x07\nthing"}) + "\n")
    done = edgelab("evaluate", bundle, "--data", path)
    assert set(re.findall(r"[\x00-\x1f\x7f-\x9f]", done.stdout)) == {"\n"}
    assert r"on red\x1b[31m, all: 1 examples" in done.stdout
    assert list(table(done.stdout)) == [r"wet\x1b]0;owned\x07\x0athing"]
    refused(edgelab("evaluate", bundle, "--data", tmp_path / "none\x1b[31m.csv"), r"none\x1b[31m.csv")


@pytest.mark.parametrize("json_too", [[], ["--json"]])
def test_labels_of_every_script_on_any_terminal(bundle, tmp_path, json_too):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\nrain,größer 天\n", "utf-8")
    done = process("evaluate", bundle, "--data", path, *json_too, env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0 and done.stderr == ""
    assert ("größer 天" if json_too else r"gr\xf6\xdfer \u5929") in done.stdout


def test_refuses_bad_input(bundle, data_file, tmp_path, edgelab):
    refused(edgelab("evaluate", bundle, "--data", tmp_path / "none.csv"), "none.csv")
    refused(edgelab("evaluate", tmp_path, "--data", data_file), "bundle.json")
    refused(edgelab("evaluate", bundle, "--data", data_file, "--split", "dev"), "'dev'", "train, validation, test")
    refused(edgelab("evaluate", bundle, "--data", "pocket", "--split", "dev"), "'dev'", "test, hard, plain, and all")
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\nhello,\n")
    refused(edgelab("evaluate", bundle, "--data", bad), "bad.csv, line 2", "label")
    bad.write_text("text,label,Label\nhello,a,b\n")
    refused(edgelab("evaluate", bundle, "--data", bad), "bad.csv, line 1", "found it repeated: label, Label")
