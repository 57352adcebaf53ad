"""What a bundle makes of a split of its data, kept once given."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.manifest import read_manifest, save
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.stats.intervals import Interval, accuracy_interval, retention_interval
from edgelab.workspace import build_once

if TYPE_CHECKING:
    from tokenizers import Tokenizer


@dataclass(frozen=True)
class Answers:
    """What a bundle makes of a split: whether each label is right, bool [examples]; how sure it was, [examples]; slot
    exact match where the data has slots and the model a slot head; whether each call is right, bool [examples], where
    the data has slots."""

    correct: np.ndarray
    confidence: np.ndarray
    slot_exact_match: Interval | None
    calls: np.ndarray | None = None

    @property
    def accuracy(self) -> Interval:
        """The share of right labels."""
        return accuracy_interval(self.correct)

    @property
    def call_exact_match(self) -> Interval | None:
        """The share of right calls."""
        return None if self.calls is None else accuracy_interval(self.calls)

    @property
    def right(self) -> dict[str, np.ndarray]:
        """What is right, bool [examples]: each `label` and, where the data has slots, each `call`."""
        return {"label": self.correct} | ({} if self.calls is None else {"call": self.calls})

    def retention(self, teacher: "Answers") -> dict[str, Interval]:
        """Of each measure in `right` the share over the teacher's on the same split, but for one that the teacher never
        gets right. Of the teacher itself nothing is in doubt."""
        return {
            of: Interval(1, 1, 1) if self is teacher else retention_interval(right, teacher.right[of])
            for of, right in self.right.items()
            if teacher.right[of].any()
        }


def answers(bundle: Path, dataset: Dataset, split: str) -> Answers:
    """A bundle's answers on a split of its data, one text at a time as it will be used; kept once given."""

    def build(folder: Path) -> None:
        result = evaluate(Bundle.load(bundle), getattr(dataset, split))
        slots = result.slot_exact_match
        values = [] if slots is None else [slots.value, slots.low, slots.high]
        calls = np.empty(0, bool) if result.calls is None else result.calls
        file = folder / "answers.npz"
        np.savez(file, correct=result.correct, confidence=result.confidence, slots=values, calls=calls)

    inputs = {"bundle": read_manifest(bundle)["sha256"], "data": dataset.labelled.fingerprint, "split": split}
    artifact = build_once("answers", build, inputs=inputs)
    with np.load(artifact.path / "answers.npz") as stored:
        slots = Interval(*stored["slots"].tolist()) if len(stored["slots"]) else None
        calls = stored["calls"] if len(stored["calls"]) else None
        return Answers(stored["correct"], stored["confidence"], slots, calls)


def save_measured(
    folder: Path,
    onnx_file: Path,
    tokenizer: "Tokenizer",
    *,
    dataset: Dataset,
    model: str,
    kept_accuracy: float | None = None,
    adapts: str | None = None,
) -> Path:
    """Write a bundle that says in its manifest how good it is on *validation*, as `manifest.save` writes it: the way to
    every bundle of a trained model. Test stays unread.

    Args:
        tokenizer: the one that the model was trained with.
        adapts: as of `manifest.save`.
        kept_accuracy: given it, the manifest also holds the confidence from which on labels are right as often as this.
    """
    parts = (folder, onnx_file, tokenizer)
    unmeasured = save(*parts, dataset=dataset, model=model, metrics={}, adapts=adapts)
    given = answers(unmeasured, dataset, "validation")
    measured = {
        "validation_accuracy": given.accuracy,
        "validation_slot_exact_match": given.slot_exact_match,
        "validation_call_exact_match": given.call_exact_match,
    }
    metrics = {name: [i.value, i.low, i.high] for name, i in measured.items() if i is not None}
    thresholds = {} if kept_accuracy is None else confidence_threshold(given, kept_accuracy)
    return save(*parts, dataset=dataset, model=model, metrics=metrics, thresholds=thresholds, adapts=adapts)


def confidence_threshold(given: Answers, accuracy: float) -> dict[str, float]:
    """`{"confidence": c}`, the lowest c such that the answers at or above it are right in at least `accuracy`; empty
    where there is none."""
    order = np.argsort(-given.confidence, kind="stable")
    confidence = given.confidence[order]
    right = np.cumsum(given.correct[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(confidence[1:] != confidence[:-1], True)  # kept or passed on together
    good = np.flatnonzero((right >= accuracy) & last_of_equals)
    return {"confidence": float(confidence[good[-1]])} if len(good) else {}
