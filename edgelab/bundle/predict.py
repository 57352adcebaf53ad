"""A bundle in use: text in, label and slots out. It needs onnxruntime, tokenizers and numpy alone."""

import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgelab.bundle.decoding import Tokenized, allowed_tags, decode
from edgelab.bundle.manifest import BundleError, read_manifest
from edgelab.datasets.slots import Span, slot_values, tag_names
from edgelab.stats.softmax import softmax


@dataclass(frozen=True)
class Prediction:
    """One answered request. `latency_ms` runs from text in to label and slots out, tokenizer included; `intent_logits`
    [labels] decided the label, `slot_logits` [tokens, tags] the slots, `tokens` are those of the text (both None
    without a slot head)."""

    text: str
    label: str
    slots: dict[str, list[str]]
    latency_ms: float
    spans: tuple[Span, ...]
    intent_logits: np.ndarray = field(repr=False, compare=False)
    slot_logits: np.ndarray | None = field(default=None, repr=False, compare=False)
    tokens: Tokenized | None = field(default=None, repr=False, compare=False)

    @property
    def confidence(self) -> float:
        """The probability of the label: the largest of the softmax."""
        return float(softmax(self.intent_logits).max())


class Bundle:
    """A loaded bundle: one ONNX Runtime session and its tokenizer, with a shorter way for plain texts where the
    tokenizer is BERT's."""

    def __init__(self, folder: Path, manifest: dict, threads: int):
        from tokenizers import Tokenizer

        from edgelab.bundle.session import cpu_session, takes_mask
        from edgelab.bundle.wordpiece import WordPiece

        self.folder, self.manifest = folder, manifest
        self.labels: tuple[str, ...] = tuple(manifest["labels"])
        try:
            self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self.session = cpu_session(folder / "model.onnx", threads=threads)
            self._masked = takes_mask(self.session)
            # The tokenizer's last token has an embedding only if the two files belong together.
            intent, slots = self.run([self.tokenizer.get_vocab_size() - 1])
        except ImportError:  # a library that is missing is no fault of the bundle
            raise
        except Exception as error:  # both libraries raise classes of their own
            raise BundleError(f"{folder}: model and tokenizer do not work: {' '.join(str(error).split())}") from None
        self.tags: list[str] = tag_names([] if slots is None else manifest["slot_names"])
        found = (len(intent), 1 if slots is None else slots.shape[1])
        if found != (len(self.labels), len(self.tags)):
            raise BundleError(
                f"{folder}: bundle.json has {len(self.labels)} labels and {len(self.tags)} slot tags, "
                f"model.onnx answers with {found[0]} and {found[1]}"
            )
        self._allowed = allowed_tags(self.labels, self.tags, manifest["label_slots"])
        try:
            self._plain: WordPiece | None = WordPiece(self.tokenizer)
        except ValueError:  # another tokenizer than the course's
            self._plain = None

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1) -> "Bundle":
        """Verify the folder against its manifest and open it.

        Raises:
            BundleError: a file is missing, altered or truncated, the format is newer than this program's, or the
                files do not belong together.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder), threads)

    @property
    def size_bytes(self) -> int:
        return sum(f.stat().st_size for f in self.folder.iterdir())

    def encode(self, text: str):
        """The text's `ids`, `word_ids` and `offsets`: a `wordpiece.Tokens` if it is plain, else the library's."""
        if self._plain and self._plain.accepts(text):
            return self._plain.encode(text)
        return self.tokenizer.encode(text)

    def token_ids(self, text: str) -> list[int]:
        """`encode(text).ids`, sooner."""
        if self._plain and self._plain.accepts(text):
            return self._plain.ids(text)
        return self.tokenizer.encode(text).ids

    def overflow(self, text: str) -> list[Tokenized]:
        """The parts of a text beyond what the model reads at once; empty where it reads all of it."""
        longest = (self.tokenizer.truncation or {}).get("max_length")
        if longest is None or len(self.token_ids(text)) < longest:
            return []
        return self.tokenizer.encode(text).overflowing

    def logits(self, text: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Intent logits [labels] and slot logits [tokens, tags] of one text (None without a slot head)."""
        return self.run(self.token_ids(text))

    def run(self, token_ids: list[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """`logits` of a text that is tokenized already."""
        ids = np.array([token_ids], dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones_like(ids)} if self._masked else {"ids": ids}
        outputs = self.session.run(None, feed)
        return outputs[0][0], outputs[1][0] if len(outputs) > 1 else None

    def predict(self, text: str) -> Prediction:
        start = time.perf_counter_ns()
        tokens = self.encode(text) if len(self.tags) > 1 else None
        intent, slots = self.run(self.token_ids(text) if tokens is None else tokens.ids)
        best = int(intent.argmax())
        spans = () if tokens is None else decode(slots, self._allowed[best], tokens, self.tags)
        values = slot_values(text, spans)
        latency_ms = (time.perf_counter_ns() - start) / 1e6
        return Prediction(text, self.labels[best], values, latency_ms, spans, intent, slots, tokens)
