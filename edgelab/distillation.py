"""Distillation: a large teacher, small students, and what passes from one to the other.

Source of the method: Hinton, Vinyals, Dean 2015, "Distilling the knowledge in a neural network".
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgelab.dataset import Dataset, Split
from edgelab.workspace import Artifact, build_once, plain

MODULES = ("edgelab.distillation", "edgelab.augmentation", "edgelab.encoder", "edgelab.training", "edgelab.slots")


# --- the mathematics, in NumPy ------------------------------------------------------------------


def soften(logits: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities of logits [..., classes] at a temperature: 1 is the usual softmax, higher is flatter.

    Raises:
        ValueError: the temperature is not positive.
    """
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0, found {temperature}")
    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(-1, keepdims=True))
    return powers / powers.sum(-1, keepdims=True)


def soft_label_loss(student_logits: np.ndarray, teacher_logits: np.ndarray, temperature: float = 2.0) -> float:
    """T^2 times the mean KL divergence from the teacher's softened probabilities to the student's.

    Both are [examples, classes]. The factor T^2 keeps the size of the gradient as T grows (Hinton 2015, section 2.1).
    """
    teacher, student = soften(teacher_logits, temperature), soften(student_logits, temperature)
    # 0 log 0 is 0: a class that the teacher rules out adds nothing.
    terms = np.where(teacher > 0, teacher * (np.log(np.maximum(teacher, 1e-300)) - np.log(student)), 0.0)
    return float(temperature**2 * terms.sum(-1).mean())


def kd_loss(
    student_logits: np.ndarray,
    teacher_logits: np.ndarray,
    labels: np.ndarray,
    temperature: float = 2.0,
    alpha: float = 0.5,
) -> float:
    """`alpha` parts soft-label loss and `1 - alpha` parts cross-entropy with the labels [examples] (at T = 1)."""
    probabilities = soften(student_logits, 1.0)[np.arange(len(labels)), labels]
    hard = -np.log(probabilities).mean()
    return float(alpha * soft_label_loss(student_logits, teacher_logits, temperature) + (1 - alpha) * hard)


# --- trained models, memoised -------------------------------------------------------------------


@dataclass(frozen=True)
class Trained:
    """A trained model on disk. Its outputs on validation, test and every extra split lie beside it."""

    name: str
    artifact: Artifact
    spec: object  # encoder.Spec, or None for the teacher
    dataset: Dataset
    vocabulary: int

    @property
    def note(self) -> str:
        return self.artifact.note.replace(self.artifact.kind, self.name, 1)

    def split(self, name: str) -> Split:
        return getattr(self.dataset, name) if name in ("validation", "test") else self.dataset.extra[name]

    def outputs(self, split: str = "test"):
        """The stored `training.Outputs` on a split, by its name."""
        from edgelab.training import Outputs

        with np.load(self.artifact.path / f"{split}.npz") as stored:
            return Outputs(stored["intent"], stored["slots"] if "slots" in stored else None, stored["words"])

    def correct(self, split: str = "test") -> np.ndarray:
        """Whether each example's intent is right, bool [examples]."""
        best = self.outputs(split).intent.argmax(1)
        return np.array([self.dataset.labels[i] for i in best]) == np.array(self.split(split).labels)

    def slots_correct(self, split: str = "test") -> np.ndarray:
        """Whether each example's slots all match, bool [examples], decoded as the bundle decodes them.

        Raises:
            ValueError: the model has no slot head.
        """
        from edgelab.bundle import allowed_tags, label_slots
        from edgelab.slots import exact_match, first_pieces, tag_names, tags_to_spans

        outputs, data, tags = self.outputs(split), self.split(split), tag_names(list(self.dataset.slot_names))
        if outputs.slots is None:
            raise ValueError(f"{self.name} has no slot head: a static student sees no order of words")
        allowed = allowed_tags(self.dataset.labels, tags, label_slots(self.dataset.train))
        matches = []
        encodings = self.tokenizer().encode_batch(list(data.texts))
        for text, gold, encoding, best, words in zip(
            data.texts, data.spans, encodings, outputs.intent.argmax(1), outputs.slot_rows(), strict=True
        ):
            tag_ids = np.zeros(len(encoding.ids), dtype=int)
            tag_ids[first_pieces(encoding.word_ids)] = np.where(allowed[best], words, -np.inf).argmax(1)
            matches.append(exact_match(text, tags_to_spans(tag_ids, encoding.word_ids, encoding.offsets, tags), gold))
        return np.array(matches)

    def tokenizer(self):
        from tokenizers import Tokenizer

        return Tokenizer.from_file(str(self.artifact.path / "tokenizer.json"))

    def model(self):
        """The trained torch module, in eval mode."""
        from safetensors.torch import load_file

        from edgelab.encoder import empty_model

        weights = load_file(str(self.artifact.path / "model.safetensors"))
        model = empty_model(self.spec, weights)
        model.load_state_dict(weights)
        return model.eval()


def _store(folder: Path, model, tokenizer, dataset: Dataset) -> None:
    """Write the model, its tokenizer and its outputs on every held-out split."""
    from safetensors.torch import save_file

    from edgelab.encoder import encode
    from edgelab.training import run

    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, str(folder / "model.safetensors"))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    for name, split in {"validation": dataset.validation, "test": dataset.test, **dataset.extra}.items():
        outputs = run(model, encode(tokenizer, split.texts))
        slots = {} if outputs.slots is None else {"slots": outputs.slots}
        np.savez(folder / f"{name}.npz", intent=outputs.intent, words=outputs.words, **slots)


# --- the teacher --------------------------------------------------------------------------------


@dataclass(frozen=True)
class TeacherPlan:
    """How the teacher is fine-tuned (every layer; the token embeddings stay as they are)."""

    lr: float = 3e-4
    head_lr: float = 2e-3
    batch_size: int = 64
    epochs: float = 2.0


def train_teacher(dataset: Dataset, plan: TeacherPlan, *, seed: int = 0) -> Trained:
    """The pretrained encoder, fully fine-tuned with intent and slot heads trained jointly."""
    inputs = {"data": dataset.fingerprint, "plan": plain(plan), "seed": seed}

    def build(folder: Path) -> None:
        from edgelab.encoder import build_teacher, encode_labelled, load_tokenizer
        from edgelab.training import Recipe, hard_loss, train

        tokenizer = load_tokenizer()
        encoded = encode_labelled(tokenizer, dataset, dataset.train)
        model = build_teacher(len(dataset.labels), 1 + 2 * len(dataset.slot_names), seed)
        recipe = Recipe(plan.lr, plan.head_lr, plan.batch_size, epochs=plan.epochs)
        train(model, encoded, hard_loss, recipe, seed=seed, title="teacher")
        _store(folder, model, tokenizer, dataset)

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
    are real ones; `masked` is the share of the student's tokens hidden behind [MASK] while the target stays.
    """

    lr: float
    steps: int
    batch_size: int = 128
    temperature: float = 2.0
    augmented: int = 0
    real_share: float = 0.3
    masked: float = 0.15


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
        np.savez(folder / "targets.npz", texts=np.array(texts), intent=intent, words=words, **stored)

    artifact = build_once("targets", build, inputs=inputs, modules=MODULES)
    with np.load(artifact.path / "targets.npz") as stored:
        rows = np.split(stored["slots"], np.cumsum(stored["words"])[:-1]) if "slots" in stored else None
        return Targets(tuple(stored["texts"].tolist()), stored["intent"], rows)


def train_student(
    spec, teachers: tuple[Trained, ...], plan: StudentPlan, *, seed: int = 0, distilled: bool = True
) -> Trained:
    """A student of `spec` (an `encoder.Spec`) trained on what the teachers say or, its undistilled twin, on the
    labels: the same start, steps and batches, the labelled sentences only."""
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
        from edgelab.encoder import build_student, encode, encode_labelled, load_tokenizer, trim_vocabulary
        from edgelab.training import Recipe, hard_loss, train

        tokenizer, kept = trim_vocabulary(load_tokenizer(), dataset.train.texts, spec.vocabulary)
        tags = 1 if spec.family == "static" else 1 + 2 * len(dataset.slot_names)
        model = build_student(spec, teachers[0].model(), kept, tags, seed)
        recipe = Recipe(plan.lr, plan.lr, plan.batch_size, steps=plan.steps, warmup=0.06, decay="cosine")
        arguments = {"seed": seed, "title": f"{name}, seed {seed}", "corrupt": mask_tokens(tokenizer, plan.masked)}
        if not distilled:
            train(model, encode_labelled(tokenizer, dataset, dataset.train), hard_loss, recipe, **arguments)
        else:
            targets = soft_targets(teachers, spec.vocabulary, plan.augmented)
            encoded, targets = align(encode(tokenizer, targets.texts), targets)
            loss = soft_loss(targets, plan.temperature)
            rows = draw_mixture(encoded.lengths, len(dataset.train), plan)
            train(model, encoded, loss, recipe, next_rows=rows, **arguments)
        _store(folder, model, tokenizer, dataset)

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


def mask_tokens(tokenizer, share: float):
    """`corrupt(ids, generator)` for `training.train`: hides a share of the ordinary tokens behind [MASK]."""
    import torch

    mask = tokenizer.token_to_id("[MASK]")
    special = torch.tensor([tokenizer.token_to_id(t) for t in ("[PAD]", "[CLS]", "[SEP]")])

    def corrupt(ids, generator):
        chosen = torch.as_tensor(generator.random(tuple(ids.shape)) < share) & ~torch.isin(ids, special)
        return torch.where(chosen, mask, ids)

    return corrupt


def draw_mixture(lengths: np.ndarray, real: int, plan: StudentPlan):
    """`next_rows` for `training.train`: batches of similar length, `real_share` of the rows below `real`."""

    def next_rows(generator):
        size = 50 * plan.batch_size
        share = plan.real_share if len(lengths) > real else 1.0
        from_real = generator.random(size) < share
        rows = np.where(from_real, generator.integers(0, real, size), generator.integers(real, max(len(lengths), real + 1), size))
        rows = rows[np.argsort(lengths[rows], kind="stable")].reshape(50, plan.batch_size)
        yield from generator.permutation(rows)

    return next_rows


# --- what was lost ------------------------------------------------------------------------------


def recall_by_label(predicted: np.ndarray, gold: np.ndarray) -> dict[str, float]:
    """For each label in `gold` the share of its examples that were predicted as it; both [examples] of label names."""
    return {str(label): float(np.mean(predicted[gold == label] == label)) for label in np.unique(gold)}
