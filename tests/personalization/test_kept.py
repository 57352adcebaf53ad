"""What is kept: an adapter learned once, and what the base makes of texts."""

import numpy as np
import pytest

from edgelab.personalization import learning, seen
from edgelab.personalization.kept import adapter_of
from edgelab.personalization.notebook import adapted, listed
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import written
from edgelab.personalization.users import Command, User
from tests.personalization.conftest import OWN, PLAN

ADA = User(
    "ada",
    "",
    (
        Command("coffin", "set_alarm", {"time": "4 pm"}, OWN.texts[:3], ("back in the coffin!",)),
        Command("tapes", None, {}, OWN.texts[3:], ("roll the tapes",)),
    ),
)


def test_an_adapter_is_learned_once(tiny_student, tiny_home, monkeypatch):
    with tiny_home():
        first = adapter_of(tiny_student, ADA, PLAN)
        monkeypatch.setattr(learning, "learn_adapter", None)  # another lesson would fail
        again = adapter_of(tiny_student, ADA, PLAN)
    assert again.calls == first.calls and again.base == first.base
    for name, value in first.parameters.items():
        np.testing.assert_array_equal(again.parameters[name], value)


def test_what_the_base_sees_is_kept_as_it_answers(bundle, tiny, tiny_home):
    personal = PersonalBundle.load(bundle)
    with tiny_home():
        looks = seen.see_all(personal, [ADA], tiny, replayed=10)
        personal.predict = None  # not asked again
        assert seen.see_all(personal, [ADA], tiny, replayed=10).keys() == looks.keys()
    assert {name: len(look.meant) for name, look in looks.items()} == {
        "replayed": 10,
        "validation": len(tiny.validation),
        "test": len(tiny.test),
        "ada": 6,
        "ada described": len(ADA.descriptions),
        "ada held out": 2,
    }
    right = seen.right_of(looks, PersonalBundle.load(bundle).bundle.labels)
    assert right["test"].mean() > 0.8
    both = looks["ada"].where(np.arange(6) < 2) + looks["ada held out"]
    assert both.meant == ("coffin", "coffin", "coffin", "tapes") and both.features.shape[0] == both.logits.shape[0] == 4


@pytest.mark.usefixtures("personal")
def test_files_are_listed_under_their_folder(bundle):
    page = listed(written(bundle, "ada")).to_html()
    assert f"in {bundle / 'users' / 'ada'}" in page and "adapter.onnx_adapter" in page
    assert "nothing" in listed(()).to_html()


def test_people_are_written_loaded_and_answered(bundle, tiny_student, tiny_home, monkeypatch):
    from edgelab.personalization import notebook

    monkeypatch.setattr(notebook, "adapter_of", lambda base, user: adapter_of(base, user, PLAN))
    personal = PersonalBundle.load(bundle)
    with tiny_home():
        ways = adapted(personal, tiny_student, [ADA])
    assert [ways["ada"](text) for text in OWN.texts] == list(OWN.labels)
