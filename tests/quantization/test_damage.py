"""What fewer bits change, by hand."""

import numpy as np
import pytest
import torch

from edgelab.distillation.losses import divergence as of_logits
from edgelab.models.outputs import Outputs
from edgelab.quantization.damage import answers_flipped, change, divergence, divergence_by_request, flips
from edgelab.stats.intervals import accuracy_interval

RNG = np.random.default_rng(0)


def test_change_by_hand():
    """Of four requests two are right before and after; one went wrong, one from wrong to wrong."""
    original = np.eye(3)[[0, 1, 2, 0]] * 5
    logits = np.eye(3)[[0, 1, 0, 2]] * 5
    result = change(logits, original, np.array([0, 1, 2, 1]))
    assert result.accuracy == accuracy_interval(np.array([True, True, False, False]))
    assert result.flips == accuracy_interval(np.array([False, False, True, True]))
    assert result.kl == pytest.approx(of_logits(original, logits, 1.0)) and result.kl > 0
    assert change(original, original, np.zeros(4, dtype=int)).flips.value == 0


def outputs_of(tags, words=(2, 0, 3)):
    return Outputs(np.eye(4)[[0, 1, 2]], None if tags is None else np.eye(5)[tags], np.array(words))


def test_an_answer_flips_with_its_intent_or_any_of_its_words():
    original = outputs_of([0, 1, 2, 3, 4])
    assert answers_flipped(outputs_of([0, 1, 2, 3, 4]), original).tolist() == [False, False, False]
    assert answers_flipped(outputs_of([0, 1, 0, 0, 4]), original).tolist() == [False, False, True]
    assert answers_flipped(outputs_of([1, 1, 2, 3, 4]), original).tolist() == [True, False, False]
    other = Outputs(np.eye(4)[[0, 3, 2]], original.slot_logits, original.words)
    assert answers_flipped(other, original).tolist() == [False, True, False]
    assert answers_flipped(outputs_of(None), outputs_of(None)).tolist() == [False, False, False]
    assert flips(other.intent_logits, original.intent_logits).tolist() == [False, True, False]


def test_divergence_adds_intents_and_words():
    a, b = (Outputs(RNG.normal(size=(3, 4)), RNG.normal(size=(5, 6)), np.array([2, 0, 3])) for _ in range(2))
    both = of_logits(b.intent_logits, a.intent_logits, 1.0) + of_logits(b.slot_logits, a.slot_logits, 1.0)
    assert divergence(a, b) == pytest.approx(both)
    assert divergence(outputs_of(None), outputs_of(None)) == 0


def test_the_requests_divergences_average_to_the_whole():
    a, b = (Outputs(RNG.normal(size=(3, 4)), RNG.normal(size=(5, 6)), np.array([2, 0, 3])) for _ in range(2))
    each = divergence_by_request(a, b)
    assert each.shape == (3,) and each.mean() == pytest.approx(divergence(a, b))
    theirs = torch.nn.functional.kl_div(
        torch.tensor(a.intent_logits).log_softmax(-1), torch.tensor(b.intent_logits).softmax(-1), reduction="none"
    ).sum(-1)
    assert each[1] == pytest.approx(float(theirs[1]))  # a request without words
    assert divergence_by_request(outputs_of(None), outputs_of(None)).tolist() == [0, 0, 0]
