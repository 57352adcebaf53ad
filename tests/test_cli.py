"""The `edgelab` command, as a person runs it."""

import contextlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab import datasets
from tests.processes import HEEDING

ROOT = Path(__file__).parent.parent
WORDS = {"lamp": "lights", "dark": "lights", "rain": "weather", "sun": "weather", "song": "music", "loud": "music"}


def edgelab(*args, root=ROOT, stdin=subprocess.DEVNULL, **options):
    """Run it in `root`, whose package is the one imported."""
    environment = {**os.environ, **options.pop("env", {})}
    return subprocess.run(
        [sys.executable, "-m", "edgelab", *map(str, args)],
        **({"stdin": stdin} if "input" not in options else {}),
        capture_output=True,
        encoding="utf-8",
        cwd=root,
        env=environment,
        timeout=300,
        **options,
    )


def refused(done, *parts):
    """One line on standard error, exit code 2, nothing else."""
    assert done.returncode == 2 and done.stdout == ""
    assert re.fullmatch(r"edgelab: [^\n]+\n", done.stderr), done.stderr
    for part in parts:
        assert part in done.stderr


def heavy_modules(*args) -> set[str]:
    """Which of the libraries that serving a bundle does without this command loads."""
    code = (
        "import sys; from edgelab.cli import main; main(sys.argv[1:]);"
        "heavy = {'torch', 'transformers', 'pandas', 'matplotlib', 'sklearn', 'scipy', 'onnx', 'psutil', 'IPython'};"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    command = [sys.executable, "-c", code, *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    return set(done.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def data_file(tmp_path_factory):
    """A learner's file: three labels, each utterance with one telling word."""
    path = tmp_path_factory.mktemp("data") / "mine.csv"
    rows = [
        f"{filler} {word},{label}" for word, label in WORDS.items() for filler in ("now", "please", "the", "more", "a")
    ]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


@pytest.fixture(scope="module")
def bundle(tmp_path_factory, data_file):
    """A real bundle of 1 kB: each word votes for its label."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    from edgelab.bundle.manifest import save

    data = datasets.load(data_file)
    words = ["[UNK]", *WORDS]
    votes = np.zeros((len(words), len(data.labels)), dtype=np.float32)
    for row, word in enumerate(words):
        if word in WORDS:
            votes[row, data.labels.index(WORDS[word])] = 8
    nodes = [
        helper.make_node("Gather", ["votes", "ids"], ["of_each"]),
        helper.make_node("ReduceSum", ["of_each", "axis"], ["intent"], keepdims=0),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in ("ids", "mask")]
    outputs = [helper.make_tensor_value_info("intent", TensorProto.FLOAT, ["b", len(data.labels)])]
    constants = [numpy_helper.from_array(votes, "votes"), numpy_helper.from_array(np.array([1]), "axis")]
    graph = helper.make_graph(nodes, "votes", inputs, outputs, constants)
    folder = tmp_path_factory.mktemp("bundles")
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return save(folder / "votes", folder / "model.onnx", tokenizer, dataset=data, model="votes", metrics={})


@pytest.fixture
def course(tmp_path):
    """A copy of the package in a course of two small notebooks."""
    shutil.copytree(ROOT / "edgelab", tmp_path / "edgelab", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    for name, source in {"00_start_here": "2 + 2", "01_next": "import this"}.items():
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / "notebooks" / f"{name}.ipynb")
    return tmp_path


# --- help ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command",
    [
        "",
        "doctor",
        "lab",
        "run",
        "build",
        "bench",
        "predict",
        "evaluate",
        "cloud",
        "cache",
        "cache list",
        "cache clear",
    ],
)
def test_help_of_every_command(command):
    done = edgelab(*command.split(), "--help")
    assert done.returncode == 0 and done.stderr == ""
    assert "%%" not in done.stdout
    if command not in ("", "cache"):
        assert f"example:\n  edgelab {command}" in done.stdout


def test_help_is_fast():
    def seconds():
        start = time.perf_counter()
        edgelab("--help")
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.5


def test_the_help_of_build_teaches():
    text = " ".join(edgelab("build", "--help").stdout.split())
    for part in (
        "columns text, label",
        "with every label in train",
        "divided 80/10/10, repeats of a text kept together",
        "lower end of its 95 % interval",
        "Test is read once",
        "3 nothing clears the bar",
    ):
        assert part in text
    for option in ("--data", "--out", "--retention", "--max-mb", "--max-p95-ms", "--threads", "--seed", "--json"):
        assert option in text


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ("", ("required: COMMAND", "`edgelab --help`")),
        ("fly", ("invalid choice: 'fly'",)),
        ("predict", ("required: BUNDLE",)),
        ("evaluate x", ("required: --data", "`edgelab evaluate --help`")),
        ("bench", ("required: BUNDLE",)),
        ("bench x --requests 9", ("--requests", "at least 10, found '9'")),
        ("bench x --starts -1", ("--starts", "at least 0, found '-1'")),
        ("lab --port x", ("--port",)),
        ("build --data x.csv", ("required: --out",)),
        ("build --out o", ("required: --data",)),
        ("build --data x.csv --out o --retention 2", ("--retention", "above 0, at most 1, found '2'")),
        ("build --data x.csv --out o --retention nan", ("found 'nan'",)),
        ("build --data x.csv --out o --retention 0", ("found '0'",)),
        ("build --data x.csv --out o --max-mb -1", ("--max-mb", "a number above 0, found '-1'")),
        ("build --data x.csv --out o --max-p95-ms inf", ("found 'inf'",)),
        ("build --data x.csv --out o --threads 0", ("--threads", "at least 1, found '0'")),
        ("build --data x.csv --out o --threads 1.5", ("found '1.5'",)),
        ("build --data x.csv --out o --seed -3", ("--seed", "from 0 to 9223372036854775807, found '-3'")),
        (f"build --data x.csv --out o --seed {2**63}", ("--seed", "found '9223372036854775808'")),
        (f"cloud b --seed {2**63}", ("--seed", "from 0 to 9223372036854775807, found '9223372036854775808'")),
        ("predict b caf\udce9", ("TEXT", "expected UTF-8, found 'caf\\udce9'")),
        ("cloud", ("required: BUNDLE",)),
        ("cloud b --port 70000", ("--port", "from 0 (any free one) to 65535, found '70000'")),
        ("cloud b --loss 1.5", ("--loss", "a share from 0 to 1, found '1.5'")),
        ("cloud b --round-trip-ms -1", ("--round-trip-ms", "at least 0, found '-1'")),
        ("cloud b --jitter nan", ("--jitter", "from 0 to 3, found 'nan'")),
        ("cloud b --outage 5", ("--outage", "expected 2 arguments")),
    ],
)
def test_wrong_arguments_are_one_line(arguments, parts, capsys):
    from edgelab.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(arguments.split())
    said = capsys.readouterr()
    assert stopped.value.code == 2 and said.out == ""
    assert re.fullmatch(r"edgelab: [^\n]+\n", said.err), said.err
    assert all(part in said.err for part in parts), said.err


def test_the_largest_seed_is_one_that_torch_and_numpy_take():
    import torch

    from edgelab.cli import build_parser

    seed = build_parser().parse_args(f"build --data x.csv --out o --seed {2**63 - 1}".split()).seed
    assert torch.Generator().manual_seed(seed).initial_seed() == seed == 2**63 - 1
    np.random.default_rng(seed)


# --- doctor, cache ------------------------------------------------------------------------------


def test_doctor(tmp_path):
    done = edgelab("doctor", env={"EDGELAB_HOME": str(tmp_path / "kept")})
    assert done.returncode == 0 and done.stderr == ""
    for part in ("edgelab ", "processor ", "memory ", f"artifacts   {tmp_path / 'kept'}", "encoder     verified"):
        assert part in done.stdout
    assert "int8 products in one instruction" in done.stdout or "int8 dot products" in done.stdout
    assert not (tmp_path / "kept").exists()


def test_doctor_names_what_is_missing(tmp_path):
    """Without torch: the same report, the name and the command that mends it."""
    code = (
        "import sys, importlib.metadata as m; from edgelab import cli; from edgelab.commands import doctor; real = m.version\n"
        "def version(name):\n"
        "    if name == 'torch': raise m.PackageNotFoundError(name)\n"
        "    return real(name)\n"
        "m.version = version; doctor.required_libraries = lambda: ('numpy', 'torch'); sys.exit(cli.main(['doctor']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "missing torch: run `make env`" in done.stdout


def test_cache(tmp_path):
    home = {"EDGELAB_HOME": str(tmp_path)}
    code = (
        "from edgelab import workspace\n"
        "def build(folder): (folder / 'weights').write_bytes(bytes(3_000_000))\n"
        "workspace.build_once('teacher', build, inputs={})\n"
    )
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **home}, cwd=ROOT, check=True)
    (tmp_path / "downloads").mkdir()
    (tmp_path / "downloads" / "set.json").write_text("{}")
    listed = edgelab("cache", "list", env=home).stdout
    assert "1 built" in listed and re.search(r"3 MB +teacher-[0-9a-f]{16}", listed)
    assert "3 MB freed" in edgelab("cache", "clear", env=home).stdout
    assert "0 built" in edgelab("cache", "list", env=home).stdout
    assert (tmp_path / "downloads" / "set.json").exists()


def test_a_home_that_cannot_be_used_is_one_line(bundle, tmp_path):
    (tmp_path / "file").write_text("mine")
    home = {"EDGELAB_HOME": str(tmp_path / "file" / "home")}
    refused(edgelab("evaluate", bundle, "--data", "clinc150", env=home), "file", "Not a directory", "EDGELAB_HOME")
    for command in ("doctor", "cache list", "cache clear"):
        done = edgelab(*command.split(), env=home)
        assert (done.returncode, done.stderr) == (0, "")  # nothing was built there: that can be said
    for command in ("doctor", "cache list", "cache clear"):
        refused(edgelab(*command.split(), env={"EDGELAB_HOME": "~nobody-of-this-name/x"}), "EDGELAB_HOME=~nobody")


def test_what_is_built_in_a_home_that_cannot_be_used_is_one_line(monkeypatch, tmp_path, capsys):
    from edgelab import cli, workspace

    def build(args):
        workspace.build_once("teacher", lambda folder: None, inputs={})

    (tmp_path / "file").write_text("mine")
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr(cli.course, "doctor", build)
    assert cli.main(["doctor"]) == 2
    said = capsys.readouterr()
    assert said.out == "" and re.fullmatch(r"edgelab: [^\n]*Not a directory[^\n]*EDGELAB_HOME[^\n]*\n", said.err)


# --- build, bench -------------------------------------------------------------------------------


def test_build_refuses_bad_input_before_anything_is_written(data_file, tmp_path):
    """The rest of `build` is in test_build.py."""
    home = {"EDGELAB_HOME": str(tmp_path / "home")}
    out = tmp_path / "out"
    refused(edgelab("build", "--data", tmp_path / "none.csv", "--out", out, env=home), "none.csv", "No such file")
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\nhello,greeting\nbye\n")
    refused(edgelab("build", "--data", bad, "--out", out, env=home), "bad.csv, line 3", "expected 2 columns, found 1")
    refused(edgelab("build", "--data", data_file, "--out", bad, env=home), "bad.csv", "expected a folder")
    refused(edgelab("build", "--data", data_file, "--out", tmp_path, env=home), "found bad.csv", "another one")
    assert os.listdir(tmp_path) == ["bad.csv"]


def test_build_without_a_training_library_names_what_to_install(data_file, tmp_path):
    code = "import sys; sys.modules['torch'] = None; from edgelab.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "build", "--data", data_file, "--out", tmp_path / "out"]
    refused(subprocess.run(command, capture_output=True, text=True, cwd=ROOT), "torch", "make env")


def test_bench_times_bundles_side_by_side(bundle):
    done = edgelab("bench", bundle, bundle)
    assert done.returncode == 0 and done.stderr == ""
    header, *rows = done.stdout.splitlines()[:3]
    assert re.split(r"\s{2,}", header)[2:6] == ["p10, ms", "p50, ms", "p90, ms", "p99, ms"]
    for row in rows:
        assert re.match(rf"{re.escape(str(bundle))}  0\.00\d  ", row) and row.count("[") == 6
    assert re.search(r"1\.00 \[1\.00, 1\.00\] +the first$", rows[0])
    assert re.search(r"(faster|slower|not told apart)$", rows[1])
    assert "1000 requests to each, interleaved, 5 in a row" in done.stdout


def test_bench_starts_fresh_processes(bundle):
    done = edgelab("bench", bundle, "--requests", "30", "--starts", "2")
    header, row = done.stdout.splitlines()[:2]
    assert (
        re.split(r"\s{2,}", header)[-3:] == ["first answer, ms", "RSS, MB", "PSS, MB"]
        and "30 requests to each" in done.stdout
    )
    milliseconds, megabytes = re.search(r"the first +(\d+) +(\d+) +(?:\d+|-)$", row).groups()
    assert int(milliseconds) > 10 and int(megabytes) > 20
    (entry,) = json.loads(edgelab("bench", bundle, "--requests", "30", "--starts", "2", "--json").stdout)["bundles"]
    assert len(entry["samples_ms"]) == 30 and len(entry["first_answer_ms"]) == 2
    assert entry["peak_rss_bytes"] > 20e6 and (entry["peak_pss_bytes"] is None or entry["peak_pss_bytes"] > 10e6)


def test_bench_finds_the_slower_of_two(bundle, tmp_path):
    """The same bundle, in a process where a folder called `slow` answers half a millisecond later."""
    slow = tmp_path / "slow"
    shutil.copytree(bundle, slow)
    code = (
        "import sys, time; from edgelab.bundle import Bundle; from edgelab.cli import main; ask = Bundle.predict\n"
        "def slower(self, text):\n"
        "    time.sleep(0.0005 if 'slow' in str(self.folder) else 0)\n"
        "    return ask(self, text)\n"
        "Bundle.predict = slower; sys.exit(main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "bench", bundle, slow, "--json"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT).stdout)
    first, second = report["bundles"]
    assert (first["verdict"], second["verdict"]) == ("the first", "slower")
    assert second["speed_ratio"]["high"] < 1 and report["in_a_row"] == 5


def test_bench_as_json(bundle, data_file):
    report = json.loads(edgelab("bench", bundle, bundle, "--data", data_file, "--json").stdout)
    assert report["threads"] == 1 and report["requests"] == 1000 and report["host"]["cores"] >= 1
    size = sum(f.stat().st_size for f in bundle.iterdir())
    for entry in report["bundles"]:
        assert (entry["bundle"], entry["model"], entry["size_bytes"]) == (str(bundle), "votes", size)
        for kind in ("latency_ms", "latency_without_tokenizer_ms"):
            assert list(entry[kind]) == ["p10", "p50", "p90", "p99"]
            assert all(0 < p["low"] <= p["value"] <= p["high"] for p in entry[kind].values())
        ratio = entry["speed_ratio"]
        assert ratio["low"] <= ratio["value"] <= ratio["high"] and entry["size_ratio"] == 1


def test_bench_never_loads_a_training_library(bundle):
    assert heavy_modules("bench", bundle) <= {"psutil"}  # it names the host


def test_bench_refuses_bad_input(bundle, tmp_path):
    refused(edgelab("bench", bundle, tmp_path), str(tmp_path), "no bundle.json")
    refused(edgelab("bench", bundle, "--data", tmp_path / "none.csv"), "none.csv")


# --- predict ------------------------------------------------------------------------------------


def test_predict_texts(bundle):
    done = edgelab("predict", bundle, "rain today", "a loud one, größer")
    assert done.returncode == 0 and done.stderr == ""
    first, second = map(json.loads, done.stdout.splitlines())
    assert list(first) == ["text", "label", "slots", "confidence", "latency_ms"]
    assert (first["text"], first["label"], first["slots"]) == ("rain today", "weather", {})
    assert 0.99 < first["confidence"] <= 1 and first["latency_ms"] > 0
    assert (second["text"], second["label"]) == ("a loud one, größer", "music")


@pytest.mark.parametrize("dash", [["-"], []])
def test_predict_standard_input(bundle, dash):
    done = edgelab("predict", bundle, *dash, input="rain\n\nsong\n")
    assert [json.loads(line)["label"] for line in done.stdout.splitlines()] == ["weather", "music"]


def test_predict_answers_line_by_line(bundle):
    """A program that keeps the pipe open gets each answer at once."""
    command = [sys.executable, "-m", "edgelab", "predict", str(bundle), "-"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as process:
        for text, label in (("rain", "weather"), ("lamp", "lights")):
            process.stdin.write(f"{text}\n".encode())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["label"] == label


def test_predict_into_a_closed_pipe(bundle):
    command = f"'{sys.executable}' -m edgelab predict '{bundle}' - | head -n 1"
    done = subprocess.run(command, shell=True, input="rain\n" * 5000, capture_output=True, text=True, cwd=ROOT)
    assert json.loads(done.stdout)["label"] == "weather" and done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="no pseudo-terminals")
def test_predict_without_text_on_a_terminal(bundle):
    _, terminal = os.openpty()
    done = edgelab("predict", bundle, stdin=terminal)
    assert done.returncode == 2 and "nothing to answer" in done.stderr


def test_predict_never_loads_a_training_library(bundle):
    assert heavy_modules("predict", bundle, "rain") == set()


def test_predict_refuses_bad_input(bundle, tmp_path):
    refused(edgelab("predict", tmp_path / "none", "rain"), "none", "bundle.json")
    refused(edgelab("predict", tmp_path / ("n" * 300), "rain"), "nnn", "bundle.json")
    altered = shutil.copytree(bundle, tmp_path / "altered")
    with (altered / "model.onnx").open("ab") as file:
        file.write(b"x")
    refused(edgelab("predict", altered, "rain"), "model.onnx", "SHA-256")
    with (tmp_path / "latin").open("wb+") as file:
        file.write("größer\n".encode("latin-1"))
        file.seek(0)
        refused(edgelab("predict", bundle, "-", stdin=file), "standard input, line 1", "0xf6")
    if sys.platform == "linux":  # elsewhere arguments are whole characters
        refused(edgelab("predict", bundle, "gr\udcf6\udcdfer"), "TEXT", "expected UTF-8", r"gr\udcf6\udcdfer")


# --- evaluate -----------------------------------------------------------------------------------


def test_evaluate(bundle, data_file):
    done = edgelab("evaluate", bundle, "--data", data_file)
    assert done.returncode == 0 and done.stderr == ""
    assert "test: 3 examples" in done.stdout and "accuracy           1.000 [" in done.stdout
    assert re.search(r"^weather +1 +1 +1\.000$", done.stdout, re.MULTILINE)
    assert "slot exact match" not in done.stdout and "never learned" not in done.stdout


def test_evaluate_json_agrees_with_the_library(bundle, data_file):
    from edgelab.bundle import Bundle
    from edgelab.bundle import evaluate as measure

    report = json.loads(edgelab("evaluate", bundle, "--data", data_file, "--split", "train", "--json").stdout)
    split = datasets.load(data_file).train
    result = measure(Bundle.load(bundle), split)
    assert report["examples"] == len(split) and report["accuracy"]["value"] == result.accuracy.value == 1
    assert report["accuracy"]["low"] == pytest.approx(result.accuracy.low)
    assert report["per_label"]["music"] == {"right": 8, "total": 8}
    assert report["slot_exact_match"] is None and report["unknown_labels"] == {}


def test_evaluate_reports_unknown_labels_and_wrong_answers(bundle, data_file, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(data_file.read_text() + "the lamp,kitchen\nmore rain,kitchen\nanything,kitchen\n")
    done = edgelab("evaluate", bundle, "--data", other, "--split", "all")
    assert "all: 33 examples" in done.stdout and "never learned, counted as wrong: kitchen (3)" in done.stdout
    assert "accuracy           0.909 [" in done.stdout
    table = done.stdout.split("(hardest first)\n")[1].splitlines()
    assert table[0].split() == ["kitchen", "0", "3", "0.000"]


def test_evaluate_on_the_course_data(bundle):
    report = json.loads(edgelab("evaluate", bundle, "--data", "pocket", "--json").stdout)
    assert report["accuracy"]["value"] == 0 and sum(report["unknown_labels"].values()) == report["examples"] > 100


def test_evaluate_refuses_bad_input(bundle, data_file, tmp_path):
    refused(edgelab("evaluate", bundle, "--data", tmp_path / "none.csv"), "none.csv")
    refused(edgelab("evaluate", tmp_path, "--data", data_file), "bundle.json")
    refused(edgelab("evaluate", bundle, "--data", data_file, "--split", "dev"), "'dev'", "train, validation, test")
    bad = tmp_path / "bad.csv"
    bad.write_text("text,label\nhello,\n")
    refused(edgelab("evaluate", bundle, "--data", bad), "bad.csv, line 2", "label")


def test_a_missing_library_is_named_with_the_command_that_mends_it(bundle):
    code = "import sys; sys.modules['onnxruntime'] = None; from edgelab.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "predict", bundle, "rain"]
    refused(subprocess.run(command, capture_output=True, text=True, cwd=ROOT), "onnxruntime", "make env")


# --- cloud --------------------------------------------------------------------------------------


@contextlib.contextmanager
def served(*args):
    """`edgelab cloud`, and the environment variables that it prints once it answers."""
    command = [sys.executable, "-m", "edgelab", "cloud", *map(str, args)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    process = subprocess.Popen(command, cwd=ROOT, **pipes, **HEEDING)
    try:
        lines = []
        while not lines or lines[-1].strip() != "Ctrl-C ends it":
            lines.append(process.stdout.readline())
            assert lines[-1], process.stderr.read()
        exported = dict(re.findall(r"export (\w+)=(\S+)", "".join(lines)))
        yield process, exported, "".join(lines)
    finally:
        process.kill()
        process.communicate()


def test_cloud_serves_until_interrupted(bundle, monkeypatch):
    from edgelab.cloud.client import client_from, model_name

    with served(bundle, "--port", "0", "--round-trip-ms", "3", "--loss", "0.25") as (process, exported, said):
        assert "round trip 3 ms (median, log-normal, sigma 0.3), loss 25 %, outage none" in said
        for name, value in exported.items():
            monkeypatch.setenv(name, value)
        message = {"role": "user", "content": "rain"}
        answer = client_from(max_retries=8).chat.completions.create(model=model_name(), messages=[message])
        assert answer.choices[0].message.tool_calls[0].function.name == "weather"
        process.send_signal(signal.SIGINT)
        rest, complaints = process.communicate(timeout=30)
        assert (process.returncode, rest, complaints) == (130, "", "")


def test_cloud_refuses_bad_input(bundle, tmp_path):
    refused(edgelab("cloud", tmp_path), str(tmp_path), "no bundle.json")
    refused(edgelab("cloud", bundle, "--outage", "5", "3"), "outage: expected a first and a last second")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused(edgelab("cloud", bundle, "--port", port), f"port {port}: cannot be served on", "in use")


def test_cloud_without_its_libraries_names_what_to_install(bundle):
    code = "import sys; sys.modules['fastapi'] = None; from edgelab.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "cloud", bundle]
    refused(subprocess.run(command, capture_output=True, text=True, cwd=ROOT), "fastapi", "make env")


# --- run, lab -----------------------------------------------------------------------------------


def test_run_tables_every_notebook(course):
    done = edgelab("run", root=course)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == ["[1/2] 00_start_here, 1 cells", "[2/2] 01_next, 1 cells"]
    lines = done.stdout.splitlines()
    assert re.fullmatch(r"00_start_here +\d+\.\d +\d+ MB  ok", lines[1]) and lines[3].endswith("2 ok, 0 failed")


def test_run_fails_if_a_cell_raised(course):
    mine = course / "mine.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell("1"), new_code_cell("int('x')")]), mine)
    done = edgelab("run", mine, "01_next", root=course)
    assert done.returncode == 1
    assert "cell 2: ValueError: invalid literal" in done.stdout
    assert "1 ok, 1 failed" in done.stdout


def test_run_refuses_what_is_not_there(course):
    refused(edgelab("run", "07_none", root=course), "07_none", "00_start_here, 01_next")


def test_lab_serves_the_learners_copy_and_keeps_off_the_network(course, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "JUPYTER_TOKEN": "secret"}
    command = [sys.executable, "-m", "edgelab", "lab", "--no-browser", "--port", "8931"]
    log = tmp_path / "log"
    process = subprocess.Popen(command, cwd=course, env=environment, stdout=log.open("w"), stderr=subprocess.STDOUT)
    try:
        for _ in range(300):
            if found := re.search(r"http://localhost:(\d+)(/lab/tree/\S+)\?token", log.read_text()):
                break
            assert process.poll() is None, log.read_text()
            time.sleep(0.2)
        assert found, log.read_text()
        port, page = found.groups()
        assert page == "/lab/tree/00_start_here.ipynb"

        def get(path):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}?token=secret", timeout=30) as response:
                return response.read().decode()

        assert "jupyter-config-data" in get(page)
        contents = json.loads(get("/api/contents"))["content"]
        assert sorted(entry["name"] for entry in contents) == ["00_start_here.ipynb", "01_next.ipynb"]
        settings = json.loads(get("/lab/api/settings/@jupyterlab/apputils-extension:notification"))
        defaults = {name: value["default"] for name, value in settings["schema"]["properties"].items()}
        assert defaults["fetchNews"] == "false" and defaults["checkForUpdates"] is False
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def test_lab_without_the_course(tmp_path):
    shutil.copytree(ROOT / "edgelab", tmp_path / "edgelab", ignore=shutil.ignore_patterns("__pycache__"))
    refused(edgelab("lab", root=tmp_path), "make lab")
