"""A learner's file, small real bundles, a small course; and `edgelab(...)`: a command run in this process."""

import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab import cli, datasets
from tests.command_line import ROOT, Done

WORDS = {"lamp": "lights", "dark": "lights", "rain": "weather", "sun": "weather", "song": "music", "loud": "music"}


@pytest.fixture
def edgelab(capsys, monkeypatch) -> Callable[..., Done]:
    """What a command leaves, without the second that a process of its own takes."""

    def run(*args, stdin: bytes = b"") -> Done:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = cli.main([str(arg) for arg in args])
        return Done(code, *capsys.readouterr())

    return run


@pytest.fixture(scope="session")
def data_file(tmp_path_factory) -> Path:
    """A learner's file: three labels, each utterance with one telling word."""
    path = tmp_path_factory.mktemp("data") / "mine.csv"
    rows = [
        f"{filler} {word},{label}" for word, label in WORDS.items() for filler in ("now", "please", "the", "more", "a")
    ]
    path.write_text("text,label\n" + "\n".join(rows) + "\n")
    return path


def voting(folder: Path, data: datasets.Dataset, *, longest: int | None = None, vote: float = 8) -> Path:
    """A real bundle of 1 kB: each word votes for its label; the tokenizer cuts texts of more than `longest` words."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper
    from tokenizers import Tokenizer, models, pre_tokenizers

    from edgelab.bundle.manifest import save

    words = ["[UNK]", *WORDS]
    votes = np.zeros((len(words), len(data.labels)), dtype=np.float32)
    for row, word in enumerate(words):
        if word in WORDS:
            votes[row, data.labels.index(WORDS[word])] = vote
    nodes = [
        helper.make_node("Gather", ["votes", "ids"], ["of_each"]),
        helper.make_node("ReduceSum", ["of_each", "axis"], ["intent"], keepdims=0),
    ]
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["b", "s"]) for name in ("ids", "mask")]
    outputs = [helper.make_tensor_value_info("intent", TensorProto.FLOAT, ["b", len(data.labels)])]
    constants = [numpy_helper.from_array(votes, "votes"), numpy_helper.from_array(np.array([1]), "axis")]
    graph = helper.make_graph(nodes, "votes", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    onnx.save(model, folder / "model.onnx")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, "[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    if longest:
        tokenizer.enable_truncation(longest)
    return save(folder / "votes", folder / "model.onnx", tokenizer, dataset=data, model="votes", metrics={})


@pytest.fixture(scope="session")
def bundle(tmp_path_factory, data_file) -> Path:
    """Trained, it says, on `data_file`."""
    return voting(tmp_path_factory.mktemp("bundles"), datasets.load(data_file))


@pytest.fixture(scope="session")
def short_bundle(tmp_path_factory, data_file) -> Path:
    """It reads three words of a text."""
    return voting(tmp_path_factory.mktemp("bundles"), datasets.load(data_file), longest=3)


@pytest.fixture(scope="session")
def broken_bundle(tmp_path_factory, data_file) -> Path:
    """Whoever trained it divided by zero somewhere."""
    return voting(tmp_path_factory.mktemp("bundles"), datasets.load(data_file), vote=float("nan"))


@pytest.fixture
def course(tmp_path) -> Path:
    """A copy of the package in a course of two small notebooks."""
    shutil.copytree(ROOT / "edgelab", tmp_path / "edgelab", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(ROOT / "pyproject.toml", tmp_path / "pyproject.toml")
    (tmp_path / "data").mkdir()
    (tmp_path / "notebooks").mkdir()
    for name, source in {"00_start_here": "2 + 2", "01_next": "import this"}.items():
        nbformat.write(new_notebook(cells=[new_code_cell(source)]), tmp_path / "notebooks" / f"{name}.ipynb")
    return tmp_path
