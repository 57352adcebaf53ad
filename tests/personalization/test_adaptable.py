"""Room for adapters: beside a small network's own weights, or in a branch of the pretrained layers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from edgelab.bundle.manifest import read_manifest
from edgelab.personalization.adaptable import ROOM, Whole, adaptable, untouched
from edgelab.personalization.adapters import write_adapter
from edgelab.personalization.base import adaptable_base, adaptable_bundle, fingerprint
from edgelab.personalization.learning import learn_adapter
from edgelab.personalization.lowrank import with_pair
from edgelab.personalization.notebook import layer_gap
from edgelab.personalization.personal import PersonalBundle
from tests.personalization.conftest import CALLS, OWN, PLAN


@pytest.fixture(scope="module")
def base(tiny, tiny_home):
    """The real encoder with its upper three layers tuned on the tiny data."""
    with tiny_home():
        return adaptable_base(tiny, batch_size=12, epochs=5)


@pytest.fixture(scope="module")
def branched(base, tiny_home):
    """An adapter of its branch."""
    with tiny_home():
        return learn_adapter(base, OWN, CALLS, replace(PLAN, steps=15, lr=2e-3, head_lr=0.1))


def test_a_branch_stands_on_the_layers_that_tuning_left_alone(base, tiny_teacher, tiny_student, tiny_home):
    with tiny_home():
        assert untouched(base.model()) == 3 and untouched(tiny_teacher.model()) == 0
        kinds = {type(adaptable(model, 2)) for model in (tiny_teacher, tiny_student)}
    assert kinds == {Whole}


def test_fresh_it_answers_as_the_model_does(base, tiny_student, tiny_home):
    ids, mask = torch.tensor([[7, 8, 9, 10], [7, 8, 0, 0]]), torch.tensor([[1, 1, 1, 1], [1, 1, 0, 0]])
    for model in (base, tiny_student):
        with tiny_home():
            ours, before = adaptable(model, 2).eval(), model.model()
        with torch.inference_mode():
            intent, slots, own, features = ours(ids, mask)
            expected = before(ids, mask)
        torch.testing.assert_close(intent, expected[0], atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(slots[mask.bool()], expected[1][mask.bool()], atol=1e-5, rtol=1e-5)
        assert own.shape == (2, ROOM) and (own < -9000).all() and features.shape[1] == ours.own.in_features


def test_what_a_person_learns_in_the_branch_changes_nothing_of_the_base(base, branched, tiny_home, tiny):
    with tiny_home():
        model, fresh = adaptable(base, 2).eval(), adaptable(base, 2).eval()
    model.wear(branched.adapter.parameters)
    pairs = [n for n in branched.adapter.parameters if "lora_B" in n]
    assert pairs and all(branched.adapter.parameters[name].any() for name in pairs)
    tokenizer = base.tokenizer()
    for text in OWN.texts + tiny.test.texts:
        ids = torch.tensor([tokenizer.encode(text).ids])
        with torch.inference_mode():
            with_it, without = model(ids), fresh(ids)
        for i in (0, 1):
            assert torch.equal(with_it[i], without[i])
        assert not torch.equal(with_it[3], without[3])


def test_padding_changes_no_answer_of_the_branch(base, tiny_home):
    with tiny_home():
        model = adaptable(base, 2).eval()
    alone = torch.tensor([[101, 2175, 102]])
    padded, mask = torch.tensor([[101, 2175, 102, 0, 0]]), torch.tensor([[1, 1, 1, 0, 0]])
    with torch.inference_mode():
        for a, b in ((0, 0), (3, 3)):
            torch.testing.assert_close(model(alone)[a], model(padded, mask)[b], atol=1e-5, rtol=1e-4)


def test_its_bundle_wears_the_adapter_and_says_what_it_was_learned_on(base, branched, tiny_home, tmp_path):
    with tiny_home():
        folder = adaptable_bundle(base, rank=2)
    assert read_manifest(folder)["adapts"] == fingerprint(base) == branched.adapter.base
    personal = PersonalBundle.load(folder)
    write_adapter(branched.adapter, tmp_path / "ada")
    personal.load_user("ada", tmp_path / "ada")
    plain = [personal.predict(text).logits for text in OWN.texts]
    personal.use("ada")
    answers = [personal.predict(text) for text in OWN.texts]
    assert [a.meant for a in answers] == list(OWN.labels)
    for before, answer in zip(plain, answers, strict=True):
        np.testing.assert_array_equal(answer.logits[: len(before)], before)


def test_there_is_no_bundle_of_another_precision(tiny_student, tiny_home):
    with tiny_home(), pytest.raises(KeyError):
        adaptable_bundle(tiny_student, "int3")


def test_a_layer_written_out_is_pefts_own(base, branched, tiny_home):
    with tiny_home():
        assert layer_gap(base, branched.adapter, with_pair) < 1e-4
        assert layer_gap(base, branched.adapter, lambda x, weight, a, b, scale: x @ weight.T) > 1e-3
