"""What fewer bits change: answers that flip, divergence, layer by layer."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelab.models.outputs import Outputs
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.softmax import kl_divergence, log_softmax

Bits = tuple[tuple[str, int], ...]  # layers with their bits; the other layers stay as they are


@dataclass(frozen=True)
class Sensitivity:
    """What rounding one layer alone to so many bits changes: `divergence` in nats and `flips`, the share of requests
    whose intent or slots are others, both [layers, bits]."""

    layers: tuple[str, ...]
    bits: tuple[int, ...]
    divergence: np.ndarray
    flips: np.ndarray


def sensitivity(
    answered: Callable[[Bits], Outputs], layers: tuple[str, ...], bits: tuple[int, ...] = tuple(range(8, 1, -1))
) -> Sensitivity:
    """Compare what a model answers with each layer rounded alone; `answered` gives its outputs with some layers rounded."""
    original = answered(())
    kl, flips = np.empty((2, len(layers), len(bits)))
    for cell in np.ndindex(kl.shape):
        outputs = answered(((layers[cell[0]], bits[cell[1]]),))
        kl[cell], flips[cell] = divergence(outputs, original), answers_flipped(outputs, original).mean()
    return Sensitivity(layers, bits, kl, flips)


@dataclass(frozen=True)
class Change:
    """A model beside its original on the same examples: `accuracy`; `flips`, the share whose best label is another;
    `kl`, the mean divergence of its probabilities from the original's, in nats."""

    accuracy: Interval
    flips: Interval
    kl: float


def change(logits: np.ndarray, original: np.ndarray, labels: np.ndarray) -> Change:
    """Both logits [examples, labels]; `labels` [examples] holds the right columns."""
    correct = accuracy_interval(logits.argmax(1) == labels)
    return Change(correct, accuracy_interval(flips(logits, original)), kl_divergence(logits, original))


def flips(logits: np.ndarray, original: np.ndarray) -> np.ndarray:
    """Whether the best of the last axis is another than it was, bool."""
    return logits.argmax(-1) != original.argmax(-1)


def answers_flipped(outputs: Outputs, original: Outputs) -> np.ndarray:
    """Whether a request's intent or any of its words' tags is another than it was, bool [examples]."""
    changed = flips(outputs.intent_logits, original.intent_logits)
    if outputs.slot_logits is None or original.slot_logits is None:
        return changed
    request = np.repeat(np.arange(len(outputs.words)), outputs.words)
    return changed | (np.bincount(request, flips(outputs.slot_logits, original.slot_logits), len(changed)) > 0)


def divergence(outputs: Outputs, original: Outputs) -> float:
    """KL of the intents, plus that of the words' tags where there are slots, in nats; as the training loss adds them."""
    return float(divergence_by_request(outputs, original).mean())


def divergence_by_request(outputs: Outputs, original: Outputs) -> np.ndarray:
    """What each request has in the `divergence`, [requests]: their mean is the whole."""
    each = _kl(outputs.intent_logits, original.intent_logits)
    if outputs.slot_logits is None or original.slot_logits is None:
        return each
    request = np.repeat(np.arange(len(outputs.words)), outputs.words)
    of_tags = np.bincount(request, _kl(outputs.slot_logits, original.slot_logits), len(each))
    return np.asarray(each + of_tags * len(each) / outputs.words.sum())  # the tags count by word, not by request


def _kl(logits: np.ndarray, reference: np.ndarray) -> np.ndarray:
    expected, found = log_softmax(reference), log_softmax(logits)
    return np.asarray((np.exp(expected) * (expected - found)).sum(-1))
