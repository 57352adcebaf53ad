"""A trained model on disk, and what it says of a held-out split once it is asked."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.dataset import Dataset, Split
from edgelab.workspace import Artifact, build_once

# What decides an answer, of a torch model or of a converted file.
ANSWERING = tuple(
    f"edgelab.{name}" for name in ("converted", "encoder", "graph", "models", "slots", "trained", "training")
)
# What decides the bundle of either.
BUNDLING = tuple(f"edgelab.{name}" for name in ("bundle", "graph", "measurement", "slots", "trained", "wordpiece"))


@dataclass(frozen=True)
class Trained:
    """A trained model on disk. A split is read when its outputs are first asked for, so test stays unread until then."""

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

    def answer(self, texts: tuple[str, ...]):
        """The `training.Outputs` on texts."""
        from edgelab.encoder import encode
        from edgelab.training import run

        return run(self.model(), encode(self.tokenizer(), texts))

    def outputs(self, split: str = "test"):
        """The `training.Outputs` on a split, by its name; kept once given."""
        from edgelab.training import Outputs

        def build(folder: Path) -> None:
            given = self.answer(self.split(split).texts)
            slots = {} if given.slots is None else {"slots": given.slots}
            np.savez(folder / "outputs.npz", intent=given.intent, words=given.words, **slots)

        inputs = {"model": self.artifact.path.name, "data": self.dataset.fingerprint, "split": split}
        artifact = build_once("outputs", build, inputs=inputs, modules=ANSWERING)
        with np.load(artifact.path / "outputs.npz") as stored:
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

        from edgelab.models import empty_model

        weights = load_file(str(self.artifact.path / "model.safetensors"))
        model = empty_model(self.spec, weights)
        model.load_state_dict(weights)
        return model.eval()

    def metrics(self) -> dict:
        """Accuracy and, with a slot head, slot exact match on test, each as [value, low, high]."""
        from edgelab.measurement import accuracy_interval

        kinds = {"accuracy": self.correct}
        if self.dataset.test.spans is not None and self.outputs().slots is not None:
            kinds["slot_exact_match"] = self.slots_correct
        intervals = {name: accuracy_interval(correct()) for name, correct in kinds.items()}
        return {name: [i.value, i.low, i.high] for name, i in intervals.items()}

    def bundle(self) -> Path:
        """The deployable folder of this model: exported, compared with torch, kept."""

        def build(folder: Path) -> None:
            from edgelab.bundle import save
            from edgelab.export import export_onnx

            file = folder / "export.onnx"
            export_onnx(self.model(), file, self.vocabulary)
            save(
                folder / "bundle", file, self.tokenizer(), dataset=self.dataset, model=self.name, metrics=self.metrics()
            )
            file.unlink()

        inputs = {"model": self.artifact.path.name, "name": self.name, "data": self.dataset.name}
        modules = ("edgelab.export", *BUNDLING)
        return build_once("bundle", build, inputs=inputs, modules=modules).path / "bundle"


def store(folder: Path, model, tokenizer) -> None:
    """Write the model and its tokenizer."""
    from safetensors.torch import save_file

    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, str(folder / "model.safetensors"))
    tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
