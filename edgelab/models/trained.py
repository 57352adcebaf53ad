"""A trained model on disk, and what it says of a held-out split once it is asked."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.bundle.answers import save_measured
from edgelab.bundle.decoding import decode, grammars
from edgelab.bundle.evaluation import calls_right
from edgelab.bundle.transitions import pack, transition_scores, unpack
from edgelab.datasets.dataset import Dataset, Split, label_slots
from edgelab.datasets.slots import exact_match, first_pieces, tag_names
from edgelab.models.outputs import Outputs
from edgelab.models.spec import Spec
from edgelab.models.storage import load_model, load_stored_tokenizer
from edgelab.workspace import Artifact, build_once

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import nn


@dataclass(frozen=True)
class Trained:
    """A trained model on disk. A split is read when its outputs are first asked for, so test stays unread until then."""

    name: str
    artifact: Artifact
    spec: Spec | None  # None: the teacher
    dataset: Dataset
    vocabulary: int

    @property
    def note(self) -> str:
        """Whether it was built now or loaded, in a line that names the model."""
        return self.artifact.note.replace(self.artifact.kind, self.name, 1)

    def split(self, name: str) -> Split:
        """A held-out split of its data: `validation`, `test`, or one of the extra ones."""
        return getattr(self.dataset, name) if name in ("validation", "test") else self.dataset.extra[name]

    def answer(self, texts: tuple[str, ...]) -> Outputs:
        """What it says of texts."""
        from edgelab.models.tokens import encode
        from edgelab.models.training import run

        return run(self.model(), encode(self.tokenizer(), texts))

    def outputs(self, split: str = "test") -> Outputs:
        """What it says of a split, by its name; kept once given."""

        def build(folder: Path) -> None:
            given, file = self.answer(self.split(split).texts), folder / "outputs.npz"
            if given.slot_logits is None:
                np.savez(file, intent=given.intent_logits, words=given.words)
            else:
                np.savez(file, intent=given.intent_logits, words=given.words, slots=given.slot_logits)

        inputs = {"model": self.artifact.path.name, "data": self.dataset.fingerprint, "split": split}
        artifact = build_once("outputs", build, inputs=inputs, through=(self.answer,))
        with np.load(artifact.path / "outputs.npz") as stored:
            return Outputs(stored["intent"], stored.get("slots"), stored["words"])

    def correct(self, split: str = "test") -> np.ndarray:
        """Whether each example's intent is right, bool [examples]."""
        best = self.outputs(split).intent_logits.argmax(1)
        return np.array([self.dataset.labels[i] for i in best]) == np.array(self.split(split).labels)

    def slots_correct(self, split: str = "test") -> np.ndarray:
        """Whether each example's slots all match, bool [examples], decoded as the bundle decodes them.

        Raises:
            ValueError: the model has no slot head, or the split no slots.
        """
        outputs, data, tags = self.outputs(split), self.split(split), tag_names(list(self.dataset.slot_names))
        if outputs.slot_logits is None:
            raise ValueError(f"{self.name} has no slot head: a static student sees no order of words")
        if data.spans is None:
            raise ValueError(f"{self.dataset.name} has no slots in its {split} split: there is nothing to compare with")
        train = self.dataset.train
        scores = transition_scores(train.texts, train.spans or (), self.dataset.slot_names)
        rules = grammars(self.dataset.labels, tags, label_slots(train), unpack(pack(scores), tags))
        matches = []
        encodings = self.tokenizer().encode_batch(list(data.texts))
        for text, gold, encoding, best, words in zip(
            data.texts, data.spans, encodings, outputs.intent_logits.argmax(1), outputs.slot_rows(), strict=True
        ):
            slot_logits = np.zeros((len(encoding.ids), len(tags)))
            slot_logits[first_pieces(encoding.word_ids)] = words
            matches.append(exact_match(text, decode(slot_logits, rules[best], encoding, tags), gold))
        return np.array(matches)

    def calls_correct(self, split: str = "test") -> np.ndarray:
        """Whether each example's call is right, label and slots, bool [examples]. A model without a slot head makes the
        calls that need none."""
        spans = self.split(split).spans
        if spans is None:
            slots = None
        elif self.outputs(split).slot_logits is None:
            slots = np.array([not gold for gold in spans])
        else:
            slots = self.slots_correct(split)
        return calls_right(self.correct(split), slots)

    def tokenizer(self) -> "Tokenizer":
        """The tokenizer that it was trained with."""
        return load_stored_tokenizer(self.artifact.path)

    def model(self) -> "nn.Module":
        """The trained torch module, in eval mode."""
        return load_model(self.artifact.path, self.spec)

    def bundle(self, kept_accuracy: float | None = None) -> Path:
        """The deployable folder of this model: exported, compared with torch, measured on validation, kept; with the
        threshold from which on so many labels are right, if that is asked for."""

        def build(folder: Path) -> None:
            from edgelab.export.to_onnx import export_onnx

            file = folder / "export.onnx"
            export_onnx(load_model(self.artifact.path, self.spec), file, self.vocabulary)
            tokenizer, data = self.tokenizer(), self.dataset
            save_measured(
                folder / "bundle", file, tokenizer, dataset=data, model=self.name, kept_accuracy=kept_accuracy
            )
            file.unlink()

        inputs = {"model": self.artifact.path.name, "name": self.name, "data": self.dataset.name, "kept": kept_accuracy}
        return build_once("bundle", build, inputs=inputs).path / "bundle"
