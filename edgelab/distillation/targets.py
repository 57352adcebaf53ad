"""What teachers say of texts, and the loss that passes it on."""

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.models.trained import Trained
from edgelab.workspace import build_once

if TYPE_CHECKING:
    from edgelab.models.tokens import Encoded
    from edgelab.models.training import Batch, Loss


@dataclass(frozen=True)
class Targets:
    """Texts and what the teachers say of them: intent logits [texts, labels], and, where they have slot heads,
    slot logits of each text's words."""

    texts: tuple[str, ...]
    intent_logits: np.ndarray
    slot_logits: list[np.ndarray] | None


def soft_targets(
    teachers: tuple[Trained, ...], vocabulary: int, augmented: int, unlabelled: tuple[str, ...] = (), *, seed: int = 0
) -> Targets:
    """The training texts, `augmented` variations of them and, last, unlabelled texts, labelled by the mean logits of the
    teachers. The unlabelled ones are kept apart: with others, or none, all else is loaded."""
    dataset = teachers[0].dataset
    inputs = {
        "data": dataset.fingerprint,
        "teachers": [t.artifact.path.name for t in teachers],
        "vocabulary": vocabulary,
        "augmented": augmented,
        "seed": seed,
    }

    def build(folder: Path) -> None:
        from edgelab.distillation.augmentation import augment

        _label(dataset.train.texts + augment(dataset, vocabulary, augmented, seed=seed), teachers, folder)

    made = _kept(build_once("targets", build, inputs=inputs).path)
    return _joined(made, labelled_texts(teachers, unlabelled)) if unlabelled else made


def labelled_texts(teachers: tuple[Trained, ...], texts: tuple[str, ...]) -> Targets:
    """Any texts, labelled by the mean logits of the teachers."""

    def build(folder: Path) -> None:
        _label(texts, teachers, folder)

    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    inputs = {"teachers": [t.artifact.path.name for t in teachers], "texts": digest}
    return _kept(build_once("targets", build, inputs=inputs).path)


def _label(texts: tuple[str, ...], teachers: tuple[Trained, ...], folder: Path) -> None:
    """The teachers' mean logits of texts, into a folder."""
    from edgelab.models.storage import load_model, load_stored_tokenizer
    from edgelab.models.tokens import encode
    from edgelab.models.training import run

    intent = np.zeros((len(texts), len(teachers[0].dataset.labels)), dtype=np.float32)
    slots: np.ndarray | None = None
    words = np.zeros(len(texts), dtype=int)
    for number, teacher in enumerate(teachers, 1):
        title = "teacher labels sentences" + (f", {number} of {len(teachers)}" if len(teachers) > 1 else "")
        tokenizer = load_stored_tokenizer(teacher.artifact.path)
        outputs = run(load_model(teacher.artifact.path, teacher.spec), encode(tokenizer, texts), title=title)
        intent += outputs.intent_logits / len(teachers)
        if outputs.slot_logits is not None:
            share = outputs.slot_logits / len(teachers)
            slots = share if slots is None else slots + share
        words = outputs.words
    if slots is None:
        np.savez(folder / "targets.npz", intent=intent, words=words)
    else:
        np.savez(folder / "targets.npz", intent=intent, words=words, slots=slots.astype(np.float16))
    (folder / "texts.json").write_text(json.dumps(texts), "utf-8")


def _kept(folder: Path) -> Targets:
    """What `_label` wrote."""
    with np.load(folder / "targets.npz") as stored:
        rows = np.split(stored["slots"], np.cumsum(stored["words"])[:-1]) if "slots" in stored else None
        texts = tuple(json.loads((folder / "texts.json").read_text("utf-8")))
        return Targets(texts, stored["intent"], rows)


def _joined(first: Targets, second: Targets) -> Targets:
    """All texts of both; the same teachers labelled them."""
    slots = None if first.slot_logits is None else first.slot_logits + (second.slot_logits or [])
    logits = np.concatenate([first.intent_logits, second.intent_logits])
    return Targets(first.texts + second.texts, logits, slots)


def align(encoded: "Encoded", targets: Targets) -> "tuple[Encoded, Targets]":
    """Keep, of each text, the words that both tokenizers kept: long texts are cut at different words."""
    if targets.slot_logits is None:
        return encoded, targets
    counts = [min(len(first), len(rows)) for first, rows in zip(encoded.first, targets.slot_logits, strict=True)]
    first = [f[:n] for f, n in zip(encoded.first, counts, strict=True)]
    slots = [rows[:n] for rows, n in zip(targets.slot_logits, counts, strict=True)]
    return replace(encoded, first=first, tags=[[0] * n for n in counts]), replace(targets, slot_logits=slots)


def soft_loss(targets: Targets, temperature: float, slot_weight: float = 1.0) -> "Loss":
    """The loss that `models.training.train` takes: T^2 times `losses.divergence`, in torch, on intents and, `slot_weight`
    times, on each word's tags."""
    import torch
    from torch.nn.functional import kl_div, log_softmax

    def divergence(student: torch.Tensor, teacher: torch.Tensor) -> torch.Tensor:
        soft, target = log_softmax(student / temperature, -1), log_softmax(teacher / temperature, -1)
        return temperature**2 * kl_div(soft, target, reduction="batchmean", log_target=True)

    intent = torch.as_tensor(targets.intent_logits)

    def loss(outputs: tuple[torch.Tensor, ...], batch: "Batch") -> torch.Tensor:
        value = divergence(outputs[0], intent[batch.rows])
        if len(outputs) > 1 and targets.slot_logits is not None:
            rows = np.concatenate([targets.slot_logits[i] for i in batch.rows])
            tags = torch.as_tensor(rows, dtype=torch.float32)
            value = value + slot_weight * divergence(outputs[1][batch.first], tags)
        return value

    return loss
