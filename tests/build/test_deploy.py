"""A student in every format, with real files; the confidence from which on it may be trusted."""

import numpy as np
import pytest

from edgelab.build.deploy import SHIPPED, deploy
from edgelab.bundle import answers as measured
from edgelab.bundle.answers import Answers, answers, confidence_threshold
from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle


@pytest.fixture(scope="module")
def deployed(tiny_student, tiny_home):
    with tiny_home():
        return deploy(tiny_student, tuple(SHIPPED), teacher_accuracy=0.5)


def test_each_format_is_a_sound_bundle_and_smaller_than_the_one_before(deployed, tiny):
    _, folders = deployed
    assert list(folders) == [f"convolution 32/48 {precision}" for precision in ("fp32", "int8", "int4")]
    bundles = {name: Bundle.load(folder) for name, folder in folders.items()}
    sizes = [bundle.size_bytes for bundle in bundles.values()]
    assert sizes[0] > sizes[1] > sizes[2]
    for name, bundle in bundles.items():
        assert bundle.manifest["model"] == name and len(bundle.tags) == 5
        assert evaluate(bundle, tiny.train).accuracy.value > 0.8


def test_the_formats_compute_nearly_the_same(deployed, tiny):
    """4 bits without training for them move logits, but not to those of another text."""
    exact, int8, int4 = (
        np.stack([b.logits(t)[0] for t in tiny.test.texts]) for b in map(Bundle.load, deployed[1].values())
    )
    spread = exact.std()
    assert 0 < np.abs(int8 - exact).max() < 0.2 * spread
    assert np.abs(int8 - exact).mean() < np.abs(int4 - exact).mean() < 0.5 * spread


def test_the_manifest_holds_what_was_measured_on_validation(deployed, tiny):
    for folder in deployed[1].values():
        bundle = Bundle.load(folder)
        result = evaluate(bundle, tiny.validation)
        found = {
            "validation_accuracy": result.accuracy,
            "validation_slot_exact_match": result.slot_exact_match,
            "validation_call_exact_match": result.call_exact_match,
        }
        assert bundle.manifest["metrics"] == {name: [i.value, i.low, i.high] for name, i in found.items()}
        given = Answers(result.correct, result.confidence, None)
        assert bundle.manifest["thresholds"] == confidence_threshold(given, 0.5) != {}


def test_deploying_reads_no_test(tiny_student, tiny_home, monkeypatch):
    asked = []
    kept = answers
    monkeypatch.setattr(measured, "answers", lambda *a: asked.append(a[2]) or kept(*a))
    with tiny_home():
        artifact, _ = deploy(tiny_student, ("int4",))
    assert asked == ["validation"] and not artifact.loaded


def test_answers_are_given_once(deployed, tiny, tiny_home, monkeypatch):
    folder = deployed[1]["convolution 32/48 int4"]
    with tiny_home():
        first = answers(folder, tiny, "test")
        monkeypatch.setattr(measured, "evaluate", None)
        again = answers(folder, tiny, "test")
    result = evaluate(Bundle.load(folder), tiny.test)
    assert np.array_equal(first.correct, result.correct) and np.array_equal(again.correct, result.correct)
    assert np.array_equal(again.confidence, result.confidence)
    assert again.slot_exact_match == result.slot_exact_match and again.accuracy == result.accuracy


@pytest.mark.parametrize(
    ("confidence", "correct", "accuracy", "expected"),
    [
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], 1.0, 0.8),
        ([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1], 0.75, 0.6),
        ([0.6, 0.9, 0.7, 0.8], [1, 0, 1, 1], 0.6, 0.6),  # order does not matter, and a worse start is no end
        ([0.9, 0.7, 0.7, 0.6], [1, 1, 0, 0], 1.0, 0.9),  # equals are kept or passed on together
        ([0.9, 0.8], [0, 0], 0.5, None),
        ([0.9, 0.8], [0, 0], 0.0, 0.8),
    ],
)
def test_the_confidence_threshold_keeps_as_much_as_it_may(confidence, correct, accuracy, expected):
    given = Answers(np.array(correct, bool), np.array(confidence), None)
    found = confidence_threshold(given, accuracy)
    assert found == ({} if expected is None else {"confidence": expected})
    if found:
        kept = given.correct[given.confidence >= found["confidence"]]
        assert kept.mean() >= accuracy
