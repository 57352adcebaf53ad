"""What was built once is not built again; what decides it, builds it anew; what fails leaves nothing."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from edgelab import workspace
from edgelab.workspace import Cleared, HomeError, build_once, find_built
from tests.full_disk import fill, small_disk


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def write_hello(folder: Path) -> None:
    (folder / "hello.txt").write_text("hello")


def left_over(home: Path) -> list[str]:
    """Everything below `built` but the locks."""
    return sorted(f.name for f in (home / "built").rglob("*") if f.suffix != ".lock")


def built() -> list[workspace.Artifact]:
    """Every whole artifact, oldest first."""
    return [entry.artifact for entry in workspace.stored() if entry.artifact]


def refuse(folder: Path) -> None:
    raise AssertionError("built again")


def test_built_once_then_loaded_with_a_note_that_says_when_and_how_long(monkeypatch):
    monkeypatch.setattr(workspace, "time", SimpleNamespace(perf_counter=iter([1000.0, 1041.6]).__next__))
    first = build_once("teacher", write_hello, inputs={"seed": 0})
    assert not first.loaded and first.note == "teacher: built now in 42 s"
    second = build_once("teacher", refuse, inputs={"seed": 0})
    assert second.loaded and second.path == first.path and (second.path / "hello.txt").read_text() == "hello"
    assert re.fullmatch(r"teacher: loaded; it was built on \d{4}-\d\d-\d\d \d\d:\d\d in 42 s", second.note)
    assert (second.built_at, second.seconds) == (first.built_at, first.seconds)


def test_the_artifact_records_what_it_was_built_from():
    artifact = build_once("teacher", write_hello, inputs={"seed": 3})
    record = json.loads((artifact.path / "artifact.json").read_text())
    assert record["inputs"] == {"seed": 3} and set(record["versions"]) == set(workspace.LIBRARIES)
    assert record["versions"]["numpy"] == __import__("numpy").__version__


def test_changed_inputs_kinds_sources_and_versions_build_anew(monkeypatch):
    source, paths = ["steps = 1"], []
    monkeypatch.setattr(workspace, "source_digest", lambda *functions: f"{source} {[f.__name__ for f in functions]}")

    def built(kind="teacher", inputs=None, through=()) -> bool:
        artifact = build_once(kind, write_hello, inputs=inputs or {"seed": 0}, through=through)
        paths.append(artifact.path)
        return not artifact.loaded

    assert built() and not built()
    assert built(inputs={"seed": 1}) and built(kind="student") and built(through=(refuse,))
    source[0] = "steps = 2"
    assert built() and not built()
    source[0] = "steps = 1"
    assert not built()
    monkeypatch.setattr(workspace, "versions", lambda: {"torch": "9"})
    assert built() and not built()
    assert len(set(paths)) == 6 and all(path.is_dir() for path in paths)


def test_what_was_built_is_found_without_building(home):
    def find(seed: int) -> workspace.Artifact | None:
        return find_built("teacher", write_hello, inputs={"seed": seed})

    assert find(0) is None and not home.exists()
    made = build_once("teacher", write_hello, inputs={"seed": 0})
    assert find(0).path == made.path and find(0).loaded and find(1) is None
    assert find_built("teacher", refuse, inputs={"seed": 0}).path == made.path  # both are of one file


def test_the_order_of_inputs_does_not_matter():
    build_once("a", write_hello, inputs={"x": 1, "y": 2})
    assert build_once("a", refuse, inputs={"y": 2, "x": 1}).loaded


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_interrupted_build_leaves_nothing_and_can_be_built_later(home, error):
    def broken(folder: Path) -> None:
        write_hello(folder)
        raise error("stopped")

    with pytest.raises(error, match="stopped"):
        build_once("teacher", broken, inputs={})
    assert left_over(home) == [] and built() == []
    assert not build_once("teacher", write_hello, inputs={}).loaded


SLOW = """
import sys, time
from edgelab.workspace import build_once

def build(folder):
    (folder / "half.txt").write_text("half")
    print("building", flush=True)
    time.sleep(float(sys.argv[1]))

artifact = build_once("teacher", build, inputs={})
print(artifact.note, artifact.path.name)
"""


def start(seconds: float) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", SLOW, str(seconds)], stdout=subprocess.PIPE, text=True)


def test_two_processes_that_build_the_same_at_once_build_it_once(home):
    processes = [start(0.5) for _ in range(3)]
    outputs = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0]
    assert sum("building\n" in output for output in outputs) == 1
    assert sum("built now" in output for output in outputs) == 1 and sum("loaded" in output for output in outputs) == 2
    assert len({output.split()[-1] for output in outputs}) == 1 and len(built()) == 1


@pytest.fixture
def killed(home):
    """The scratch folder that a killed build left."""
    process = start(60)
    assert process.stdout.readline() == "building\n"
    process.kill()
    process.wait()
    process.stdout.close()
    (left,) = (home / "built").glob("*.scratch")
    assert (left / "half.txt").exists()
    return left


needs_kill = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system cannot kill a process outright")


@needs_kill
def test_a_killed_build_is_not_taken_for_a_built_one(killed):
    assert built() == []
    assert [(entry.path, entry.state) for entry in workspace.stored()] == [(killed, "unfinished")]
    again = build_once("teacher", write_hello, inputs={})
    assert not again.loaded and sorted(os.listdir(again.path)) == ["artifact.json", "hello.txt"]


@needs_kill
def test_the_next_build_of_anything_sweeps_what_a_killed_one_left(killed, home):
    artifact = build_once("student", write_hello, inputs={})
    assert left_over(home) == sorted([artifact.path.name, "artifact.json", "hello.txt"])


def test_no_build_touches_what_a_living_process_or_this_one_builds(home):
    process = start(60)
    assert process.stdout.readline() == "building\n"
    (other,) = (home / "built").glob("*.scratch")

    def outer(folder: Path) -> None:
        write_hello(folder)
        build_once("answers", write_hello, inputs={})  # as a deployment asks for its own answers
        assert (folder / "hello.txt").exists()

    build_once("student", outer, inputs={})
    assert (other / "half.txt").exists()
    process.kill()
    process.communicate()


def test_a_folder_without_its_record_is_built_anew():
    artifact = build_once("teacher", write_hello, inputs={})
    (artifact.path / "artifact.json").unlink()
    (artifact.path / "stray.txt").write_text("stray")
    again = build_once("teacher", write_hello, inputs={})
    assert not again.loaded and again.path == artifact.path and not (again.path / "stray.txt").exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b"[" * 100_000,
        b'{"kind": "teacher"}',
        b'{"kind": 1, "built_at": "2026-01-01", "seconds": 1}',
        b'{"kind": "teacher", "built_at": null, "seconds": 1}',
        b'{"kind": "teacher", "built_at": "2026-01-01", "seconds": "1"}',
        b'{"kind": "teacher", "built_at": "2026-01-01", "seconds": NaN}',
        b'{"kind": "teacher", "built_at": "2026-01-01", "seconds": 1' + b"0" * 400 + b"}",
    ],
)
def test_a_damaged_record_is_shown_as_that_and_built_anew(content):
    artifact = build_once("teacher", write_hello, inputs={})
    (artifact.path / "artifact.json").write_bytes(content)
    assert [(entry.path, entry.state) for entry in workspace.stored()] == [(artifact.path, "damaged")]
    assert built() == []
    again = build_once("teacher", write_hello, inputs={})
    assert not again.loaded and build_once("teacher", refuse, inputs={}).loaded


def test_a_disk_that_fills_up_while_building_is_told_of_the_home(monkeypatch, tmp_path):
    def greedy(folder: Path) -> None:
        (folder / "weights").write_bytes(bytes(300_000))

    def another_library(folder: Path) -> None:
        with pytest.raises(OSError) as caught:
            greedy(folder)
        raise RuntimeError(f"write failed: {caught.value.strerror} (os error {caught.value.errno})")

    with small_disk(tmp_path / "small", 200) as small:
        monkeypatch.setenv("EDGELAB_HOME", str(small))
        for build in (greedy, another_library):
            with pytest.raises(HomeError, match="small/built: cannot be used: no space left there"):
                build_once("teacher", build, inputs={})
            assert left_over(small) == []
        fill(small)
        with pytest.raises(HomeError, match="No space left on device"):
            build_once("teacher", refuse, inputs={})
        assert left_over(small) == []


def test_a_home_that_cannot_be_used_is_told_in_one_line(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(HomeError) as caught:
        build_once("teacher", refuse, inputs={})
    message = str(caught.value)
    assert str(tmp_path / "file") in message and "Not a directory; EDGELAB_HOME names" in message
    assert caught.value.__cause__ is None and "\n" not in message
    assert built() == [] and workspace.clear() == Cleared(0, {})
    monkeypatch.setenv("EDGELAB_HOME", "~nobody-of-this-name/x")
    with pytest.raises(HomeError, match="EDGELAB_HOME=~nobody-of-this-name/x: expected a folder"):
        workspace.home()


def forbidden(path, *args, **options):
    raise PermissionError(13, "Permission denied", str(path))


@pytest.mark.parametrize(("module", "step"), [(Path, "mkdir"), (os, "open")])
def test_a_home_that_one_may_not_write_to_is_told_in_one_line(monkeypatch, module, step):
    monkeypatch.setattr(module, step, forbidden)
    with pytest.raises(HomeError, match="built.*: cannot be used: Permission denied"):
        build_once("teacher", refuse, inputs={})


@pytest.mark.parametrize("look", [workspace.clear, built])
def test_a_home_that_one_may_not_enter_is_told_in_one_line(monkeypatch, look):
    monkeypatch.setattr(Path, "stat", forbidden)
    with contextlib.suppress(HomeError):  # later versions of Python find nothing there instead
        assert not look()


def test_what_fails_in_the_build_itself_is_not_blamed_on_the_home():
    def broken(folder: Path) -> None:
        (folder / "none" / "file").write_text("x")

    with pytest.raises(FileNotFoundError):
        build_once("teacher", broken, inputs={})


def test_clear_deletes_what_was_built_and_keeps_downloads(home):
    build_once("teacher", write_hello, inputs={})
    build_once("student", write_hello, inputs={})
    assert sorted(a.kind for a in built()) == ["student", "teacher"]
    kept = [workspace.download_home() / "clinc150" / "data.json", home / "scoreboard.jsonl", home / "predictions.json"]
    for file in kept:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("mine")
    cleared = workspace.clear()
    assert cleared.kept == {} and not (home / "built").exists()
    assert cleared.freed_bytes > 2 * len("hello") and built() == [] and all(file.exists() for file in kept)
    assert workspace.clear() == Cleared(0, {})
    assert not build_once("teacher", write_hello, inputs={}).loaded


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    file = tmp_path / "new" / "board.jsonl"
    workspace.write_atomic(file, "é one\n")
    assert file.read_text("utf-8") == "é one\n"

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        workspace.write_atomic(file, "two\n")
    with pytest.raises(UnicodeEncodeError):
        workspace.write_atomic(file, "\ud800")
    assert file.read_text("utf-8") == "é one\n" and os.listdir(file.parent) == ["board.jsonl"]


def test_where_things_live(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", "~/course")
    assert workspace.home() == Path.home() / "course"
    monkeypatch.delenv("EDGELAB_HOME")
    root = Path(__file__).resolve().parent.parent
    assert (workspace.checkout(), workspace.home(), workspace.data_home()) == (root, root / "artifacts", root / "data")
    # As installed from a wheel: no checkout around the package, its data inside it.
    monkeypatch.setattr(workspace, "PACKAGE", tmp_path / "site-packages" / "edgelab")
    assert workspace.checkout() is None and workspace.home() == Path.home() / ".cache" / "edgelab"
    assert workspace.data_home() == tmp_path / "site-packages" / "edgelab" / "data"


def test_a_configuration_as_plain_values_keeps_its_type_apart():
    @dataclass(frozen=True)
    class Plan:
        lr: float
        layers: tuple[int, ...] = (0, 3)

    assert workspace.plain(Plan(0.1)) == {"type": "Plan", "lr": 0.1, "layers": (0, 3)}


def test_a_missing_library_has_no_version():
    assert workspace.versions(("numpy", "no-such-library"))["no-such-library"] == "-"
