"""How good a bundle is on labelled texts."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import exact_match
from edgelab.stats.intervals import Interval, accuracy_interval


@dataclass(frozen=True)
class Evaluation:
    """`per_label` holds (right, total); `unknown_labels` counts examples whose label the bundle never learned:
    they count as wrong. `unknown_slots` counts those with a slot that it never learned, whose call counts as wrong. `correct`, `calls` and `confidence` keep each example's outcome, for comparisons in pairs.
    `calls` and its share are None where the data has no slots: there the call is the label."""

    accuracy: Interval
    per_label: dict[str, tuple[int, int]]
    slot_exact_match: Interval | None
    call_exact_match: Interval | None
    unknown_labels: dict[str, int]
    unknown_slots: dict[str, int]
    correct: np.ndarray
    calls: np.ndarray | None
    confidence: np.ndarray


def calls_right(labels_right: np.ndarray, slots_right: np.ndarray | None) -> np.ndarray:
    """Whether each example's call is right as a whole, bool [examples]: its label, and every slot with its value as
    `slots.exact_match` compares them. Where there are no slots (None), the label is all of the call."""
    return labels_right if slots_right is None else labels_right & slots_right


def evaluate(bundle: Bundle, split: Split) -> Evaluation:
    """On a split: accuracy, also per label; slot exact match (every slot and value right, label or not), where the
    bundle marks slots; call exact match, where the data has them."""
    predictions = [bundle.predict(text) for text in split.texts]
    correct = np.array([p.label == label for p, label in zip(predictions, split.labels, strict=True)])
    per_label: dict[str, tuple[int, int]] = {}
    unknown: dict[str, int] = {}
    for label in sorted(set(split.labels)):
        of_label = np.array([other == label for other in split.labels])
        per_label[label] = (int(correct[of_label].sum()), int(of_label.sum()))
        if label not in bundle.labels:
            unknown[label] = int(of_label.sum())
    slots = calls = None
    unknown_slots: Counter[str] = Counter()
    if split.spans is not None:
        triples = zip(split.texts, predictions, split.spans, strict=True)
        slots = np.array([exact_match(t, p.spans, gold) for t, p, gold in triples])
        calls = calls_right(correct, slots)
        for gold in split.spans:
            unknown_slots.update({span.name for span in gold} - set(bundle.manifest["slot_names"]))
    return Evaluation(
        accuracy_interval(correct),
        per_label,
        None if slots is None or len(bundle.tags) == 1 else accuracy_interval(slots),
        None if calls is None else accuracy_interval(calls),
        unknown,
        dict(sorted(unknown_slots.items())),
        correct,
        calls,
        np.array([p.confidence for p in predictions]),
    )
