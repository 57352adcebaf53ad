"""What a file answers against torch; each layer's sensitivity; trained models in every precision."""

import numpy as np
import pytest
import torch

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.distillation.students import StudentPlan, train_student
from edgelab.models.encoder import pad
from edgelab.models.spec import Spec
from edgelab.models.tokens import encode
from edgelab.models.training import run
from edgelab.quantization.answers import activations, run_file
from edgelab.quantization.conversion import RECIPES, convert
from edgelab.quantization.damage import answers_flipped, divergence, sensitivity
from edgelab.quantization.onnx_tools import rounded, weights

pytestmark = pytest.mark.usefixtures("at_home")


@pytest.fixture(scope="module")
def encoded(tiny, tiny_student):
    return encode(tiny_student.tokenizer(), tiny.train.texts)


@pytest.fixture(scope="module")
def source(tiny_bundle):
    return tiny_bundle / "model.onnx"


def test_a_file_answers_as_torch_does(source, tiny_student, encoded):
    ours, theirs = run_file(source, encoded), run(tiny_student.model(), encoded)
    assert np.array_equal(ours.words, theirs.words)
    # torch may compute in bf16 where the processor does.
    assert np.allclose(ours.intent_logits, theirs.intent_logits, atol=0.2) and np.allclose(
        ours.slot_logits, theirs.slot_logits, atol=0.2
    )
    assert not answers_flipped(ours, theirs)[np.sort(theirs.intent_logits)[:, -1] > 1].any()


def test_activations_are_what_enters_the_layer(source, tiny_student, encoded):
    model, seen = tiny_student.model(), []
    model.intent.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].numpy().ravel()))
    with torch.inference_mode():
        for ids in encoded.ids[:5]:
            model(*pad([ids]))
    few = encode(tiny_student.tokenizer(), tiny_student.dataset.train.texts[:5])
    ours = activations(source, "intent", few)
    assert ours.shape == (5 * 2 * 48,) and np.allclose(ours, np.concatenate(seen), atol=1e-4)


def test_sensitivity_is_each_layer_rounded_alone(source, encoded, tmp_path):
    def answered(bits):
        rounded(source, tmp_path / "alone.onnx", dict(bits), clipped=True)
        return run_file(tmp_path / "alone.onnx", encoded)

    found = sensitivity(answered, tuple(w.layer for w in weights(source)), bits=(8, 3, 2))
    assert found.divergence.shape == found.flips.shape == (5, 3)
    original = run_file(source, encoded)
    for layer, bits in (("intent", 2), ("embedding", 3)):
        rounded(source, tmp_path / "r.onnx", {layer: bits}, clipped=True)
        outputs = run_file(tmp_path / "r.onnx", encoded)
        cell = found.layers.index(layer), found.bits.index(bits)
        assert found.divergence[cell] == pytest.approx(divergence(outputs, original))
        assert found.flips[cell] == answers_flipped(outputs, original).mean()
    assert (found.divergence[:, 0] < found.divergence[:, 2]).all() and (found.divergence > 0).all()


@pytest.mark.parametrize("precision", RECIPES)
def test_every_precision_answers_and_ships(tiny_student, source, precision):
    converted = convert(tiny_student, precision)
    assert converted.name == tiny_student.name and converted.precision == precision
    assert converted.note.startswith(f"convolution 32/48, {precision}: ")
    reference = convert(tiny_student, "fp32")
    assert np.abs(converted.outputs().intent_logits - reference.outputs().intent_logits).max() < (
        4 if "int2" in precision else 1.5
    )
    assert converted.correct("validation").mean() >= 0.6 and 0 <= converted.slots_correct().mean() <= 1
    bundle = Bundle.load(converted.bundle())
    assert bundle.manifest["model"] == f"convolution 32/48 {precision}"
    assert bundle.manifest["metrics"]["validation_accuracy"][0] == converted.correct("validation").mean()
    evaluation = evaluate(bundle, tiny_student.dataset.test)
    assert np.array_equal(evaluation.correct, converted.correct())
    assert evaluation.slot_exact_match.value == converted.slots_correct().mean()
    smaller = converted.file.stat().st_size < source.stat().st_size
    assert smaller == (precision != "fp32") and convert(tiny_student, precision).artifact.loaded


def test_answers_are_given_once_for_each_split(tiny, tiny_student, monkeypatch):
    converted = convert(tiny_student, "int8")
    first = {split: converted.outputs(split) for split in ("test", "validation", "hard")}
    assert not np.array_equal(first["test"].intent_logits, first["validation"].intent_logits)
    monkeypatch.setattr("edgelab.quantization.conversion.run_file", None)
    for split, outputs in first.items():
        assert np.array_equal(convert(tiny_student, "int8").outputs(split).intent_logits, outputs.intent_logits)
    assert np.array_equal(
        first["hard"].slot_logits, first["test"].slot_logits
    )  # the tiny data's hard split is its test


def test_fp32_is_the_exported_file(tiny_student, source):
    assert convert(tiny_student, "fp32").file.read_bytes() == source.read_bytes()
    with pytest.raises(KeyError, match="int3"):
        convert(tiny_student, "int3")


def test_a_model_without_slots(tiny_teacher):
    plan = StudentPlan(lr=1e-2, steps=30, batch_size=12, augmented=60)
    static = train_student(Spec("static", 400, 32, 32), (tiny_teacher,), plan)
    converted = convert(static, "int8")
    assert converted.outputs().slot_logits is None
    bundle = Bundle.load(converted.bundle())
    assert list(bundle.manifest["metrics"]) == ["validation_accuracy", "validation_call_exact_match"]
    assert bundle.predict("wake me at seven").label in static.dataset.labels
