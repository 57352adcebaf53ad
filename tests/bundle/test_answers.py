"""What a bundle makes of its data, kept, and written into its manifest: more in `build/test_deploy.py`."""

import json
from dataclasses import replace

import numpy as np
import onnxruntime
import pytest

from edgelab.bundle.answers import Answers, answers
from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.manifest import read_manifest, save
from edgelab.bundle.predict import Bundle
from edgelab.stats.intervals import Interval, retention_interval
from tests.small_bundles import contents


@pytest.mark.usefixtures("at_home")
def test_the_manifest_tells_where_a_bundle_comes_from(bundle, tiny, tiny_student):
    manifest = json.loads((bundle.folder / "bundle.json").read_text())
    assert manifest == bundle.manifest
    assert manifest["format"] == 1 and manifest["model"] == "convolution 32/48"
    assert manifest["labels"] == ["ask_cloud", "play_music", "set_alarm"] and manifest["thresholds"] == {}
    assert manifest["label_slots"] == {"play_music": ["artist"], "set_alarm": ["time"]}
    assert manifest["trained_on"] == {"name": "tiny", "fingerprint": tiny.fingerprint, "examples": 36}
    found = evaluate(bundle, tiny.validation)
    measured = {
        "validation_accuracy": found.accuracy,
        "validation_slot_exact_match": found.slot_exact_match,
        "validation_call_exact_match": found.call_exact_match,
    }
    assert manifest["metrics"] == {name: [i.value, i.low, i.high] for name, i in measured.items()}
    assert manifest["versions"]["onnxruntime"] == onnxruntime.__version__
    assert manifest["sha256"] == {k: v for k, v in contents(bundle.folder).items() if k != "bundle.json"}
    assert bundle.size_bytes == sum(f.stat().st_size for f in bundle.folder.iterdir())


def test_a_bundle_tells_of_the_unlabelled_texts_too_and_keeps_the_fingerprint_of_what_is_labelled(
    tiny, tiny_bundle, tmp_path
):
    tokenizer = Bundle.load(tiny_bundle).tokenizer
    further = replace(tiny, unlabelled=("play abba", "stop"))
    folder = save(tmp_path / "b", tiny_bundle / "model.onnx", tokenizer, dataset=further, model="m", metrics={})
    origin = {"name": "tiny", "fingerprint": tiny.fingerprint, "examples": 36, "unlabelled": 2}
    assert read_manifest(folder)["trained_on"] == origin


@pytest.mark.usefixtures("at_home")
def test_answers_are_those_of_the_evaluation(bundle, tiny):
    given, found = answers(bundle.folder, tiny, "test"), evaluate(bundle, tiny.test)
    assert given.correct.tolist() == found.correct.tolist() and given.slot_exact_match == found.slot_exact_match
    assert given.calls.tolist() == found.calls.tolist() and given.call_exact_match == found.call_exact_match
    unmarked = replace(tiny, test=replace(tiny.test, spans=None))
    without = answers(bundle.folder, unmarked, "test")
    assert without.calls is without.call_exact_match is without.slot_exact_match is None
    assert given.accuracy == found.accuracy and given.confidence.tolist() == found.confidence.tolist()


@pytest.mark.usefixtures("at_home")
def test_of_the_teacher_itself_nothing_is_in_doubt(bundle, tiny):
    given = answers(bundle.folder, tiny, "train")
    itself = given.retention(given)
    assert itself == {"label": Interval(1, 1, 1), "call": Interval(1, 1, 1)}


def test_retention_is_of_labels_and_of_calls():
    columns = ([1, 1, 1, 1, 0], [1, 1, 1, 0, 0]), ([1, 1, 1, 0, 1], [1, 0, 0, 0, 1])
    teacher, student = (Answers(np.array(a, bool), np.ones(5), None, np.array(b, bool)) for a, b in columns)
    found = student.retention(teacher)
    assert (found["label"].value, found["call"].value) == (1, 2 / 3)
    assert found["call"] == retention_interval(student.calls, teacher.calls)
    assert list(replace(student, calls=None).retention(replace(teacher, calls=None))) == ["label"]
    never = replace(teacher, calls=np.zeros(5, bool))
    assert list(student.retention(never)) == list(never.retention(never)) == ["label"]
