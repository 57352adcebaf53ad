"""A bundle of a few hundred bytes that takes adapters, with one in it: what a person's things are watched on."""

import numpy as np
import pytest
from onnx import TensorProto, helper

from edgelab.personalization.adapters import BIAS, Adapter, Call, write_adapter
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import user_folder
from tests.small_bundles import GATHERED, INTENT, SLOTS, WORDS, model, small_bundle

WEIGHT = "own.weight"
PERSONAL = (
    helper.make_node("Gather", ["looks", "ids"], ["of_words"]),
    helper.make_node("ReduceSum", ["of_words", "axis"], ["features"], keepdims=0),
    helper.make_node("MatMul", ["features", WEIGHT], ["scores"]),
    helper.make_node("Add", ["scores", BIAS], ["personal"]),
)


@pytest.fixture
def bundle(tmp_path):
    """A folder of it, with an adapter of `ada` in which two commands are never meant."""
    outputs = (
        INTENT,
        SLOTS,
        ("personal", TensorProto.FLOAT, ["batch", 2]),
        ("features", TensorProto.FLOAT, ["batch", 4]),
    )
    looks = np.random.default_rng(0).normal(size=(len(WORDS), 4)).astype(np.float32)
    own = {WEIGHT: np.zeros((4, 2), np.float32), BIAS: np.full(2, -99, np.float32)}
    made = model(nodes=(*GATHERED, *PERSONAL), outputs=outputs, looks=looks, **own)
    for name, value in own.items():  # an initializer that is an input, too, is one that an adapter may replace
        made.graph.input.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, value.shape))
    folder = small_bundle(tmp_path / "bundle", made=made, adapts="0" * 64)
    opened = PersonalBundle.load(folder)
    calls = (Call("coffin", "set_alarm", {"time": "4 pm"}), Call("tapes", None, {}))
    write_adapter(Adapter(own, calls, opened.base), user_folder(folder, "ada"))
    return folder
