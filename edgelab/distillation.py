"""Distillation: a large teacher, small students, and what passes from one to the other.

Source of the method: Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network".
"""

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgelab.dataset import Dataset, Split
from edgelab.trained import Trained, store
from edgelab.workspace import build_once, plain

MODULES = (
    "edgelab.distillation",
    "edgelab.augmentation",
    "edgelab.encoder",
    "edgelab.models",
    "edgelab.packing",
    "edgelab.qat",
    "edgelab.quantization",
    "edgelab.training",
    "edgelab.trained",
    "edgelab.slots",
)


# --- the mathematics, in NumPy ------------------------------------------------------------------


def soften(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of logits [..., classes] at a temperature: 1 is the usual softmax, higher is flatter.

    Raises:
        ValueError: the temperature is not positive.
    """
    return np.exp(log_soften(logits, temperature))


def log_soften(logits: np.ndarray, temperature: float) -> np.ndarray:
    """The logarithm of `soften`, exact also where a probability is too small for a float."""
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0, found {temperature}")
    scaled = logits / temperature
    shifted = scaled - scaled.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def soft_label_loss(student_logits: np.ndarray, teacher_logits: np.ndarray, temperature: float = 2.0) -> float:
    """T^2 times the mean KL divergence from the teacher's softened probabilities to the student's.

    Both are [examples, classes]. The factor T^2 keeps the size of the gradient as T grows (Hinton 2015, section 2.1).
    """
    teacher, student = log_soften(teacher_logits, temperature), log_soften(student_logits, temperature)
    divergence = (np.exp(teacher) * (teacher - student)).sum(-1)
    return float(temperature**2 * divergence.mean())


def kd_loss(
    student_logits: np.ndarray,
    teacher_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> float:
    """`alpha` parts soft-label loss and `1 - alpha` parts cross-entropy with the labels [examples] (at T = 1)."""
    hard = -log_soften(student_logits, 1.0)[np.arange(len(labels)), labels].mean()
    return float(alpha * soft_label_loss(student_logits, teacher_logits, temperature) + (1 - alpha) * hard)


# --- the teacher --------------------------------------------------------------------------------


@dataclass(frozen=True)
class TeacherPlan:
    """How the teacher is fine-tuned (every layer; the token embeddings stay as they are)."""

    lr: float = 4e-4
    head_lr: float = 2e-3
    batch_size: int = 128
    epochs: float = 4.0
    slot_weight: float = 2.0  # of the words' tags in the loss, against 1 for the intent

    @classmethod
    def for_size(cls, examples: int) -> "TeacherPlan":
        """Where examples are plenty, two passes make as accurate a teacher, but four one that teaches better
        (benchmarks/README.md). Fewer examples need smaller batches, and more passes."""
        if examples >= 5000:
            return cls()
        return cls(head_lr=2e-2, batch_size=32, epochs=max(3.0, 10_000 / examples))


def train_teacher(dataset: Dataset, plan: TeacherPlan, *, seed: int = 0) -> Trained:
    """The pretrained encoder, fully fine-tuned with intent and slot heads trained jointly."""
    inputs = {"data": dataset.fingerprint, "plan": plain(plan), "seed": seed}

    def build(folder: Path) -> None:
        from edgelab.encoder import encode_labelled, load_tokenizer
        from edgelab.models import build_teacher
        from edgelab.training import Recipe, hard_loss, train

        tokenizer = load_tokenizer()
        encoded = encode_labelled(tokenizer, dataset, dataset.train)
        model = build_teacher(len(dataset.labels), 1 + 2 * len(dataset.slot_names), seed)
        recipe = Recipe(plan.lr, plan.head_lr, plan.batch_size, epochs=plan.epochs)
        loss = functools.partial(hard_loss, slot_weight=plan.slot_weight)
        train(model, encoded, loss, recipe, seed=seed, title="teacher")
        store(folder, model, tokenizer)

    artifact = build_once("teacher", build, inputs=inputs, modules=MODULES)
    return Trained("teacher", artifact, None, dataset, vocabulary=30522)


def zero_shot(dataset: Dataset, split: Split) -> np.ndarray:
    """The untuned encoder's best label for each text, by cosine similarity to the labels' names; ids [examples]."""
    from edgelab.encoder import embed

    names = tuple(label.replace("_", " ") for label in dataset.labels)
    return (embed(split.texts) @ embed(names).T).argmax(1)


# --- students -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class StudentPlan:
    """How a student is trained.

    `augmented` sentences are made from the training texts and labelled by the teacher; `real_share` of what is drawn
    are real ones; `masked` is the share of the student's tokens hidden behind [MASK] while the target stays; with
    `bits` the last 40 % of the steps are quantization-aware, and the weights end on that grid.
    """

    lr: float
    steps: int
    batch_size: int = 128
    temperature: float = 1.0
    augmented: int = 0
    real_share: float = 0.3
    masked: float = 0.15
    head_lr: float = 8e-3  # for the fresh heads on pretrained layers: only a transformer has both
    bits: int | None = None
    variations_from: int | None = None  # tokens that variations are made of; None: those that the student keeps

    @classmethod
    def for_family(cls, family: str) -> "StudentPlan":
        """A short training that suits a notebook; `benchmarks.distillation` runs longer ones."""
        lr, steps = {"transformer": (7e-4, 200), "convolution": (5e-3, 1200), "static": (5e-3, 1200)}[family]
        return cls(lr, steps, batch_size=64, augmented=10_000)


@dataclass(frozen=True)
class Targets:
    """Texts and what the teachers say of them: intent logits [texts, labels], and, where they have slot heads,
    slot logits of each text's words."""

    texts: tuple[str, ...]
    intent: np.ndarray
    slots: list[np.ndarray] | None


def soft_targets(teachers: tuple[Trained, ...], vocabulary: int, augmented: int, *, seed: int = 0) -> Targets:
    """The training texts and `augmented` variations of them, labelled by the mean logits of the teachers."""
    dataset = teachers[0].dataset
    inputs = {
        "data": dataset.fingerprint,
        "teachers": [t.artifact.path.name for t in teachers],
        "vocabulary": vocabulary,
        "augmented": augmented,
        "seed": seed,
    }

    def build(folder: Path) -> None:
        from edgelab.augmentation import augment
        from edgelab.encoder import encode
        from edgelab.training import run

        texts = dataset.train.texts + augment(dataset, vocabulary, augmented, seed=seed)
        intent, slots, words = 0.0, 0.0, None
        for number, teacher in enumerate(teachers, 1):
            title = "teacher labels sentences" + (f", {number} of {len(teachers)}" if len(teachers) > 1 else "")
            outputs = run(teacher.model(), encode(teacher.tokenizer(), texts), title=title)
            intent = intent + outputs.intent / len(teachers)
            slots = None if outputs.slots is None else slots + outputs.slots / len(teachers)
            words = outputs.words
        stored = {} if slots is None else {"slots": slots.astype(np.float16)}
        np.savez(folder / "targets.npz", intent=intent, words=words, **stored)
        (folder / "texts.json").write_text(json.dumps(texts), "utf-8")

    artifact = build_once("targets", build, inputs=inputs, modules=MODULES)
    with np.load(artifact.path / "targets.npz") as stored:
        rows = np.split(stored["slots"], np.cumsum(stored["words"])[:-1]) if "slots" in stored else None
        texts = tuple(json.loads((artifact.path / "texts.json").read_text("utf-8")))
        return Targets(texts, stored["intent"], rows)


def train_student(
    spec, teachers: tuple[Trained, ...], plan: StudentPlan, *, seed: int = 0, distilled: bool = True
) -> Trained:
    """A student of `spec` (an `encoder.Spec`) trained on what the teachers say or, its undistilled twin, on the
    labels: as many steps and batches, the labelled sentences only, and nothing of a teacher. A convolution starts
    from the pretrained encoder's tokens either way; a transformer from the teacher's layers, its twin from the
    pretrained ones."""
    dataset = teachers[0].dataset
    inputs = {
        "data": dataset.fingerprint,
        "teachers": [t.artifact.path.name for t in (teachers if distilled else teachers[:1])],
        "spec": plain(spec),
        "plan": plain(plan),
        "seed": seed,
        "distilled": distilled,
    }
    name = spec.name if distilled else f"{spec.name}, undistilled"

    def build(folder: Path) -> None:
        from edgelab.encoder import encode, encode_labelled, load_tokenizer, trim_vocabulary
        from edgelab.models import build_student, build_teacher
        from edgelab.qat import quantize_aware, settle
        from edgelab.training import Recipe, draw_mixture, hard_loss, mask_tokens, train

        tokenizer, kept = trim_vocabulary(load_tokenizer(), dataset.train.texts, spec.vocabulary)
        tags = 1 if spec.family == "static" else 1 + 2 * len(dataset.slot_names)
        start = teachers[0].model() if distilled else build_teacher(len(dataset.labels), tags, seed)
        model = build_student(spec, start, kept, tags, seed)
        recipe = Recipe(plan.lr, plan.head_lr, plan.batch_size, steps=plan.steps, warmup=0.06, decay="cosine")
        arguments = {"seed": seed, "title": f"{name}, seed {seed}", "corrupt": mask_tokens(tokenizer, plan.masked)}
        if plan.bits:
            arguments["switch"] = (round(0.6 * plan.steps), lambda student: quantize_aware(student, plan.bits))
        if not distilled:
            train(model, encode_labelled(tokenizer, dataset, dataset.train), hard_loss, recipe, **arguments)
        else:
            targets = soft_targets(teachers, plan.variations_from or spec.vocabulary, plan.augmented)
            encoded, targets = align(encode(tokenizer, targets.texts), targets)
            loss = soft_loss(targets, plan.temperature)
            rows = draw_mixture(encoded.lengths, len(dataset.train), plan.real_share, plan.batch_size)
            train(model, encoded, loss, recipe, next_rows=rows, **arguments)
        settle(model)
        store(folder, model, tokenizer)

    artifact = build_once("student", build, inputs=inputs, modules=MODULES)
    return Trained(name, artifact, spec, dataset, spec.vocabulary)


def align(encoded, targets: Targets):
    """Keep, of each text, the words that both tokenizers kept: long texts are cut at different words."""
    if targets.slots is None:
        return encoded, targets
    counts = [min(len(first), len(rows)) for first, rows in zip(encoded.first, targets.slots, strict=True)]
    first = [f[:n] for f, n in zip(encoded.first, counts, strict=True)]
    slots = [rows[:n] for rows, n in zip(targets.slots, counts, strict=True)]
    return replace(encoded, first=first, tags=[[0] * n for n in counts]), replace(targets, slots=slots)


def soft_loss(targets: Targets, temperature: float):
    """`loss(outputs, batch)` for `training.train`: `soft_label_loss` in torch, on intents and on each word's tags."""
    import torch
    from torch.nn.functional import kl_div, log_softmax

    def divergence(student, teacher):
        soft, target = log_softmax(student / temperature, -1), log_softmax(teacher / temperature, -1)
        return temperature**2 * kl_div(soft, target, reduction="batchmean", log_target=True)

    intent = torch.as_tensor(targets.intent)

    def loss(outputs, batch):
        value = divergence(outputs[0], intent[batch.rows])
        if len(outputs) > 1:
            rows = np.concatenate([targets.slots[i] for i in batch.rows])
            value = value + divergence(outputs[1][batch.first], torch.as_tensor(rows, dtype=torch.float32))
        return value

    return loss


# --- what was lost ------------------------------------------------------------------------------


def recall_by_label(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """For each label in `gold` the share of its examples that were predicted as it; both [examples] of label names."""
    return {str(label): float(np.mean(predicted[gold == label] == label)) for label in np.unique(gold)}
