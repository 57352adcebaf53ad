"""Perplexity, flips and divergence of one generator beside another."""

import numpy as np
import pytest

from edgelab.generation import perplexity
from edgelab.generation.model import Generator
from edgelab.generation.reference import TorchGenerator
from tests.tiny_generators import TEXT


class Sure:
    """Foretells token 0 with a given probability, of 4."""

    def __init__(self, share):
        rest = (1 - share) / 3
        self.row = np.log([share, rest, rest, rest])

    def logits(self, tokens):
        return np.tile(self.row, (len(tokens), 1))


def test_perplexity_is_among_how_many_it_wavers():
    assert perplexity.perplexity(np.zeros((6, 4)), [0, 1, 2, 3, 0, 1]) == pytest.approx(4)
    logits = np.full((3, 4), -50.0)
    logits[0, 2] = logits[1, 1] = 50.0  # row i is about token i + 1
    assert perplexity.perplexity(logits, [3, 2, 1]) == pytest.approx(1)
    assert perplexity.surprise(logits, [3, 2, 1]).shape == (2,)


def test_a_generator_beside_itself_and_beside_another():
    texts = [[0] * 5, [0] * 9, [0] * 3]
    found = perplexity.compare(Sure(0.5), {"same": Sure(0.5), "surer": Sure(0.8), "other": Sure(0.1)}, texts)
    assert list(found) == ["reference", "same", "surer", "other"]
    for name in ("reference", "same"):
        assert found[name].perplexity.value == pytest.approx(2) and found[name].ratio.value == pytest.approx(1)
        assert found[name].flips.value == 0 and found[name].divergence.value == pytest.approx(0)
    assert found["surer"].perplexity.value == pytest.approx(1 / 0.8) and found["surer"].flips.value == 0
    assert found["other"].flips.value == 1 and found["other"].ratio.value == pytest.approx(5)
    expected = 0.5 * np.log(0.5 / 0.1) + 0.5 * np.log((0.5 / 3) / (0.9 / 3))
    assert found["other"].divergence.value == pytest.approx(expected)
    assert (found["other"].tokens, found["other"].texts) == (14, 3)


def test_intervals_are_over_texts():
    class Varying(Sure):
        def logits(self, tokens):
            return np.tile(self.row * (3 if len(tokens) > 6 else 1), (len(tokens), 1))

    found = perplexity.compare(Sure(0.5), {"varying": Varying(0.5)}, [[0] * n for n in (3, 4, 5, 8, 9, 10)] * 3)
    each = found["varying"].perplexity
    assert each.low < each.value < each.high


def test_bits_of_the_real_runtime_and_of_rounding(tiny_models, tiny_checkpoint):
    reference = TorchGenerator.open(tiny_checkpoint)
    texts = [reference.encode(text) for text in TEXT[:3]]
    built = {name: Generator.open(tiny_models[name]) for name in ("fp32", "int8")}
    found = perplexity.compare(reference, built, texts)
    assert found["fp32"].divergence.value < 1e-5 < found["int8"].divergence.value < 0.1
    before = reference.logits(texts[0])
    apart = []
    for bits in (8, 4, 2):
        with perplexity.rounded(reference, bits) as fewer:
            apart.append(np.abs(fewer.logits(texts[0]) - before).mean())
    assert apart[0] < apart[1] < apart[2]
    np.testing.assert_array_equal(reference.logits(texts[0]), before)


def test_held_out_texts_are_the_courses_notes_and_notifications():
    texts = perplexity.held_out_texts()
    assert len(texts) > 200 and len(set(texts)) == len(texts) and all(text.strip() for text in texts)
