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
    exact match where the data has slots and the model a slot head."""

    correct: np.ndarray
    confidence: np.ndarray
    slot_exact_match: Interval | None

    @property
    def accuracy(self) -> Interval:
        """The share of right labels."""
        return accuracy_interval(self.correct)

    def retention(self, teacher: "Answers") -> Interval:
        """Accuracy over the teacher's on the same split. Of the teacher itself nothing is in doubt."""
        return Interval(1, 1, 1) if self is teacher else retention_interval(self.correct, teacher.correct)


def answers(bundle: Path, dataset: Dataset, split: str) -> Answers:
    """A bundle's answers on a split of its data, one text at a time as it will be used; kept once given."""

    def build(folder: Path) -> None:
        result = evaluate(Bundle.load(bundle), getattr(dataset, split))
        slots = result.slot_exact_match
        values = [] if slots is None else [slots.value, slots.low, slots.high]
        np.savez(folder / "answers.npz", correct=result.correct, confidence=result.confidence, slots=values)

    inputs = {"bundle": read_manifest(bundle)["sha256"], "data": dataset.fingerprint, "split": split}
    artifact = build_once("answers", build, inputs=inputs)
    with np.load(artifact.path / "answers.npz") as stored:
        slots = Interval(*stored["slots"].tolist()) if len(stored["slots"]) else None
        return Answers(stored["correct"], stored["confidence"], slots)


def save_measured(
    folder: Path,
    onnx_file: Path,
    tokenizer: "Tokenizer",
    *,
    dataset: Dataset,
    model: str,
    teacher_accuracy: float | None = None,
) -> Path:
    """Write a bundle that says in its manifest how good it is on *validation*, as `manifest.save` writes it: the way to
    every bundle of a trained model. Test stays unread.

    Args:
        tokenizer: the one that the model was trained with.
        teacher_accuracy: given it, the manifest also holds the confidence from which on the model is right as often as
            its teacher is overall.
    """
    parts = (folder, onnx_file, tokenizer)
    given = answers(save(*parts, dataset=dataset, model=model, metrics={}), dataset, "validation")
    measured = {"validation_accuracy": given.accuracy, "validation_slot_exact_match": given.slot_exact_match}
    metrics = {name: [i.value, i.low, i.high] for name, i in measured.items() if i is not None}
    thresholds = {} if teacher_accuracy is None else confidence_threshold(given, teacher_accuracy)
    return save(*parts, dataset=dataset, model=model, metrics=metrics, thresholds=thresholds)


def confidence_threshold(given: Answers, accuracy: float) -> dict[str, float]:
    """`{"confidence": c}`, the lowest c such that the answers at or above it are right in at least `accuracy`; empty
    where there is none."""
    order = np.argsort(-given.confidence, kind="stable")
    confidence = given.confidence[order]
    right = np.cumsum(given.correct[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(confidence[1:] != confidence[:-1], True)  # kept or passed on together
    good = np.flatnonzero((right >= accuracy) & last_of_equals)
    return {"confidence": float(confidence[good[-1]])} if len(good) else {}
