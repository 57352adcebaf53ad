"""`edgelab predict`."""

import io
import json
import os
import shutil
import signal
import subprocess
import sys

import pytest

from edgelab.commands.predict import CHUNK, LINES, LONGEST, standard_input
from edgelab.errors import UserError
from tests.command_line import ROOT, process, refused

FIELDS = ["text", "label", "slots", "confidence", "latency_ms", "cut"]


def test_texts(bundle, edgelab):
    done = edgelab("predict", bundle, "rain today", "a loud one, größer")
    assert done.returncode == 0 and done.stderr == ""
    first, second = map(json.loads, done.stdout.splitlines())
    assert list(first) == FIELDS
    assert (first["text"], first["label"], first["slots"]) == ("rain today", "weather", {})
    assert 0.99 < first["confidence"] <= 1 and first["latency_ms"] > 0
    assert (second["text"], second["label"]) == ("a loud one, größer", "music")


@pytest.mark.parametrize("dash", [["-"], []])
def test_standard_input(bundle, edgelab, dash):
    done = edgelab("predict", bundle, *dash, stdin=b"rain\n \n\nsong\r\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(a["text"], a["label"]) for a in answers] == [("rain", "weather"), ("song", "music")]


def test_a_mark_at_the_beginning_of_standard_input_is_no_part_of_the_text(bundle, edgelab):
    done = edgelab("predict", bundle, "-", stdin="\ufeffrain\n\ufeffsong\n".encode())
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["rain", "\ufeffsong"]


def test_a_text_that_is_cut_says_so(short_bundle, bundle, edgelab):
    texts = ("rain", "rain and sun", "rain and sun and song")
    cut = {folder: edgelab("predict", folder, *texts).stdout.splitlines() for folder in (short_bundle, bundle)}
    assert [json.loads(line)["cut"] for line in cut[short_bundle]] == [False, False, True]
    assert [json.loads(line)["cut"] for line in cut[bundle]] == [False, False, False]


@pytest.mark.parametrize("text", ["", " ", "\t\n", "\u3000"])
def test_an_empty_text_is_refused_before_any_is_answered(bundle, edgelab, text):
    refused(edgelab("predict", bundle, "rain", text), "TEXT", "expected a text, found")


def test_a_bundle_whose_weights_are_no_numbers_is_refused(broken_bundle, edgelab):
    refused(edgelab("predict", broken_bundle, "rain"), str(broken_bundle), "expected finite weights")


def test_control_characters_are_escaped_in_json_too(bundle, edgelab):
    done = edgelab("predict", bundle, "rain \x1b[31m \x9b31m")
    assert json.loads(done.stdout)["text"] == "rain \x1b[31m \x9b31m"
    assert "\x1b" not in done.stdout and "\x9b" not in done.stdout


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-16"])
def test_json_is_utf_8_whatever_the_terminal(bundle, encoding):
    done = process("predict", bundle, "größer 🌧 rain", env={"PYTHONIOENCODING": encoding})
    assert '"größer 🌧 rain"' in done.stdout and json.loads(done.stdout)["label"] == "weather"


def test_many_lines_are_answered_as_each_alone(bundle, edgelab):
    """In their order, over several batches, whatever parts they come in."""
    words = ("rain", "lamp now", "song", "a loud song please")
    texts = [f"{words[i % 4]} {i}" for i in range(3 * LINES + 5)]
    done = edgelab("predict", bundle, "-", stdin="\n".join([*texts, "x" * (2 * CHUNK), "rain"]).encode())
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["text"] for a in answers] == [*texts, "x" * (2 * CHUNK), "rain"]
    alone = [json.loads(line) for line in edgelab("predict", bundle, *texts[:8]).stdout.splitlines()]
    for one, other in zip(answers, alone, strict=False):
        assert one["label"] == other["label"] and one["confidence"] == pytest.approx(other["confidence"])


def test_what_stands_before_a_line_that_cannot_be_read_is_answered(bundle, edgelab):
    done = edgelab("predict", bundle, "-", stdin=b"rain\n\nsong\n\xff\nlamp\n")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["rain", "song"]
    assert done.returncode == 2 and "standard input, line 4: expected UTF-8, found byte 0xff" in done.stderr


def test_a_line_without_an_end_is_not_waited_for(monkeypatch):
    stream = io.BytesIO(b"rain\n" + b"x" * LONGEST + b"\nsong\n" + bytes(10 * LONGEST))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stream))
    given: list[str] = []
    with pytest.raises(
        UserError, match="standard input, line 4: expected a text a line, found more than 1,000,000 byt"
    ):
        for texts in standard_input():
            given += texts
    assert given == ["rain", "x" * LONGEST, "song"]
    assert stream.tell() < 3 * LONGEST


def running_on_a_pipe(bundle):
    command = [sys.executable, "-m", "edgelab", "predict", str(bundle), "-"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT)


def test_answers_line_by_line(bundle):
    """A program that keeps the pipe open gets each answer at once, and nothing for half a line."""
    with running_on_a_pipe(bundle) as running:
        for part, label in ((b"rain\n", "weather"), (b"lamp\nso", "lights"), (b"ng\n", "music")):
            running.stdin.write(part)
            running.stdin.flush()
            assert json.loads(running.stdout.readline())["label"] == label
        running.stdin.write(b"dark")
        running.stdin.close()
        assert json.loads(running.stdout.readline())["label"] == "lights"


@pytest.mark.skipif(os.name == "nt", reason="another signal there")
def test_what_was_answered_is_there_when_interrupted(bundle):
    with running_on_a_pipe(bundle) as running:
        running.stdin.write(b"rain\n" * (2 * LINES))
        running.stdin.flush()
        given = [json.loads(running.stdout.readline()) for _ in range(2 * LINES)]
        running.send_signal(signal.SIGINT)
        assert {a["label"] for a in given} == {"weather"} and running.wait(60) != 0
        assert b"Traceback" not in running.stderr.read()


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_a_person_gets_the_answer_to_each_line(bundle):
    ours, terminal = os.openpty()
    command = [sys.executable, "-m", "edgelab", "predict", str(bundle), "-"]
    with subprocess.Popen(command, stdin=terminal, stdout=subprocess.PIPE, cwd=ROOT) as running:
        for text, label in (("rain", "weather"), ("lamp", "lights")):
            os.write(ours, f"{text}\n".encode())
            assert json.loads(running.stdout.readline())["label"] == label
        os.write(ours, b"\x04")  # the end, from the beginning of a line
        assert running.wait() == 0


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_without_text_on_a_terminal(bundle):
    _, terminal = os.openpty()
    refused(process("predict", bundle, stdin=terminal), "nothing to answer")


def test_without_standard_input(bundle, edgelab, monkeypatch):
    def closed(*_):
        monkeypatch.setattr(sys, "stdin", None)

    monkeypatch.setattr("edgelab.cli.open_streams", closed)
    refused(edgelab("predict", bundle), "nothing to answer")
    refused(edgelab("predict", bundle, "-"), "standard input is closed")


@pytest.mark.skipif(os.name == "nt", reason="reading such a file raises another error")
def test_a_standard_input_that_cannot_be_read_is_one_line(bundle, tmp_path):
    with (tmp_path / "written").open("w") as written:
        refused(process("predict", bundle, stdin=written), "standard input: cannot be read: Bad file descriptor")


def test_refuses_bad_input(bundle, tmp_path, edgelab):
    refused(edgelab("predict", tmp_path / "none", "rain"), "none", "bundle.json")
    refused(edgelab("predict", tmp_path / ("n" * 300), "rain"), "nnn", "bundle.json")
    altered = shutil.copytree(bundle, tmp_path / "altered")
    with (altered / "model.onnx").open("ab") as file:
        file.write(b"x")
    refused(edgelab("predict", altered, "rain"), "model.onnx", "SHA-256")
    refused(edgelab("predict", bundle, "-", stdin="größer\n".encode("latin-1")), "standard input, line 1", "0xf6")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere arguments are whole characters")
def test_an_argument_that_is_not_utf_8(bundle):
    refused(process("predict", bundle, "gr\udcf6\udcdfer"), "TEXT", "expected UTF-8", r"gr\udcf6\udcdfer")


def test_a_missing_library_is_named_with_the_command_that_mends_it(bundle, edgelab, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    refused(edgelab("predict", bundle, "rain"), "this needs onnxruntime", "make env")
