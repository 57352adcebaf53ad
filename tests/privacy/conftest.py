"""A small bundle that takes adapters, with one in it: what a person's things are watched on."""

import shutil

import numpy as np
import pytest

from edgelab.personalization.adapters import Adapter, Call, write_adapter
from edgelab.personalization.base import adaptable_bundle
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import user_folder


@pytest.fixture
def bundle(tiny_student, tiny_home, tmp_path):
    """A folder of it, with an adapter of `ada` that changes nothing."""
    folder = tmp_path / "bundle"
    with tiny_home():
        shutil.copytree(adaptable_bundle(tiny_student, rank=2), folder)
    opened = PersonalBundle.load(folder)
    numbers = {name: np.zeros(shape, np.float32) for name, shape in opened.places.items()}
    calls = (Call("coffin", "set_alarm", {"time": "4 pm"}), Call("tapes", None, {}))
    write_adapter(Adapter(numbers, calls, opened.base), user_folder(folder, "ada"))
    return folder
