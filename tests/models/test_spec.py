"""A model's shape."""

from edgelab.models.spec import Spec


def test_names_say_what_a_model_is():
    assert Spec("transformer", 4000, layers=(0, 5)).name == "transformer 2x384"
    assert Spec("convolution", 4000, 128, 384).name == "convolution 128/384"
    assert Spec("convolution", 4000, 128, 384, depth=2).name == "convolution 128/384x2"
