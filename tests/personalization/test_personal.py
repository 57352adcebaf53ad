"""Several people's adapters in one session, at each precision; a restart, offline."""

import json
from dataclasses import replace

import numpy as np
import pytest

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.measurement.processes import run_fresh
from edgelab.personalization.adapters import write_adapter
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import user_folder
from tests.personalization.conftest import CALLS, OWN

PRECISIONS = ("fp32", "int8", "int4 packed")


@pytest.mark.parametrize("precision", PRECISIONS)
def test_an_adapter_is_worn_and_taken_off_in_one_session(adaptable, learned, tmp_path, precision, tiny):
    personal = PersonalBundle.load(adaptable(precision))
    write_adapter(learned.adapter, tmp_path / "ada")
    none = replace(
        learned.adapter, parameters={k: np.zeros_like(v) for k, v in learned.adapter.parameters.items()}, calls=()
    )
    write_adapter(none, tmp_path / "zero")
    for name in ("ada", "zero"):
        personal.load_user(name, tmp_path / name)
    session, answers = personal.bundle.session, {}
    for name in (None, "ada", "zero", "ada", None):
        personal.use(name)
        answers.setdefault(name, []).append([personal.predict(text) for text in OWN.texts + tiny.test.texts])
    assert personal.bundle.session is session
    for first, second in (answers["ada"], answers[None]):  # the same each time it is worn, or taken off
        assert all(np.array_equal(a.logits, b.logits) for a, b in zip(first, second, strict=True))
    for plain, zero in zip(answers[None][0], answers["zero"][0], strict=True):
        np.testing.assert_allclose(plain.logits, zero.logits, atol=1e-5)
    own = answers["ada"][0][: len(OWN)]
    assert [a.meant for a in own] == list(OWN.labels)
    assert {a.meant for a in answers[None][0]} <= set(personal.bundle.labels)


def test_it_computes_what_torch_does(personal, learned, tiny_student, tiny_home, tiny):
    import torch

    from edgelab.personalization.adaptable import adaptable

    with tiny_home():
        model = adaptable(tiny_student, 2).eval()
    model.wear(learned.adapter.parameters)
    personal.use("ada")
    for text in OWN.texts + tiny.test.texts:
        ids = personal.bundle.token_ids(text)
        with torch.inference_mode():
            expected = model(torch.tensor([ids]))
        found = personal.run(ids)
        for name, value in zip(("intent", "slots", "personal", "features"), expected, strict=True):
            np.testing.assert_allclose(found[name], value[0].numpy(), atol=2e-4, rtol=1e-4)


def test_a_command_gives_its_call_with_its_own_slots(personal):
    personal.use("ada")
    coffin, tapes = personal.predict("back in the coffin"), personal.predict("roll the tape")
    assert (coffin.command, coffin.label, coffin.slots) == ("coffin", "set_alarm", {"time": ["4 pm"]})
    assert (tapes.command, tapes.label, tapes.slots) == ("tapes", "tapes", {})
    assert 0.5 < coffin.confidence <= 1


def test_the_base_answers_as_the_bundle_does(personal, bundle, tiny):
    plain = Bundle.load(bundle)
    personal.use(None)
    for text in tiny.test.texts:
        given, expected = personal.predict(text), plain.predict(text)
        assert (given.command, given.label, given.slots) == (None, expected.label, expected.slots)
    assert evaluate(plain, tiny.test).accuracy.value > 0.8


def test_it_is_as_good_as_the_model_without_room_for_adapters(bundle, tiny_student, tiny_home, tiny):
    with tiny_home():
        before = Bundle.load(tiny_student.bundle())
    ours = Bundle.load(bundle)
    for text in tiny.test.texts:
        np.testing.assert_allclose(ours.logits(text)[0], before.logits(text)[0], atol=1e-4)


def test_who_is_not_in_memory_cannot_be_answered_for(personal):
    with pytest.raises(KeyError):
        personal.use("bob")
    personal.use("ada")
    personal.drop_user("ada")
    assert personal.user is None and personal.people == ()


def test_a_person_survives_a_restart_without_a_network(bundle):
    fresh = run_fresh(("-m", "edgelab.personalization", str(bundle), "ada", *OWN.texts))
    assert json.loads(fresh.line)["meant"] == list(OWN.labels)


def test_a_folder_with_people_is_still_a_bundle_and_its_base_is_not_replaced_under_them(bundle, tiny):
    from edgelab.bundle.manifest import BundleError, save

    loaded = Bundle.load(bundle)
    with pytest.raises(BundleError, match="found other files"):
        save(bundle, bundle / "model.onnx", loaded.tokenizer, dataset=tiny, model="other", metrics={})
    assert (user_folder(bundle, "ada") / "person.json").exists() and CALLS
