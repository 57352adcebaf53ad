"""The deployable folder: there and back on a real, tiny model; everything that can be wrong with it, refused."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tokenizers import Tokenizer

from edgelab.bundle import manifest as module
from edgelab.bundle.decoding import allowed_tags
from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.manifest import BundleError, manifest_sha256, save
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split, label_slots
from edgelab.datasets.slots import Span, exact_match, tag_names
from edgelab.stats.intervals import accuracy_interval


@pytest.fixture(scope="module")
def bundle(tiny_bundle):
    return Bundle.load(tiny_bundle)


@pytest.fixture
def copy(tiny_bundle, tmp_path):
    """A copy to damage."""
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def contents(folder: Path) -> dict[str, str]:
    return {f.name: hashlib.sha256(f.read_bytes()).hexdigest() for f in folder.iterdir()}


# --- there and back -----------------------------------------------------------------------------


@pytest.mark.usefixtures("at_home")
def test_the_bundle_says_what_the_trained_model_says(bundle, tiny, tiny_student):
    outputs = tiny_student.outputs()
    for i, text in enumerate(tiny.test.texts):
        intent, slots = bundle.logits(text)
        assert np.allclose(intent, outputs.intent_logits[i], atol=0.1)  # the stored outputs may be of bf16
        assert slots.shape == (len(bundle.tokenizer.encode(text)), 5)
    result = evaluate(bundle, tiny.test)
    assert np.array_equal(result.correct, tiny_student.correct())
    gold = tiny_student.slots_correct()
    assert result.slot_exact_match == accuracy_interval(gold) and result.accuracy == accuracy_interval(result.correct)


def test_a_prediction_is_a_call_with_its_arguments(bundle, tiny):
    i = next(i for i, label in enumerate(tiny.train.labels) if label == "set_alarm")
    text = tiny.train.texts[i]
    answer = bundle.predict(text)
    assert (answer.text, answer.label, answer.slots) == (text, "set_alarm", {"time": ["seven"]})
    assert answer.spans == tiny.train.spans[i] and 0 < answer.latency_ms < 10_000
    intent, _ = bundle.logits(text)
    assert answer.confidence == pytest.approx(np.exp(intent.max()) / np.exp(intent).sum(), rel=1e-5)
    assert answer.confidence > 1 / 3


@pytest.mark.parametrize(
    "text", ["", " ", "⏰📱", "早上七点叫醒我", "x" * 5000, "word " * 500, "\x00\u200b", "[PAD] [MASK]"]
)
def test_any_text_gets_an_answer(bundle, text):
    answer = bundle.predict(text)
    assert answer.label in bundle.labels and 0 < answer.confidence <= 1
    assert all(text[s.start : s.end] for s in answer.spans)


@pytest.mark.usefixtures("at_home")
def test_the_manifest_tells_where_a_bundle_comes_from(bundle, tiny, tiny_student):
    manifest = json.loads((bundle.folder / "bundle.json").read_text())
    assert manifest == bundle.manifest
    assert manifest["format"] == 1 and manifest["model"] == "convolution 32/48"
    assert manifest["labels"] == ["ask_cloud", "play_music", "set_alarm"] and manifest["thresholds"] == {}
    assert manifest["label_slots"] == {"play_music": ["artist"], "set_alarm": ["time"]}
    assert manifest["trained_on"] == {"name": "tiny", "fingerprint": tiny.fingerprint, "examples": 36}
    found = evaluate(bundle, tiny.validation)
    measured = {"validation_accuracy": found.accuracy, "validation_slot_exact_match": found.slot_exact_match}
    assert manifest["metrics"] == {name: [i.value, i.low, i.high] for name, i in measured.items()}
    assert manifest["versions"]["onnxruntime"] == __import__("onnxruntime").__version__
    assert manifest["sha256"] == {k: v for k, v in contents(bundle.folder).items() if k != "bundle.json"}
    assert bundle.size_bytes == sum(f.stat().st_size for f in bundle.folder.iterdir())


def test_a_bundle_can_be_moved_and_read_by_others(copy, bundle):
    assert Bundle.load(str(copy)).predict("wake me at seven").label == bundle.predict("wake me at seven").label
    if os.name == "posix":
        assert copy.stat().st_mode & 0o055 == 0o055


# --- evaluating ---------------------------------------------------------------------------------


def test_evaluating_counts_by_label_and_tells_labels_never_learned(bundle, tiny):
    train = tiny.train
    known = bundle.predict(train.texts[0]).label
    split = Split((*train.texts, train.texts[0], train.texts[0]), (*train.labels, "new", "new"), (*train.spans, (), ()))
    result = evaluate(bundle, split)
    assert result.unknown_labels == {"new": 2} and result.per_label["new"] == (0, 2) and known != "new"
    assert {label: total for label, (_, total) in result.per_label.items()} == {
        "new": 2,
        **dict.fromkeys(tiny.labels, 12),
    }
    assert sum(right for right, _ in result.per_label.values()) == result.correct.sum() >= 30
    assert result.accuracy == accuracy_interval(result.correct) and len(result.correct) == 38
    assert result.confidence.tolist() == [bundle.predict(text).confidence for text in split.texts]


def test_slots_are_right_only_if_all_are_whatever_the_label(bundle, tiny):
    predictions = [bundle.predict(text) for text in tiny.train.texts]
    right = [exact_match(p.text, p.spans, gold) for p, gold in zip(predictions, tiny.train.spans, strict=True)]
    assert evaluate(bundle, tiny.train).slot_exact_match == accuracy_interval(np.array(right)) and 0.5 < np.mean(right)
    wrong = replace(tiny.train, spans=((Span(0, 1, "time"),),) * 36)
    assert evaluate(bundle, wrong).slot_exact_match.value == 0
    assert evaluate(bundle, replace(tiny.train, spans=None)).slot_exact_match is None


def test_a_label_carries_only_slots_that_were_seen_with_it(bundle, tiny):
    tags = tag_names(["artist", "time"])
    allowed = allowed_tags(("play_music", "other"), tags, {"play_music": ["artist"]})
    assert allowed.tolist() == [[True, True, True, False, False], [True, False, False, False, False]]
    assert label_slots(tiny.train) == {"play_music": ["artist"], "set_alarm": ["time"]}
    assert label_slots(replace(tiny.train, spans=None)) == {}
    for text in (*tiny.train.texts, "wake me at queen", "play seven", "why is seven queen"):
        answer = bundle.predict(text)
        assert set(answer.slots) <= set(label_slots(tiny.train).get(answer.label, []))


def test_a_model_without_a_slot_head_is_not_judged_on_slots(tiny, tmp_path, tiny_student):
    import torch

    from edgelab.export.to_onnx import export_onnx
    from edgelab.models.networks import Static

    torch.manual_seed(0)
    export_onnx(Static(torch.randn(400, 4), 4, 3), tmp_path / "static.onnx", 400)
    folder = save(
        tmp_path / "b", tmp_path / "static.onnx", tiny_student.tokenizer(), dataset=tiny, model="s", metrics={}
    )
    static = Bundle.load(folder)
    assert static.predict("play queen").slots == {} and static.logits("play queen")[1] is None
    assert evaluate(static, tiny.test).slot_exact_match is None


# --- what is not sound --------------------------------------------------------------------------


def refused(folder) -> str:
    with pytest.raises(BundleError) as caught:
        Bundle.load(folder)
    message = str(caught.value)
    assert str(folder) in message and "\n" not in message and caught.value.__cause__ is None
    return message


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_a_missing_truncated_or_altered_file_is_named(copy, name):
    file = copy / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    assert refused(copy) == f"{file}: does not match the SHA-256 in bundle.json: altered or truncated"
    file.write_bytes(whole[:50] + bytes([whole[50] ^ 1]) + whole[51:])
    assert f"{file}: does not match" in refused(copy)
    file.write_bytes(b"")
    assert f"{file}: does not match" in refused(copy)
    file.unlink()
    assert refused(copy) == f"{file}: expected a file of the bundle, found none"
    file.write_bytes(whole)
    assert Bundle.load(copy).predict("play queen").label == "play_music"


def test_no_folder_no_bundle(tmp_path):
    assert "expected a bundle, found no bundle.json in it" in refused(tmp_path)
    assert "found no bundle.json" in refused(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["bundle.json", "model.onnx", "tokenizer.json"])
def test_what_one_may_not_read_is_named(copy, monkeypatch, name):
    opened = Path.open

    def forbidden(path, *args, **options):
        if path.name == name:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *args, **options)

    monkeypatch.setattr(Path, "open", forbidden)
    assert refused(copy) == f"{copy / name}: cannot be read: Permission denied"


def test_a_folder_that_one_may_not_enter_is_named(copy, monkeypatch):
    def forbidden(path, **options):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", forbidden)
    assert refused(copy) == f"{copy / 'bundle.json'}: cannot be read: Permission denied"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[1, 2]", '"bundle"', "null", "{}", '{"labels": []}', "\ufeff{}", b"\xff\xfe", "[" * 100_000],
)
def test_a_manifest_that_is_none_is_refused(copy, text):
    (copy / "bundle.json").write_bytes(text if isinstance(text, bytes) else text.encode())
    assert "bundle.json: expected a bundle's manifest, found something else" in refused(copy)


def edited(copy: Path, *, sealed: bool = True, **changes) -> Path:
    """The copy with other entries in its manifest (None takes one out), signed anew as only a program does."""
    file = copy / "bundle.json"
    manifest = {k: v for k, v in (json.loads(file.read_text()) | changes).items() if v is not None}
    if sealed and "manifest_sha256" in manifest:
        manifest["manifest_sha256"] = manifest_sha256(manifest)
    file.write_text(json.dumps(manifest))
    return copy


def replaced(copy: Path, name: str, content: bytes) -> Path:
    """The copy with another file, its hash in the manifest."""
    (copy / name).write_bytes(content)
    hashes = {k: v for k, v in contents(copy).items() if k != "bundle.json"}
    return edited(copy, sha256=hashes)


def test_a_newer_format_says_so(copy):
    assert "expected format 1, found 2; a newer EdgeLab wrote it: update this one" in refused(edited(copy, format=2))
    assert refused(edited(copy, format="one")).endswith("expected format 1, found 'one'")


@pytest.mark.parametrize("key", ["labels", "slot_names", "label_slots", "sha256", "manifest_sha256"])
def test_a_manifest_that_lacks_a_key_is_refused(copy, key):
    assert f"expected the key '{key}', found none" in refused(edited(copy, **{key: None}))


def test_a_manifest_without_a_files_hash_is_refused(copy):
    assert "model.onnx: does not match the SHA-256" in refused(edited(copy, sha256={}))


@pytest.mark.parametrize(
    "change",
    [
        {"labels": ["ask_cloud", "set_alarm", "play_music"]},
        {"thresholds": {"confidence": 0.0}},
        {"metrics": {"accuracy": [1.0, 1.0, 1.0]}},
        {"label_slots": {}},
        {"note": "mine"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_manifest_altered_by_hand_is_refused(copy, change):
    assert "bundle.json: does not match its own SHA-256" in refused(edited(copy, sealed=False, **change))


def test_a_manifest_may_be_laid_out_anew(copy):
    """Order and white space are no content."""
    file = copy / "bundle.json"
    file.write_text(json.dumps(dict(reversed(json.loads(file.read_text()).items())), indent=4))
    assert Bundle.load(copy).manifest["model"] == "convolution 32/48"


def test_labels_and_tags_are_as_many_as_the_model_answers_with(copy):
    expected = "has 2 labels and 5 slot tags, model.onnx answers with 3 and 5"
    assert expected in refused(edited(copy, labels=["ask_cloud", "set_alarm"]))
    expected = "has 3 labels and 3 slot tags, model.onnx answers with 3 and 5"
    labels = ["ask_cloud", "play_music", "set_alarm"]
    assert expected in refused(edited(copy, labels=labels, slot_names=["time"]))


@pytest.mark.parametrize("name", ["model.onnx", "tokenizer.json"])
def test_files_that_cannot_be_read_are_refused(copy, name):
    assert "model and tokenizer do not work" in refused(replaced(copy, name, b'{"whole": "but something else"}'))


def test_a_tokenizer_of_another_model_is_refused(copy):
    tokenizer = Tokenizer.from_file(str(copy / "tokenizer.json"))
    tokenizer.add_tokens(["supercalifragilistic"])
    assert "model and tokenizer do not work" in refused(replaced(copy, "tokenizer.json", tokenizer.to_str().encode()))


def test_thresholds_are_kept(tiny, tiny_bundle, tiny_student, tmp_path):
    onnx_file, tokenizer = tiny_bundle / "model.onnx", tiny_student.tokenizer()
    arguments = {"dataset": tiny, "model": "again", "metrics": {}, "thresholds": {"confidence": 0.75}}
    folder = save(tmp_path / "bundle", onnx_file, tokenizer, **arguments)
    assert Bundle.load(folder).manifest["thresholds"] == {"confidence": 0.75}


# --- saving -------------------------------------------------------------------------------------


@pytest.fixture
def again(tiny, tiny_bundle, tiny_student):
    """Save the tiny model once more, into a folder."""

    def run(folder: Path, model: str = "again"):
        onnx_file = tiny_bundle / "model.onnx"
        return save(folder, onnx_file, tiny_student.tokenizer(), dataset=tiny, model=model, metrics={})

    return run


def test_saving_makes_folders_and_replaces_a_former_bundle(again, tmp_path):
    folder = again(tmp_path / "new" / "folder" / "bundle")
    (folder / ".DS_Store").write_text("a file manager's")
    assert again(folder, "second") == folder and Bundle.load(folder).manifest["model"] == "second"
    assert sorted(os.listdir(folder)) == ["bundle.json", "model.onnx", "tokenizer.json"]
    assert os.listdir(folder.parent) == ["bundle"]
    (tmp_path / "empty").mkdir()
    assert Bundle.load(again(tmp_path / "empty"))


@pytest.mark.parametrize("names", [["thesis.txt"], ["model.onnx"], ["bundle.json", "thesis.txt"]])
def test_a_folder_with_other_files_is_not_overwritten(again, tmp_path, names):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in names:
        (folder / name).write_text("mine")
    with pytest.raises(BundleError, match="mine: expected an empty folder or a bundle, found other files"):
        again(folder)
    assert {f.name: f.read_text() for f in folder.iterdir()} == dict.fromkeys(names, "mine")
    assert os.listdir(tmp_path) == ["mine"]


def test_a_file_is_not_overwritten(again, tmp_path):
    (tmp_path / "mine").write_text("mine")
    with pytest.raises(BundleError, match="found other files"):
        again(tmp_path / "mine")
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("step", ["write_text", "chmod", "first replace", "second replace"])
@pytest.mark.parametrize("error", [OSError, KeyboardInterrupt])
def test_an_interrupted_save_leaves_the_former_bundle(again, tmp_path, monkeypatch, step, error):
    folder = again(tmp_path / "bundle", "former")
    before, calls, replace_really = contents(folder), [], os.replace

    def stop(*args, **kwargs):
        raise error("interrupted")

    def stop_at(number):
        def replace_or_stop(source, target):
            calls.append(target)
            if len(calls) == number:
                raise error("interrupted")
            replace_really(source, target)

        return replace_or_stop

    if step == "write_text":
        monkeypatch.setattr(Path, "write_text", stop)
    elif step == "chmod":
        monkeypatch.setattr(module.os, "chmod", stop)
    else:
        monkeypatch.setattr(module.os, "replace", stop_at(1 if step == "first replace" else 2))
    with pytest.raises(error, match="interrupted"):
        again(folder, "new")
    monkeypatch.undo()
    assert contents(folder) == before and os.listdir(tmp_path) == ["bundle"]
    assert Bundle.load(folder).manifest["model"] == "former"
    assert Bundle.load(again(folder, "new")).manifest["model"] == "new"


# --- what serving needs -------------------------------------------------------------------------


def test_serving_loads_no_training_library(tiny_bundle):
    code = (
        "import sys; from edgelab.bundle import Bundle, evaluate; from edgelab.datasets import Split\n"
        "bundle = Bundle.load(sys.argv[1]); answer = bundle.predict('wake me at seven')\n"
        "evaluate(bundle, Split(('play queen',), ('play_music',), ((),)))\n"
        "print(answer.label, *(m for m in sys.modules if '.' not in m))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tiny_bundle)], capture_output=True, text=True, check=True)
    label, *loaded = done.stdout.split()
    assert label == "set_alarm" and {"onnxruntime", "tokenizers", "numpy"} <= set(loaded)
    heavy = {"torch", "transformers", "pandas", "sklearn", "scipy", "matplotlib", "onnx", "pooch", "filelock", "tqdm"}
    assert not heavy & set(loaded)


def test_a_text_is_answered_in_one_thread_by_default(tiny_bundle, bundle):
    assert bundle.session.get_session_options().intra_op_num_threads == 1
    assert Bundle.load(tiny_bundle, threads=2).session.get_session_options().intra_op_num_threads == 2
