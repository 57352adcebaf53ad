"""What a bundle makes of its data, kept, and written into its manifest: more in `build/test_deploy.py`."""

import json

import onnxruntime
import pytest

from edgelab.bundle.answers import Answers, answers
from edgelab.bundle.evaluation import evaluate
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
    measured = {"validation_accuracy": found.accuracy, "validation_slot_exact_match": found.slot_exact_match}
    assert manifest["metrics"] == {name: [i.value, i.low, i.high] for name, i in measured.items()}
    assert manifest["versions"]["onnxruntime"] == onnxruntime.__version__
    assert manifest["sha256"] == {k: v for k, v in contents(bundle.folder).items() if k != "bundle.json"}
    assert bundle.size_bytes == sum(f.stat().st_size for f in bundle.folder.iterdir())


@pytest.mark.usefixtures("at_home")
def test_answers_are_those_of_the_evaluation(bundle, tiny):
    given, found = answers(bundle.folder, tiny, "test"), evaluate(bundle, tiny.test)
    assert given.correct.tolist() == found.correct.tolist() and given.slot_exact_match == found.slot_exact_match
    assert given.accuracy == found.accuracy and given.confidence.tolist() == found.confidence.tolist()


@pytest.mark.usefixtures("at_home")
def test_of_the_teacher_itself_nothing_is_in_doubt(bundle, tiny):
    given = answers(bundle.folder, tiny, "train")
    itself = given.retention(given)
    assert (itself.value, itself.low, itself.high) == (1, 1, 1)
    worse = Answers(given.correct & (given.confidence > given.confidence.min()), given.confidence, None)
    assert worse.retention(given).value == worse.correct.mean() / given.correct.mean() < 1
