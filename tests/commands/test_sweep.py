"""`edgelab sweep`: what is refused at once, what it prints. The rest of it is in tests/sweeps."""

import json

import pytest

from edgelab.sweeps.run import Swept
from tests.command_line import refused

CONFIG = {"data": ["mine.csv"], "families": ["static"], "precisions": ["int8"], "seeds": [0, 1]}


@pytest.fixture
def config(tmp_path, data_file):
    def written(**other):
        (tmp_path / "mine.csv").write_bytes(data_file.read_bytes())
        (tmp_path / "sweep.json").write_text(json.dumps(CONFIG | other))
        return tmp_path / "sweep.json"

    return written


def test_what_is_wrong_is_one_line_before_any_worker_is_started(config, tmp_path, edgelab, monkeypatch):
    monkeypatch.setattr("edgelab.sweeps.cluster._started", None)  # it would be a TypeError
    out = tmp_path / "out"
    refused(edgelab("sweep", tmp_path / "none.toml", "--out", out), "none.toml: cannot be read: No such file")
    refused(edgelab("sweep", config(seeds=[]), "--out", out), "sweep.json: seeds: expected a list")
    refused(edgelab("sweep", config(data=["no.csv"]), "--out", out), "no.csv: cannot be read: No such file")
    refused(edgelab("sweep", config(), "--out", tmp_path), "expected an empty folder or earlier sweep")
    refused(edgelab("sweep", config(), "--out", out, "--scheduler", "tcp://127.0.0.1:1"), "expected a dask scheduler")


ROW = {
    **{"trial": "t", "data": "mine", "precision": "int8", "split": "validation", "examples": 3, "cpu": "none"},
    **dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high"), 2 / 3),
    **dict.fromkeys(("calls", "calls_low", "calls_high", "right_call")),
    **{"size_bytes": 123_456, "training_s": 1.0, "right_label": [True, True, False]},
}


@pytest.mark.parametrize(("failed", "code"), [({}, 0), ({"mine, b int8, seed 0": "why"}, 3)])
def test_it_prints_the_rows_and_where_the_comparison_is(config, tmp_path, edgelab, monkeypatch, failed, code):
    rows = [ROW | {"recipe": recipe, "seed": seed} for seed in (0, 1) for recipe in "ab"]
    monkeypatch.setattr("edgelab.sweeps.run.sweep", lambda *_: Swept(rows, 4, 4, failed, workers_lost=1))
    (tmp_path / "out").mkdir()
    done = edgelab("sweep", config(), "--out", tmp_path / "out")
    lines = done.stdout.splitlines()
    assert done.returncode == code and len(lines) == 5 + 1 + 1 + 3
    assert lines[1].split() == ["mine", "a", "int8", "0", "66.7", "-", "0.123"]
    assert lines[6] == f"{tmp_path / 'out'}: 4 of 4 trials, a row each in rows/" and lines[7] == "comparison-mine.md"
    assert "workers lost on the way: 1" in done.stderr and ("trials that failed: 1" in done.stderr) == bool(failed)
    assert "mine, right labels" in (tmp_path / "out" / "comparison-mine.md").read_text()


def test_one_that_is_interrupted_says_how_to_go_on(config, tmp_path, edgelab, monkeypatch):
    def stopped(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("edgelab.sweeps.run.sweep", stopped)
    done = edgelab("sweep", config(), "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "edgelab: interrupted; the same command goes on from the last finished trial\n"
