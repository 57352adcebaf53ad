"""Adapters learned: what changes, what stays, what is refused."""

from dataclasses import replace

import numpy as np
import pytest

from edgelab.datasets.dataset import Split
from edgelab.personalization.learning import learn_adapter, learn_user
from edgelab.personalization.users import Command, User
from tests.personalization.conftest import CALLS, OWN, PLAN


def test_it_learned_within_what_an_adapter_holds(learned, tiny):
    assert (learned.own, learned.replayed) == (len(OWN), len(tiny.train)) and learned.cpu_s > 0
    pairs = {name.rpartition("lora_")[2][:11] for name in learned.adapter.parameters if "lora_" in name}
    assert {name[0] for name in pairs} == {"A", "B", "e"}  # of matrices, and of the embedding
    assert learned.adapter.size_bytes == sum(v.size * 4 for v in learned.adapter.parameters.values())
    assert (learned.adapter.parameters["own.bias"][len(CALLS) :] == -1e4).all()


def test_the_same_seed_learns_the_same(learned, tiny_student, tiny_home):
    with tiny_home():
        again = learn_adapter(tiny_student, OWN, CALLS, PLAN)
    for name, value in again.adapter.parameters.items():
        np.testing.assert_array_equal(value, learned.adapter.parameters[name])


def test_fewer_old_texts_can_be_kept_or_none(tiny_student, tiny_home):
    with tiny_home():
        few = learn_adapter(tiny_student, OWN, CALLS, replace(PLAN, steps=2, replayed=7))
        none = learn_adapter(tiny_student, OWN, CALLS, replace(PLAN, steps=2, replayed=0))
    assert (few.replayed, none.replayed) == (7, 0)


def test_how_eager_commands_are_is_set_on_validation(tiny_student, tiny_home, learned, tiny):
    with tiny_home():
        bold = learn_adapter(tiny_student, OWN, CALLS, replace(PLAN, most_loss=0.5)).adapter.parameters["own.bias"]
        shy = learn_adapter(tiny_student, OWN, CALLS, replace(PLAN, most_loss=0.0)).adapter.parameters["own.bias"]
    added = (bold - learned.adapter.parameters["own.bias"])[: len(CALLS)]
    assert np.ptp(added) < 1e-4 and (bold > shy)[: len(CALLS)].all() and (bold == shy)[len(CALLS) :].all()


def test_a_person_is_learned_from_phrases_and_descriptions(tiny_student, tiny_home):
    commands = tuple(
        Command(
            call.command,
            call.tool,
            call.slots,
            tuple(t for t, c in zip(OWN.texts, OWN.labels, strict=True) if c == call.command),
        )
        for call in CALLS
    )
    with tiny_home():
        found = learn_user(tiny_student, User("ada", "", commands), replace(PLAN, steps=1))
    assert found.own == len(OWN) + 3 and found.adapter.calls == CALLS


def test_a_phrase_of_no_command_is_refused(tiny_student, tiny_home):
    with tiny_home(), pytest.raises(ValueError, match="expected phrases of at most 16 commands"):
        learn_adapter(tiny_student, Split(("x",), ("other",)), CALLS, PLAN)
