"""Other people's requests: which are taken, and what counts as right."""

from types import SimpleNamespace

import numpy as np

from edgelab.datasets.dataset import Split, assemble
from edgelab.distillation import outside
from edgelab.distillation.outside import Mapped, mapped_test, mapping


def test_one_intent_may_have_several_right_labels():
    intents = mapping("clinc150")
    assert intents["timer"] == {"set_timer"} and max(map(len, intents.values())) > 1
    assert mapping("clinc150").keys().isdisjoint(mapping("snips2017")) and mapping("another set") == {}


def test_only_requests_with_a_mapped_intent_are_taken(monkeypatch):
    test = Split(("ring at six", "how tall is bo", "ten minutes"), ("alarm", "unmapped", "timer"))
    data = assemble("public", {"train": test, "validation": test, "test": test}, {})
    monkeypatch.setattr(outside, "load", lambda source: data)
    found = mapped_test("clinc150")
    assert found == Mapped(("ring at six", "ten minutes"), (frozenset({"set_alarm"}), frozenset({"set_timer"})))
    assert len(found) == 2


def test_any_of_the_right_labels_is_right():
    labels = ("call", "search", "timer")
    logits = {"ring bo": [3, 1, 0], "who is bo": [2, 1, 0], "ten minutes": [0, 1, 0]}

    def answer(texts):
        return SimpleNamespace(intent_logits=np.array([logits[text] for text in texts]))

    model = SimpleNamespace(answer=answer, dataset=SimpleNamespace(labels=labels))
    allowed = (frozenset({"call"}), frozenset({"search"}), frozenset({"search", "timer"}))
    assert Mapped(tuple(logits), allowed).correct(model).tolist() == [True, False, True]
