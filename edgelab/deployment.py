"""A trained model in the formats that ship, and what each of them answers."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.bundle import Bundle, evaluate, read_manifest, save
from edgelab.dataset import Dataset
from edgelab.measurement import Interval, accuracy_interval, retention_interval
from edgelab.packing import pack
from edgelab.precision import dynamic_int8
from edgelab.trained import Trained
from edgelab.workspace import Artifact, build_once

# What decides an answer of a bundle, and what decides a bundle.
EVALUATING = tuple(f"edgelab.{name}" for name in ("bundle", "graph", "measurement", "slots", "wordpiece"))
PARTS = ("deployment", "export", "packing", "precision", "quantization")
MODULES = (*EVALUATING, *(f"edgelab.{name}" for name in PARTS))

# What turns the exported file into the one that ships.
PRECISIONS: dict[str, Callable[[Path, Path], object]] = {"fp32": shutil.copyfile, "int8": dynamic_int8, "int4": pack}


def deploy(
    trained: Trained, precisions: tuple[str, ...], teacher_accuracy: float | None = None
) -> tuple[Artifact, dict[str, Path]]:
    """A bundle of the model in each precision, for one request at a time: name to folder.

    The manifest holds the accuracy on validation and, given the teacher's, the confidence from which on the model is
    right as often as the teacher is overall. Test stays unread.
    """

    def build(folder: Path) -> None:
        from edgelab.export import export_onnx

        exported = folder / "export.onnx"
        export_onnx(trained.model(), exported, trained.vocabulary, one_request=True)
        for precision in precisions:
            model, bundle = folder / f"{precision}.onnx", folder / precision
            PRECISIONS[precision](exported, model)
            parts = (bundle, model, trained.tokenizer())
            about = {"dataset": trained.dataset, "model": f"{trained.name} {precision}"}
            given = answers(save(*parts, **about, metrics={}), trained.dataset, "validation")
            metrics = {"validation_accuracy": [given.accuracy.value, given.accuracy.low, given.accuracy.high]}
            thresholds = {} if teacher_accuracy is None else confidence_threshold(given, teacher_accuracy)
            save(*parts, **about, metrics=metrics, thresholds=thresholds)
            model.unlink()
        exported.unlink()

    inputs = {
        "model": trained.artifact.path.name,
        "name": trained.name,
        "data": trained.dataset.name,  # stands in the manifest, and is not part of the data's fingerprint
        "precisions": list(precisions),
        "teacher_accuracy": teacher_accuracy,
    }
    artifact = build_once("deployed", build, inputs=inputs, modules=MODULES)
    return artifact, {f"{trained.name} {precision}": artifact.path / precision for precision in precisions}


@dataclass(frozen=True)
class Answers:
    """What a bundle makes of a split: whether each label is right, bool [examples]; how sure it was, [examples]; slot
    exact match where the data has slots and the model a slot head."""

    correct: np.ndarray
    confidence: np.ndarray
    slot_exact_match: Interval | None

    @property
    def accuracy(self) -> Interval:
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
    artifact = build_once("answers", build, inputs=inputs, modules=EVALUATING)
    with np.load(artifact.path / "answers.npz") as stored:
        slots = Interval(*stored["slots"].tolist()) if len(stored["slots"]) else None
        return Answers(stored["correct"], stored["confidence"], slots)


def confidence_threshold(given: Answers, accuracy: float) -> dict[str, float]:
    """`{"confidence": c}`, the lowest c such that the answers at or above it are right in at least `accuracy`; empty
    where there is none."""
    order = np.argsort(-given.confidence, kind="stable")
    confidence = given.confidence[order]
    right = np.cumsum(given.correct[order]) / np.arange(1, len(order) + 1)
    last_of_equals = np.append(confidence[1:] != confidence[:-1], True)  # kept or passed on together
    good = np.flatnonzero((right >= accuracy) & last_of_equals)
    return {"confidence": float(confidence[good[-1]])} if len(good) else {}
