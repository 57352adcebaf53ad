"""How good a bundle is on labelled texts."""

from dataclasses import dataclass

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import exact_match
from edgelab.stats.intervals import Interval, accuracy_interval


@dataclass(frozen=True)
class Evaluation:
    """`per_label` holds (right, total); `unknown_labels` counts examples whose label the bundle never learned:
    they count as wrong. `correct` and `confidence` keep each example's outcome, for comparisons in pairs."""

    accuracy: Interval
    per_label: dict[str, tuple[int, int]]
    slot_exact_match: Interval | None
    unknown_labels: dict[str, int]
    correct: np.ndarray
    confidence: np.ndarray


def evaluate(bundle: Bundle, split: Split) -> Evaluation:
    """Accuracy, per label, and slot exact match (every slot and value right, label or not) on a split."""
    predictions = [bundle.predict(text) for text in split.texts]
    correct = np.array([p.label == label for p, label in zip(predictions, split.labels, strict=True)])
    per_label: dict[str, tuple[int, int]] = {}
    unknown: dict[str, int] = {}
    for label in sorted(set(split.labels)):
        of_label = np.array([other == label for other in split.labels])
        per_label[label] = (int(correct[of_label].sum()), int(of_label.sum()))
        if label not in bundle.labels:
            unknown[label] = int(of_label.sum())
    slots = None
    if split.spans is not None and len(bundle.tags) > 1:
        triples = zip(split.texts, predictions, split.spans, strict=True)
        slots = accuracy_interval(np.array([exact_match(t, p.spans, gold) for t, p, gold in triples]))
    confidence = np.array([p.confidence for p in predictions])
    return Evaluation(accuracy_interval(correct), per_label, slots, unknown, correct, confidence)
