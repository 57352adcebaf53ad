"""What fewer bits change: answers that flip, divergence, layer by layer."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.models.outputs import Outputs
from edgelab.quantization.answers import run_file
from edgelab.quantization.onnx_tools import rounded, weights
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.softmax import kl_divergence, log_softmax

if TYPE_CHECKING:
    from edgelab.models.tokens import Encoded


@dataclass(frozen=True)
class Sensitivity:
    """What rounding one layer alone to so many bits changes: `divergence` in nats and `flips`, the share of requests
    whose intent or slots are others, both [layers, bits]."""

    layers: tuple[str, ...]
    bits: tuple[int, ...]
    divergence: np.ndarray
    flips: np.ndarray


def sensitivity(file: Path, encoded: "Encoded", bits: tuple[int, ...] = tuple(range(8, 1, -1))) -> Sensitivity:
    """Round each layer of an fp32 file in turn, clipped where it helps, and compare what it answers."""
    original, layers = run_file(file, encoded), tuple(weight.layer for weight in weights(file))
    kl, flips = np.empty((2, len(layers), len(bits)))
    with tempfile.TemporaryDirectory() as scratch:
        near = Path(scratch) / "rounded.onnx"
        for cell in np.ndindex(kl.shape):
            rounded(file, near, {layers[cell[0]]: bits[cell[1]]}, clipped=True)
            outputs = run_file(near, encoded)
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
