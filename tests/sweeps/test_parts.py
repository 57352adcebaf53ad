"""A folder of part files: whose it is, one writer, each part whole."""

import subprocess
import sys

import pyarrow as pa
import pytest

from edgelab.sweeps.parts import PartsError, names, output, whole, write_part
from tests.command_line import ROOT
from tests.full_disk import fill, small_disk

TABLE = pa.table({"a": [1, 2]})
HOLDING = """
import sys
from pathlib import Path
from edgelab.sweeps.parts import output
with output(Path(sys.argv[1]), "sweep", {"versions": 1}):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_new_folder_is_made_and_gone_on_with(tmp_path):
    for _ in range(2):
        with output(tmp_path / "new" / "out", "sweep", {"versions": 1}):
            write_part(tmp_path / "new" / "out" / "part-1.parquet", TABLE)
    assert names(tmp_path / "new" / "out", "part-*.parquet") == {"part-1.parquet"}


@pytest.mark.parametrize(
    ("kind", "of", "said"),
    [
        ("sweep", {"versions": 2}, "found those of versions 1 (here 2); choose another folder"),
        ("sweep", {"other": 1}, "found those of other None (here 1)"),
        ("scores", {"versions": 1}, "expected an empty folder or earlier scores, found sweep-record.json"),
    ],
)
def test_another_kind_is_refused(tmp_path, kind, of, said):
    with output(tmp_path, "sweep", {"versions": 1}):
        pass
    with pytest.raises(PartsError, match="expected") as told, output(tmp_path, kind, of):
        pass
    assert said in str(told.value)


@pytest.mark.parametrize("content", ["[]", "{", "3", "[" * 100_000])
def test_a_damaged_record_is_refused(tmp_path, content):
    (tmp_path / "sweep-record.json").write_text(content)
    with (
        pytest.raises(PartsError, match=r"sweep-record\.json: expected what an earlier run wrote"),
        output(tmp_path, "sweep", {"a": 1}),
    ):
        pass


def test_what_is_no_folder_or_not_ours_is_left_alone(tmp_path):
    (tmp_path / "file").write_text("mine")
    for place, said in ((tmp_path / "file", "found a file"), (tmp_path, "found file; choose another one")):
        with pytest.raises(PartsError, match=said), output(place, "sweep", {}):
            pass
    with pytest.raises(PartsError, match="cannot be written to"), output(tmp_path / "file" / "out", "sweep", {}):
        pass
    assert [f.name for f in tmp_path.iterdir()] == ["file"]


def test_one_run_at_a_time(tmp_path):
    command = [sys.executable, "-c", HOLDING, str(tmp_path / "out")]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=ROOT, **pipes) as running:
        assert running.stdout.readline() == "held\n"
        with (
            pytest.raises(PartsError, match="another run writes there"),
            output(tmp_path / "out", "sweep", {"versions": 1}),
        ):
            pass
        running.stdin.close()
    with output(tmp_path / "out", "sweep", {"versions": 1}):  # it ended
        pass


def test_what_a_killed_worker_left_goes(tmp_path):
    (tmp_path / ".part-1.parquet-abc.scratch").write_text("half")
    with output(tmp_path, "sweep", {}):
        assert not list(tmp_path.glob(".*scratch"))


def test_a_part_is_whole_or_not_there(tmp_path):
    with pytest.raises(KeyError), whole(tmp_path / "part") as scratch:
        scratch.write(b"half")
        raise KeyError
    assert not list(tmp_path.iterdir())
    for content in ("first", "second"):
        with whole(tmp_path / "part") as scratch:
            scratch.write(content.encode())
    assert [f.name for f in tmp_path.iterdir()] == ["part"] and (tmp_path / "part").read_text() == "second"


def test_a_full_disk_is_one_line(tmp_path):
    with small_disk(tmp_path / "disk", 100) as disk:
        (disk / "out").mkdir()
        fill(disk)
        with pytest.raises(PartsError, match="out: cannot be written to: .*No space left"):
            write_part(disk / "out" / "part", TABLE)
        assert not list((disk / "out").iterdir())
        with pytest.raises(PartsError, match="cannot be written to: No space left"), output(disk / "out", "sweep", {}):
            pass
