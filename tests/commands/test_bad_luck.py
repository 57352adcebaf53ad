"""Full disks, closed pipes, signals; what the commands load; how refusals are told."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgelab import errors
from edgelab.errors import UserError
from tests.command_line import ROOT, process, refused
from tests.full_disk import fill, small_disk
from tests.processes import HEEDING

FULL = Path("/dev/full")
no_full_device = pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")

# A command that builds for a minute, in this program's place.
BUILDING = """
import sys, time
from edgelab import cli, workspace

def build(folder):
    (folder / "half").write_text("half")
    print("building", flush=True)
    time.sleep(60)

class Slow:
    @staticmethod
    def report():
        workspace.build_once("teacher", build, inputs={})

cli.doctor.report = Slow.report
sys.exit(cli.main(["doctor"]))
"""


@no_full_device
@pytest.mark.parametrize("command", [["cache", "list"], ["predict", "BUNDLE", "rain"], ["--help"], ["build", "--help"]])
def test_a_full_standard_output_is_one_line(bundle, tmp_path, command):
    with FULL.open("w") as full:
        command = [str(bundle) if part == "BUNDLE" else part for part in command]
        done = process(*command, stdout=full, env={"EDGELAB_HOME": str(tmp_path)})
    refused(done, "standard output: cannot be written to: No space left on device")


@no_full_device
def test_a_full_standard_error_hides_no_exit_code(tmp_path):
    with FULL.open("w") as full:
        assert process("predict", tmp_path, "rain", stderr=full).returncode == 2


@pytest.mark.skipif(os.name == "nt", reason="another shell")
def test_a_closed_standard_output_is_one_line(bundle):
    command = f"'{sys.executable}' -m edgelab predict '{bundle}' rain >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=ROOT)
    refused(done, "standard output is closed")


@pytest.mark.skipif(os.name == "nt", reason="another shell")
def test_a_closed_pipe_ends_it_in_silence(bundle):
    command = f"'{sys.executable}' -m edgelab predict '{bundle}' - | head -n 1"
    done = subprocess.run(command, shell=True, input="rain\n" * 5000, capture_output=True, text=True, cwd=ROOT)
    assert json.loads(done.stdout)["label"] == "weather" and done.stderr == ""


def test_a_full_home_is_one_line(data_file, tmp_path, edgelab, monkeypatch):
    with small_disk(tmp_path / "home", 100) as home:
        monkeypatch.setenv("EDGELAB_HOME", str(home))
        (home / "built").mkdir()
        fill(home)
        done = edgelab("build", "--data", data_file, "--out", tmp_path / "out")
        stage, line = done.stderr.splitlines()  # nothing was trained yet
        assert done.returncode == 2 and done.stdout == "" and stage == "[1/11] teacher"
        assert line.startswith(f"edgelab: {home}: cannot be used: No space left on device; EDGELAB_HOME")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), RuntimeError("I/O error: No space left on device (os error 28)")],
)
def test_a_disk_that_fills_up_is_known_by_number_or_by_words(error):
    assert errors.disk_is_full(error) and not errors.disk_is_full(FileNotFoundError(2, "No such file"))


@pytest.mark.skipif(os.name == "nt", reason="other signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_what_is_stopped_leaves_nothing(tmp_path, number, code):
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    environment = {**os.environ, "EDGELAB_HOME": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", BUILDING], cwd=ROOT, env=environment, **pipes, **HEEDING) as running:
        assert running.stdout.readline() == "building\n"
        assert [f for f in (tmp_path / "built").rglob("half")]
        running.send_signal(number)
        out, complaints = running.communicate(timeout=30)
    assert (running.returncode, out, complaints) == (code, "", "")
    assert [f.suffix for f in (tmp_path / "built").iterdir()] == [".lock"]


@pytest.mark.parametrize("command", [["predict", "BUNDLE", "rain"], ["bench", "BUNDLE"], ["--help"], ["cache", "list"]])
def test_what_serves_a_bundle_loads_no_training_library(bundle, command):
    code = (
        "import sys; from edgelab.cli import main; main(sys.argv[1:]);"
        "heavy = {'torch', 'transformers', 'pandas', 'matplotlib', 'sklearn', 'scipy', 'onnx', 'psutil', 'IPython'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    arguments = [str(bundle) if part == "BUNDLE" else part for part in command]
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT, check=True
    )
    loaded = set(done.stdout.splitlines()[-1].split())
    assert loaded <= ({"psutil"} if command[0] == "bench" else set())  # bench names the host


def test_every_error_that_a_user_can_mend_has_one_base():
    from edgelab.build import BuildError
    from edgelab.bundle.manifest import BundleError
    from edgelab.cloud.client import CloudError
    from edgelab.cloud.network import NetworkError
    from edgelab.course.notebooks import CourseError
    from edgelab.datasets import DataError
    from edgelab.models.weights import WeightsError
    from edgelab.workspace import HomeError

    mended = (BuildError, BundleError, CloudError, CourseError, DataError, HomeError, NetworkError, WeightsError)
    assert all(issubclass(error, UserError) for error in mended)


def test_a_fault_of_ours_keeps_its_traceback(edgelab, monkeypatch):
    for error in (ValueError("ours"), FileNotFoundError(2, "ours"), ModuleNotFoundError("ours", name="edgelab.none")):

        def broken(error=error):
            raise error

        monkeypatch.setattr("edgelab.commands.doctor.report", broken)
        with pytest.raises(type(error), match="ours"):
            edgelab("doctor")


def test_a_refusal_of_any_length_is_a_line_that_one_can_read(bundle, tmp_path, edgelab):
    (tmp_path / "wide.csv").write_text("x" * 1_000_000 + ",y\n")
    done = edgelab("evaluate", bundle, "--data", tmp_path / "wide.csv")
    refused(done, "wide.csv, line 1: expected a column 'text', found xxx")
    assert len(done.stderr) < 5000
    assert len(done.stderr) < 11_000


def test_an_input_that_does_not_fit_in_memory_is_one_line(bundle, tmp_path, edgelab, monkeypatch):
    def endless(path):
        raise MemoryError

    monkeypatch.setattr("edgelab.datasets.sources.read_text", endless)
    refused(edgelab("evaluate", bundle, "--data", tmp_path / "mine.csv"), "not enough memory")
