"""The teacher: the pretrained encoder, fine-tuned."""

import functools
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.datasets.dataset import Dataset, Split, joined
from edgelab.distillation.substitution import substituted
from edgelab.models.storage import store
from edgelab.models.trained import Trained
from edgelab.workspace import build_once, plain


@dataclass(frozen=True)
class TeacherPlan:
    """How the teacher is fine-tuned (every layer; the token embeddings stay as they are)."""

    lr: float = 4e-4
    head_lr: float = 2e-3
    batch_size: int = 128
    epochs: float = 4.0
    slot_weight: float = 2.0  # of the words' tags in the loss, against 1 for the intent
    exchanged: int = 0  # copies of the examples with other values in their slots; an epoch holds them, too

    @classmethod
    def for_data(cls, dataset: Dataset) -> "TeacherPlan":
        """The plan for a data set of this size, with slots or without."""
        return cls.for_size(len(dataset.train), slots=bool(dataset.slot_names))

    @classmethod
    def for_size(cls, examples: int, *, slots: bool = False) -> "TeacherPlan":
        """Where examples are plenty, two passes make as accurate a teacher, but four one that teaches better. Fewer
        examples need smaller batches, and more passes. Slots need a faster head and other values (benchmarks/README.md)."""
        if examples < 10_000:
            epochs = max(3.0, 10_000 / examples)
            return cls(head_lr=2e-2, batch_size=32, epochs=epochs, exchanged=int(slots))
        if slots:
            return cls(head_lr=1e-2, batch_size=64, epochs=3.0, slot_weight=4.0, exchanged=1)
        return cls()


def train_teacher(dataset: Dataset, plan: TeacherPlan, *, seed: int = 0) -> Trained:
    """The pretrained encoder, fully fine-tuned with intent and slot heads trained jointly, on the labelled examples."""
    dataset = dataset.labelled
    inputs = {"data": dataset.fingerprint, "plan": plain(plan), "seed": seed}

    def build(folder: Path) -> None:
        from edgelab.models.networks import build_teacher
        from edgelab.models.tokens import encode_labelled, load_tokenizer
        from edgelab.models.training import Recipe, hard_loss, train

        tokenizer = load_tokenizer()
        examples = [dataset.train, *(substituted(dataset.train, seed=seed + copy) for copy in range(plan.exchanged))]
        encoded = encode_labelled(tokenizer, dataset, joined(examples))
        model = build_teacher(len(dataset.labels), 1 + 2 * len(dataset.slot_names), seed)
        recipe = Recipe(plan.lr, plan.head_lr, plan.batch_size, epochs=plan.epochs)
        loss = functools.partial(hard_loss, slot_weight=plan.slot_weight)
        train(model, encoded, loss, recipe, seed=seed, title="teacher")
        store(folder, model, tokenizer)

    artifact = build_once("teacher", build, inputs=inputs)
    return Trained("teacher", artifact, None, dataset, vocabulary=30522)


def zero_shot(dataset: Dataset, split: Split) -> np.ndarray:
    """The untuned encoder's best label for each text, by cosine similarity to the labels' names; ids [examples]."""
    from edgelab.models.encoder import sentence_embedder

    embed = sentence_embedder()
    names = tuple(label.replace("_", " ") for label in dataset.labels)
    return (embed(split.texts) @ embed(names).T).argmax(1)
