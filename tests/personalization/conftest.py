"""What the tests of personalization share: a small base that takes adapters, and an adapter learned on it."""

import shutil

import pytest

from edgelab.datasets.dataset import Split
from edgelab.personalization.adapters import Call, write_adapter
from edgelab.personalization.base import adaptable_bundle
from edgelab.personalization.learning import LearningPlan, learn_adapter
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import user_folder

CALLS = (Call("coffin", "set_alarm", {"time": "4 pm"}), Call("tapes", None, {}))
OWN = Split(
    (
        "back in the coffin",
        "the coffin is closing",
        "into my coffin now",
        "turn the tape",
        "roll the tape",
        "blank tape",
    ),
    ("coffin",) * 3 + ("tapes",) * 3,
)
# Small students forget nothing within these few steps that a test would see.
PLAN = LearningPlan(
    rank=2, replayed=36, steps=60, batch_size=24, lr=5e-3, head_lr=2e-2, temperature=1.0, most_loss=None
)


@pytest.fixture(scope="session")
def adaptable(tiny_student, tiny_home):
    """`adaptable(precision)`: the folder of the small student's bundle that takes adapters; not to be changed."""

    def folder(precision: str = "fp32"):
        with tiny_home():
            return adaptable_bundle(tiny_student, precision, rank=2)

    return folder


@pytest.fixture(scope="session")
def learned(tiny_student, tiny_home):
    """An adapter of two commands."""
    with tiny_home():
        return learn_adapter(tiny_student, OWN, CALLS, PLAN)


@pytest.fixture
def bundle(adaptable, learned, tmp_path):
    """A copy of that bundle's folder, with the adapter of `ada` in it."""
    folder = tmp_path / "bundle"
    shutil.copytree(adaptable(), folder)
    write_adapter(learned.adapter, user_folder(folder, "ada"))
    return folder


@pytest.fixture
def personal(bundle):
    """It opened, with her adapter in memory."""
    opened = PersonalBundle.load(bundle)
    opened.load_user("ada")
    return opened
