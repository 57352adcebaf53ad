"""`edgelab build`: what is refused at once. The rest of it is in tests/build."""

import os
import sys

import pytest

from edgelab.commands.signals import Terminated
from tests.command_line import refused


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))


def test_bad_input_is_refused_before_anything_is_written(data_file, tmp_path, edgelab):
    out = tmp_path / "out"
    refused(edgelab("build", "--data", tmp_path / "none.csv", "--out", out), "none.csv", "No such file")
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\nhello,greeting\nbye\n")
    refused(edgelab("build", "--data", bad, "--out", out), "bad.csv, line 3", "expected 2 columns, found 1")
    refused(edgelab("build", "--data", data_file, "--out", bad), "bad.csv", "expected a folder")
    refused(edgelab("build", "--data", data_file, "--out", tmp_path), "found bad.csv", "another one")
    assert os.listdir(tmp_path) == ["bad.csv"]


@pytest.mark.skipif(sys.platform != "linux", reason="no such file systems")
@pytest.mark.parametrize("out", ["/proc/out", "/proc/self/out", "/sys/out", "/sys/kernel/out", "/proc"])
def test_a_file_system_that_takes_no_files_is_refused_before_anything_is_trained(data_file, out, edgelab):
    refused(edgelab("build", "--data", data_file, "--out", out), out.split("/")[1])


@pytest.mark.parametrize(("stop", "code"), [(KeyboardInterrupt, 130), (Terminated, 143)])
def test_a_build_that_is_stopped_says_how_to_go_on(data_file, tmp_path, edgelab, monkeypatch, stop, code):
    def build(*args, **options):
        raise stop

    monkeypatch.setattr("edgelab.build.pipeline.build", build)
    done = edgelab("build", "--data", data_file, "--out", tmp_path / "out")
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr == "edgelab: interrupted; the same command goes on from the last finished stage\n"


def test_without_a_training_library_it_names_what_to_install(data_file, tmp_path, edgelab, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    refused(edgelab("build", "--data", data_file, "--out", tmp_path / "out"), "this needs torch", "make env")
