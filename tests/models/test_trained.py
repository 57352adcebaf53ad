"""Trained models on disk: what they say is kept, judged, exported."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span
from edgelab.models.tokens import encode

pytestmark = pytest.mark.usefixtures("at_home")


def test_the_teacher_learns_and_its_outputs_on_every_held_out_split_are_kept(tiny, tiny_teacher, monkeypatch):
    assert tiny_teacher.correct("validation").mean() >= 0.8 and tiny_teacher.correct().mean() >= 0.8
    assert tiny_teacher.slots_correct().mean() >= 0.5
    hard = tiny_teacher.outputs("hard")
    assert hard.intent_logits.shape == (9, 3) and hard.slot_logits.shape == (hard.words.sum(), 5)
    assert np.array_equal(
        hard.intent_logits, tiny_teacher.outputs("test").intent_logits
    )  # the tiny data's hard split is its test
    assert tiny_teacher.split("validation") is tiny.validation and tiny_teacher.split("hard") is tiny.extra["hard"]
    monkeypatch.setattr("edgelab.models.training.run", None)  # asked again, no model runs
    assert np.array_equal(tiny_teacher.outputs("hard").slot_logits, hard.slot_logits)


def test_a_trained_model_comes_back_as_it_was_saved(tiny, tiny_teacher, tiny_student):
    from edgelab.models.training import run

    for trained in (tiny_teacher, tiny_student):
        outputs = run(trained.model(), encode(trained.tokenizer(), tiny.test.texts))
        assert np.allclose(outputs.intent_logits, trained.outputs().intent_logits, atol=1e-3)
        assert np.allclose(outputs.slot_logits, trained.outputs().slot_logits, atol=1e-3)


def test_correct_compares_names_so_a_label_never_learned_is_wrong(tiny, tiny_student):
    oos = Split(tiny.test.texts, ("oos",) * 9, tiny.test.spans)
    assert not replace(tiny_student, dataset=replace(tiny, test=oos)).correct().any()
    right = np.array(tiny.labels)[tiny_student.outputs().intent_logits.argmax(1)] == tiny.test.labels
    assert np.array_equal(tiny_student.correct(), right)


def test_slots_are_judged_against_the_gold_spans(tiny, tiny_teacher):
    assert tiny_teacher.slots_correct()[6:].all()  # ask_cloud has none, and may have none
    wrong = tuple((Span(0, 1, "time"),) for _ in tiny.test.texts)
    data = replace(tiny, test=replace(tiny.test, spans=wrong))
    assert not replace(tiny_teacher, dataset=data).slots_correct().any()
    unmarked = replace(tiny, test=replace(tiny.test, spans=None))
    with pytest.raises(ValueError, match="tiny has no slots in its test split"):
        replace(tiny_teacher, dataset=unmarked).slots_correct()


def test_a_call_is_right_where_label_and_slots_are(tiny, tiny_teacher):
    calls = tiny_teacher.calls_correct()
    assert np.array_equal(calls, tiny_teacher.correct() & tiny_teacher.slots_correct()) and calls[6:].all()
    moved = replace(tiny, test=replace(tiny.test, labels=(*tiny.test.labels[3:], *tiny.test.labels[:3])))
    assert not replace(tiny_teacher, dataset=moved).calls_correct().any()


def test_a_bundle_is_exported_once_and_holds_nothing_else(tiny_student, tiny_bundle):
    assert tiny_student.bundle() == tiny_bundle
    assert sorted(f.name for f in tiny_bundle.iterdir()) == ["bundle.json", "model.onnx", "vocabulary.zlib"]
    assert sorted(f.name for f in tiny_bundle.parent.iterdir()) == ["artifact.json", "bundle"]
