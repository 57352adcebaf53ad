"""The decoder in NumPy, against transformers' own Llama with the same weights."""

import json

import numpy as np
import pytest

from edgelab.generation.errors import GeneratorError
from edgelab.generation.llama import TOY, Decoder, Shape, attention, rms_norm, rotate, swiglu, toy

PROMPT = [5, 17, 3, 80, 41, 2, 9]


@pytest.fixture(scope="module")
def theirs():
    """transformers' Llama of the toy's shape, with the toy's weights."""
    import torch

    from edgelab.generation.reference import untrained_llama

    model = untrained_llama(TOY)
    weights = {name: torch.from_numpy(values) for name, values in toy().weights.items()}
    left_out = model.load_state_dict(weights, strict=False)
    assert left_out.unexpected_keys == [] and left_out.missing_keys == ["lm_head.weight"]
    model.tie_weights()
    return model


def test_logits_are_those_of_transformers(theirs):
    import torch

    with torch.inference_mode():
        expected = theirs(torch.tensor([PROMPT])).logits[0].numpy()
    np.testing.assert_allclose(toy().step(PROMPT)[0], expected, atol=2e-3)


def test_a_real_checkpoint_is_read_too(tiny_checkpoint):
    from edgelab.generation.reference import TorchGenerator

    decoder, torch_generator = Decoder.load(tiny_checkpoint), TorchGenerator.open(tiny_checkpoint)
    np.testing.assert_allclose(decoder.step(PROMPT)[0], torch_generator.logits(PROMPT), atol=2e-3)
    assert decoder.shape.parameters == torch_generator.model.num_parameters()


def test_with_a_cache_it_says_what_it_says_without():
    decoder = toy()
    whole, cache_of_whole = decoder.step(PROMPT)
    cache, rows = None, []
    for token in PROMPT:
        logits, cache = decoder.step([token], cache)
        rows.append(logits[0])
    np.testing.assert_allclose(np.array(rows), whole, atol=1e-3)
    for mine, other in zip(cache, cache_of_whole, strict=True):
        assert mine[0].shape == (TOY.kv_heads, len(PROMPT), TOY.head_dim)
        np.testing.assert_allclose(mine[0], other[0], atol=1e-4)


def test_no_token_sees_one_that_comes_later():
    before = toy().step(PROMPT)[0]
    after = toy().step([*PROMPT[:-1], 77])[0]
    np.testing.assert_array_equal(before[:-1], after[:-1])
    assert not np.allclose(before[-1], after[-1])


def test_the_pieces():
    x = np.array([[3.0, 4.0]], dtype=np.float32)
    np.testing.assert_allclose(rms_norm(x, np.ones(2), 0.0), x / np.sqrt(12.5), rtol=1e-6)
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 1, 1, 8))
    near, far = ((rotate(q, np.array([a]), 1e4) * rotate(k, np.array([b]), 1e4)).sum() for a, b in ((5, 3), (105, 103)))
    assert near == pytest.approx(far) and near != pytest.approx((q * k).sum())
    values = rng.normal(size=(1, 3, 4))
    even = attention(np.zeros((2, 3, 4)), np.zeros((1, 3, 4)), values)
    np.testing.assert_allclose(even[1], np.cumsum(values[0], axis=0) / np.arange(1, 4)[:, None])
    one = np.ones((1, 1))
    assert swiglu(one * 2, one, one * 3, one)[0, 0] == pytest.approx(2 / (1 + np.exp(-2)) * 6)


def test_another_architecture_is_refused(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    with pytest.raises(GeneratorError, match="expected the config.json of a plain Llama"):
        Shape.of(tmp_path)
    with pytest.raises(GeneratorError, match="expected weights as safetensors"):
        Decoder.load(tmp_path)
