"""Softmax, its logarithm and the divergence against scipy, and where they could go wrong."""

import numpy as np
import pytest
from scipy import special

from edgelab.stats.softmax import kl_divergence, log_softmax, softmax

RNG = np.random.default_rng(0)
SHAPES = [(1,), (5,), (4, 3), (2, 3, 7)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("scale", [0.1, 5, 200])
def test_both_are_scipys_and_leave_their_input(shape, scale):
    logits = RNG.normal(scale=scale, size=shape)
    kept = logits.copy()
    assert softmax(logits) == pytest.approx(special.softmax(logits, axis=-1), rel=1e-12, abs=1e-300)
    assert log_softmax(logits) == pytest.approx(special.log_softmax(logits, axis=-1), rel=1e-12, abs=1e-12)
    assert softmax(logits).sum(-1) == pytest.approx(np.ones(shape[:-1])) and np.array_equal(logits, kept)


@pytest.mark.filterwarnings("error")
def test_large_logits_neither_overflow_nor_lose_the_logarithm():
    logits = np.array([1e4, -1e4, 1e4])
    assert softmax(logits).tolist() == [0.5, 0, 0.5]
    assert log_softmax(logits) == pytest.approx([-np.log(2), -2e4 - np.log(2), -np.log(2)])
    assert log_softmax(logits.astype(np.float32)).dtype == np.float64  # what a runtime answers is float32


@pytest.mark.filterwarnings("error")
def test_float16_and_whole_numbers_are_taken_in_full():
    logits = np.array([[11, 0, -11]])
    expected = special.softmax(logits.astype(float), axis=-1)
    assert softmax(logits) == pytest.approx(expected, rel=1e-12)
    assert softmax(logits.astype(np.float16)) == pytest.approx(expected, rel=1e-12)


def test_what_is_impossible_has_probability_0():
    """Tags that a label may not carry are masked with minus infinity."""
    assert softmax(np.array([0.0, -np.inf, 0.0])).tolist() == [0.5, 0, 0.5]


def test_nan_shows_in_its_own_row_alone():
    found = softmax(np.array([[0.0, np.nan], [0.0, 0.0]]))
    assert np.isnan(found[0]).all() and found[1].tolist() == [0.5, 0.5]


def test_the_divergence_is_scipys():
    logits, reference = RNG.normal(scale=3, size=(2, 6, 5))
    p, q = special.softmax(reference, axis=-1), special.softmax(logits, axis=-1)
    expected = special.rel_entr(p, q).sum(-1).mean()
    assert kl_divergence(logits, reference) == pytest.approx(expected, rel=1e-12) and expected > 0.1
    assert kl_divergence(reference, logits) != pytest.approx(expected)  # it has a direction
    assert kl_divergence(logits + 7, logits) == pytest.approx(0, abs=1e-12)


@pytest.mark.filterwarnings("error")
def test_the_divergence_of_certain_answers_is_large_and_finite():
    certain, wrong = np.array([[0.0, 2000.0]]), np.array([[2000.0, 0.0]])
    assert kl_divergence(wrong, certain) == pytest.approx(2000) and kl_divergence(certain, certain) == 0
