"""`edgelab score`: what is refused, and an interruption. The rest of it is in tests/sweeps."""

import json
import os
import subprocess
import sys

import pyarrow.parquet as pq
import pytest

from tests.beginning.guard import path_for_children
from tests.command_line import ROOT, refused
from tests.processes import HEEDING


@pytest.fixture
def logs(tmp_path):
    folder = tmp_path / "logs"
    folder.mkdir()
    lines = [json.dumps({"text": text}) for text in ("rain", "a loud song", "dark") * 10]
    (folder / "a.jsonl").write_text("\n".join(lines))
    return folder


def test_what_is_wrong_is_one_line_before_any_worker_is_started(bundle, logs, tmp_path, edgelab, monkeypatch):
    monkeypatch.setattr("edgelab.sweeps.cluster._started", None)  # it would be a TypeError
    out = tmp_path / "out"
    refused(edgelab("score", tmp_path, logs, "--out", out), "expected a bundle")
    refused(edgelab("score", bundle, tmp_path / "none", "--out", out), "none: cannot be read: No such file")
    refused(edgelab("score", bundle, tmp_path / "logs", "--out", logs / "out"), "expected a folder outside of")
    refused(edgelab("score", bundle, logs, "--out", logs / "a.jsonl"), "expected a folder")
    refused(edgelab("score", bundle, logs, "--out", out, "--workers", "0"), "expected a whole number from 1")
    refused(edgelab("score", bundle, logs, "--out", out, "--core-hour-price", "-1"), "expected a number, at least 0")
    (tmp_path / "empty").mkdir()
    refused(edgelab("score", bundle, tmp_path / "empty", "--out", out), "empty: expected a .parquet or .jsonl file")
    (tmp_path / "empty" / "a.jsonl").touch()
    refused(
        edgelab("score", bundle, tmp_path / "empty", "--out", out), "expected at least one row with a text, found none"
    )


def test_an_unreachable_scheduler_is_one_line(bundle, logs, tmp_path, edgelab):
    done = edgelab("score", bundle, logs, "--out", tmp_path / "out", "--scheduler", "tcp://127.0.0.1:1")
    refused(done, "tcp://127.0.0.1:1: expected a dask scheduler, found none")
    done = edgelab("score", bundle, logs, "--out", tmp_path / "out", "--scheduler", "here")
    refused(done, "here: expected a scheduler's address")


@pytest.mark.parametrize("command", ["score", "sweep"])
def test_without_the_extra_it_names_what_to_install(bundle, logs, tmp_path, edgelab, monkeypatch, command):
    monkeypatch.setitem(sys.modules, "distributed", None)
    arguments = (bundle, logs) if command == "score" else (tmp_path / "sweep.toml",)
    refused(edgelab(command, *arguments, "--out", tmp_path / "out"), "this needs distributed", "pip install '.[sweep]'")


INTERRUPTED = """
import os, signal, sys
from edgelab import cli
from edgelab.sweeps import pieces, score_run
from tests import sweep_tasks

pieces.PIECE_BYTES, score_run.EVERY_S = 100, 0
score_run.score_piece = sweep_tasks.killing_score_piece
end = score_run.Progress.end

def interrupted(*args):
    end(*args)
    if args[0].ended == 2:
        os.killpg(0, signal.SIGINT)  # as a terminal does: its workers get it, too

score_run.Progress.end = interrupted
if __name__ == "__main__":
    sys.exit(cli.main())
"""


@pytest.mark.skipif(os.name == "nt", reason="other signals")
def test_ctrl_c_after_a_killed_worker_loses_nothing_and_the_same_command_goes_on(
    bundle, logs, tmp_path, edgelab, monkeypatch
):
    program, out = tmp_path / "interrupted.py", tmp_path / "out"
    program.write_text(INTERRUPTED)
    command = [sys.executable, str(program), "score", str(bundle), str(logs), "--out", str(out), "--workers", "1"]
    environment = {**os.environ, "PYTHONPATH": path_for_children(ROOT)}
    options = {"capture_output": True, "text": True, "env": environment, "start_new_session": True, "timeout": 300}
    done = subprocess.run(command, cwd=ROOT, **options, **HEEDING)
    *progress, told = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (130, "") and [line[:3] for line in progress] == ["[1/", "[2/"], (
        done.stderr
    )
    assert told == "edgelab: interrupted; the same command goes on from the last finished piece"
    kept = {part: part.stat().st_mtime_ns for part in out.glob("part-*.parquet")}
    assert kept
    monkeypatch.setattr("edgelab.sweeps.pieces.PIECE_BYTES", 100)
    again = edgelab("score", bundle, logs, "--out", out, "--workers", "1", "--json")
    found = json.loads(again.stdout)
    assert again.returncode == 0 and found["rows"] == 30 and 0 < found["this_run"]["rows"] < 30
    assert found["a_billion_requests"]["core_hours"] > 0 and "pieces are scored already" in again.stderr
    assert {part: part.stat().st_mtime_ns for part in kept} == kept
    labels = [row["label"] for part in sorted(out.glob("part-*")) for row in pq.read_table(part).to_pylist()]
    assert labels == ["weather", "music", "lights"] * 10
    told = edgelab("score", bundle, logs, "--out", out)  # nothing is left
    assert told.stdout == f"{out}: 30 rows scored, 0 set aside with the reason\n" and told.returncode == 0
