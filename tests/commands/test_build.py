"""`edgelab build`: what is refused at once. The rest of it is in tests/build."""

import os
import sys

import pytest

from edgelab.commands.signals import Terminated
from edgelab.datasets.loading import load
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
    marked = tmp_path / "marked.csv"
    marked.write_text("marked,label\nwake me at [7](time),alarm\nring at [7:15,alarm\n")
    expected = "expected slots as [value](slot), found a stray bracket at '[7:15'"
    refused(edgelab("build", "--data", marked, "--out", out), "marked.csv, line 3: ", expected)
    marked.unlink()
    refused(edgelab("build", "--data", data_file, "--out", bad), "bad.csv", "expected a folder")
    refused(edgelab("build", "--data", data_file, "--out", tmp_path), "found bad.csv", "another one")
    assert os.listdir(tmp_path) == ["bad.csv"]


def test_calls_cannot_decide_where_there_are_no_slots(data_file, tmp_path, edgelab):
    out = tmp_path / "out"
    asked = ("build", "--data", data_file, "--out", out, "--retention-of")
    refused(edgelab(*asked, "call"), "mine: expected slots to judge calls by, found none", "--retention-of label")
    refused(edgelab(*asked, "slots"), "'call', 'label'")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("option", "content", "parts"),
    [
        ("--unlabelled", None, ("more.txt", "No such file")),
        ("--unlabelled", " \n", ("more.txt", "expected at least one text, found none")),
        ("--unlabelled", "{tested}!\n", ("mine: expected unlabelled lines to learn from, found only repeats",)),
        ("--outside", None, ("more.csv", "No such file")),
        ("--outside", "text,label\nrain\n", ("more.csv, line 2", "expected 2 columns")),
        (
            "--outside",
            "text,label\nrain,weather\na bun,food\n",
            ("more: expected no other labels", "mine, found 'food'"),
        ),
    ],
)
def test_bad_further_files_are_refused_before_anything_is_written(data_file, tmp_path, edgelab, option, content, parts):
    further, out = tmp_path / f"more.{'txt' if option == '--unlabelled' else 'csv'}", tmp_path / "out"
    if content:
        further.write_text(content.format(tested=load(data_file).test.texts[0]))
    refused(edgelab("build", "--data", data_file, "--out", out, option, further), *parts)
    assert not out.exists() and not list((tmp_path / "home").rglob("artifact.json"))


@pytest.mark.parametrize(("option", "expected"), [("--unlabelled", "a .txt, .csv"), ("--outside", "a .csv, .tsv")])
def test_an_empty_name_is_a_file_that_is_none(data_file, tmp_path, edgelab, option, expected):
    """As of a variable that a script forgot to set: without the file, hours of work would be of something else."""
    out = tmp_path / "out"
    refused(edgelab("build", "--data", data_file, "--out", out, option, ""), f"expected {expected}")


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
