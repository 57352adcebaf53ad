"""Sweeps on two workers: every trial a row, whatever dies on the way; with trials of a moment, and (slow) real ones."""

import contextlib
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from edgelab.sweeps import run
from edgelab.sweeps.cluster import workers_of
from edgelab.sweeps.compare import compare
from edgelab.sweeps.config import read_config
from edgelab.sweeps.parts import PartsError
from edgelab.sweeps.run import comparisons, load_rows, right_by_model, sweep, write_comparisons
from tests import sweep_tasks
from tests.sweeps.conftest import scheduler_process

RECIPES = {"a": {"family": "static"}, "bb": {"family": "static", "plan": {"steps": 9}}}


def config_of(folder, **other):
    content = {"data": ["data/tiny.csv"], "recipes": RECIPES, "precisions": ["int8", "int4"], "seeds": list(range(6))}
    (folder / "sweep.json").write_text(json.dumps(content | other))
    return read_config(folder / "sweep.json")


@pytest.fixture
def quick(monkeypatch, data_file):
    """Trials of a moment."""
    monkeypatch.setattr(run, "run_trial", sweep_tasks.tiny_trial)
    monkeypatch.setattr(run, "prepare_teacher", sweep_tasks.nothing)
    monkeypatch.setattr(run, "prepare_model", sweep_tasks.nothing)


def test_24_trials_of_which_two_kill_their_worker_are_24_rows(quick, tmp_path, data_file, workers):
    """Seed 3 in int4, of both recipes, dies once."""
    said = []
    found = sweep(config_of(tmp_path), tmp_path / "out", workers, said.append)
    assert (found.trials, found.added, found.failed) == (24, 24, {}) and found.workers_lost == 2
    assert len(found.rows) == 24 == len({row["trial"] for row in found.rows})
    assert [(row["recipe"], row["precision"], row["seed"]) for row in found.rows] == [
        (recipe, precision, seed) for seed in range(6) for recipe in RECIPES for precision in ("int8", "int4")
    ]
    assert len(list(data_file.parent.glob("died-*"))) == 2
    assert said[-1].startswith("[42/42] tiny, ") and "min left" in said[0] or "minute left" in said[0]


def test_what_is_there_is_not_run_again_and_a_longer_sweep_adds(quick, tmp_path, data_file, workers):
    out, said = tmp_path / "out", []
    first = sweep(config_of(tmp_path, seeds=[0, 1]), out, workers, said.append)
    again = sweep(config_of(tmp_path, seeds=[0, 1]), out, contextlib.nullcontext(None), said.append)
    assert again.rows == first.rows and again.added == 0 and said[-1] == "8 of 8 trials are there already"
    more = sweep(config_of(tmp_path, seeds=[1, 2]), out, workers, said.append)
    assert (more.trials, more.added, len(more.rows)) == (8, 4, 8) and {row["seed"] for row in more.rows} == {1, 2}
    assert len(list((out / "rows").glob("*.parquet"))) == 12
    assert all(file.read_text() == "x" for file in data_file.parent.glob("ran-*"))


def test_a_trial_that_fails_is_told_and_tried_again(quick, tmp_path, data_file, workers):
    (data_file.parent / "fails").touch()
    config, said = config_of(tmp_path, seeds=[4, 5]), []
    found = sweep(config, tmp_path / "out", workers, said.append)
    assert found.added == 4 == len(found.rows) and set(found.failed.values()) == {"the loss is not finite"}
    assert any("tiny, bb int4, seed 5: failed: the loss is not finite" in line for line in said)
    (data_file.parent / "fails").unlink()
    found = sweep(config, tmp_path / "out", workers, said.append)
    assert (found.added, len(found.rows), found.failed) == (4, 8, {})


def test_an_interruption_keeps_the_rows_that_have_come(quick, tmp_path, data_file, workers):
    def interrupt(line: str) -> None:
        if ": " in line:  # a trial's
            raise KeyboardInterrupt

    config, out = config_of(tmp_path, seeds=[0, 1]), tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        sweep(config, out, workers, interrupt)
    kept = len(list((out / "rows").glob("*.parquet")))
    assert kept == 1
    found = sweep(config, out, workers, lambda line: None)
    assert (found.added, len(found.rows)) == (7, 8)


def test_on_a_scheduler_of_another_process(quick, tmp_path, data_file, workers):
    config = config_of(tmp_path, seeds=[0, 1])
    here = sweep(config, tmp_path / "here", workers, lambda line: None)
    with scheduler_process(tmp_path, "--nthreads", "1") as (address, _):
        there = sweep(config, tmp_path / "there", workers_of(address, 1), lambda line: None)
    assert there.rows == here.rows and len(there.rows) == 8


def test_other_versions_need_another_folder(quick, tmp_path, data_file, workers, monkeypatch):
    sweep(config_of(tmp_path, seeds=[0]), tmp_path / "out", workers, lambda line: None)
    monkeypatch.setattr(run, "identity", lambda: {"edgelab": "0.0.1"})
    with pytest.raises(PartsError, match="expected results of the same as here"):
        sweep(config_of(tmp_path, seeds=[0]), tmp_path / "out", workers, lambda line: None)


def test_rows_are_compared_where_every_seed_is_there(quick, tmp_path, data_file, workers):
    rows = sweep(config_of(tmp_path, seeds=[0, 1, 2]), tmp_path / "out", workers, lambda line: None).rows
    right = right_by_model(rows, "tiny", "call")
    assert list(right) == ["a int8", "a int4", "bb int8", "bb int4"] and right["a int8"].shape == (3, 9)
    assert np.array_equal(right["a int8"][1], rows[4]["right_call"])
    assert set(right_by_model(rows[1:], "tiny", "call")) == {"a int4", "bb int8", "bb int4"}
    (measure, comparison) = comparisons(rows)["tiny"]
    assert measure == "call" and len(comparison.pairs) == 6 and comparison.means["a int8"] == right["a int8"].mean()
    without = [row | {"right_call": None} for row in rows]
    assert comparisons(without)["tiny"][0] == "label" and comparisons(rows[:1]) == {}


def test_the_comparison_is_written_for_a_paper_and_the_same_each_time(quick, tmp_path, data_file, workers):
    rows = sweep(config_of(tmp_path, seeds=[0, 1]), tmp_path / "out", workers, lambda line: None).rows
    found = comparisons([row | {"data": "my data/é"} for row in rows])
    contents = []
    for _ in range(2):
        written = write_comparisons(found, tmp_path / "out")
        contents.append([(tmp_path / "out" / name).read_bytes() for name in written])
    assert written == [f"comparison-my-data-.{ending}" for ending in ("md", "tex", "pdf")]
    assert contents[0] == contents[1] and contents[0][2].startswith(b"%PDF") and b"my data" in contents[0][0]


def test_parts_that_are_not_there_have_no_rows(quick, tmp_path, data_file, workers):
    out = tmp_path / "out"
    sweep(config_of(tmp_path, seeds=[0]), out, workers, lambda line: None)
    files = sorted((out / "rows").glob("*.parquet"))
    assert len(load_rows([*files, out / "none.parquet"])) == len(files) == 4
    assert pq.read_schema(files[0]).equals(run.schema())


def test_a_damaged_row_is_named_before_anything_is_run_and_made_anew_once_deleted(quick, tmp_path, data_file, workers):
    out, config = tmp_path / "out", config_of(tmp_path, seeds=[0])
    before = sweep(config, out, workers, lambda line: None).rows
    one, other, *_ = sorted((out / "rows").glob("*.parquet"))
    longer = config_of(tmp_path, seeds=[0, 1])
    content = one.read_bytes()
    for damaged in (b"", content[:-9], b"PAR1" * 9, other.read_bytes()):
        one.write_bytes(damaged)
        with pytest.raises(PartsError, match="damaged; delete it") as told:
            sweep(longer, out, contextlib.nullcontext(), lambda line: None)  # no worker is needed
        assert str(told.value).startswith(f"{one}: ") and one.read_bytes() == damaged
    one.unlink()
    assert sweep(config, out, workers, lambda line: None).rows == before


def test_names_that_no_file_can_tell_apart_and_signs_of_formulas(tmp_path):
    right = {"$a_b$": np.ones((2, 9), bool), "$\\frac{": np.eye(2, 9, dtype=bool)}
    written = write_comparisons({data: ("label", compare(right)) for data in ("日本", "中国")}, tmp_path)
    assert len(set(written)) == 6 == len(list(tmp_path.iterdir()))
    assert ["日本" in (tmp_path / written[0]).read_text("utf-8"), "中国" in (tmp_path / written[3]).read_text("utf-8")]


REAL = {
    "data": ["data/tiny.csv"],
    "precisions": ["int8", "int4"],
    "seeds": [0, 1, 2, 3],
    "teacher": {"epochs": 2, "batch_size": 12, "exchanged": 0},
    "recipes": {
        "convolution": {
            "family": "convolution",
            "shape": {"vocabulary": 400, "embedding": 32, "hidden": 48, "depth": 1},
            "plan": {"steps": 10, "batch_size": 12, "augmented": 20},
        },
        "static": {
            "family": "static",
            "shape": {"vocabulary": 400, "embedding": 16, "hidden": 24},
            "plan": {"steps": 10, "batch_size": 12, "augmented": 20},
        },
        "undistilled": {
            "family": "static",
            "distilled": False,
            "shape": {"vocabulary": 400, "embedding": 16, "hidden": 24},
            "plan": {"steps": 10, "batch_size": 12, "augmented": 20},
        },
    },
}


@pytest.mark.slow
@pytest.mark.long
def test_24_real_trials_with_a_worker_killed_are_the_same_rows_on_1_and_on_4_workers(tmp_path, data_file, monkeypatch):
    config = config_of(tmp_path, **REAL)
    found = {}
    for workers in (2, 1, 4):
        monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / f"home-{workers}"))
        killed = []
        with workers_of(None, workers) as client:

            def kill_one(line: str, client=client, killed=killed) -> None:
                if "trained" in line and not killed:
                    import os
                    import signal

                    killed.append(next(iter(client.run(os.getpid).values())))
                    os.kill(killed[0], signal.SIGKILL)

            found[workers] = sweep(config, tmp_path / f"out-{workers}", contextlib.nullcontext(client), kill_one)
        assert (len(found[workers].rows), found[workers].failed) == (24, {}) and found[workers].workers_lost == 1
    plain = [[{k: v for k, v in row.items() if k != "training_s"} for row in swept.rows] for swept in found.values()]
    assert plain[0] == plain[1] == plain[2]
