"""A bundle in use: text in, label and slots out. It needs onnxruntime, tokenizers and numpy alone."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.bundle.decoding import Tokenized, allowed_tags, decode
from edgelab.bundle.manifest import BundleError, read_manifest
from edgelab.datasets.slots import Span, slot_values, tag_names
from edgelab.stats.softmax import softmax
from edgelab.workspace import folder_bytes


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

    def __init__(self, folder: Path, manifest: dict[str, Any], threads: int) -> None:
        from edgelab.bundle.opening import open_model, open_tokenizer
        from edgelab.bundle.session import takes_mask
        from edgelab.bundle.wordpiece import WordPiece

        self.folder, self.manifest = folder, manifest
        self.labels: tuple[str, ...] = tuple(manifest["labels"])
        try:
            self.tokenizer = open_tokenizer(folder / "tokenizer.json")
            self.session = open_model(folder / "model.onnx", threads=threads)
        except (ImportError, BundleError):  # a library that is missing is no fault of the bundle
            raise
        except Exception as error:  # both libraries raise classes of their own
            raise BundleError(f"{folder}: model and tokenizer do not work: {_one_line(error)}") from None
        self._masked = takes_mask(self.session)
        self.tags: list[str] = tag_names(manifest["slot_names"] if len(self.session.get_outputs()) > 1 else [])
        self._allowed = allowed_tags(self.labels, self.tags, manifest["label_slots"])
        # The tokenizer's highest id has an embedding only if the two files belong together. Two lengths: the answer
        # must follow that of the text. And a text of nothing, which some tokenizers make no token of.
        highest = max(self.tokenizer.get_vocab().values(), default=0)
        for token_ids in ([highest], [highest] * 3, self.tokenizer.encode("").ids):
            self.run(token_ids)
        try:
            self._plain: WordPiece | None = WordPiece(self.tokenizer)
        except ValueError:  # another tokenizer than the course's
            self._plain = None

    @classmethod
    def load(cls, folder: str | Path, *, threads: int = 1) -> "Bundle":
        """Verify the folder against its manifest and open it.

        A `BundleError` says what is wrong: a file is missing, altered or truncated, the format is newer than this
        program's, the files do not belong together, or the model answers with something else than finite logits.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder), threads)

    @property
    def size_bytes(self) -> int:
        """What the whole folder takes."""
        return folder_bytes(self.folder)

    def encode(self, text: str) -> Tokenized:
        """The text's `ids`, `word_ids` and `offsets`: a `wordpiece.Tokens` if it is plain, else the library's."""
        if self._plain and self._plain.accepts(text):
            return self._plain.encode(text)
        return self.tokenizer.encode(text)

    def token_ids(self, text: str) -> list[int]:
        """`encode(text).ids`, sooner."""
        if self._plain and self._plain.accepts(text):
            return self._plain.ids(text)
        return self.tokenizer.encode(text).ids

    def overflow(self, text: str) -> Sequence[Tokenized]:
        """The parts of a text beyond what the model reads at once; empty where it reads all of it."""
        longest = (self.tokenizer.truncation or {}).get("max_length")
        if longest is None or len(self.token_ids(text)) < longest:
            return []
        return self.tokenizer.encode(text).overflowing

    def logits(self, text: str) -> tuple[np.ndarray, np.ndarray | None]:
        """Intent logits [labels] and slot logits [tokens, tags] of one text (None without a slot head)."""
        return self.run(self.token_ids(text))

    def run(self, token_ids: list[int]) -> tuple[np.ndarray, np.ndarray | None]:
        """`logits` of a text that is tokenized already.

        Raises:
            BundleError: the model fails, or answers in another shape than its bundle says, or with no finite number.
        """
        ids = np.array([token_ids], dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones_like(ids)} if self._masked else {"ids": ids}
        try:
            outputs = self.session.run(None, feed)
        except Exception as error:  # ONNX Runtime's own share no base class
            raise BundleError(f"{self.folder}: model and tokenizer do not work: {_one_line(error)}") from None
        expected = [(1, len(self.labels)), (1, len(token_ids), len(self.tags))][: len(outputs)]
        found = [output.shape for output in outputs]
        if found != expected:
            raise BundleError(
                f"{self.folder}: bundle.json has {len(self.labels)} labels and {len(self.tags)} slot tags, "
                f"model.onnx answers {len(token_ids)} tokens in the shape {found} instead of {expected}"
            )
        for output in outputs:
            # Cheaper than to look at all: argmax finds what is no number first. Minus infinity rules a label out.
            if output.size and not math.isfinite(output.item(output.argmax())):
                raise BundleError(f"{self.folder}: model.onnx answers {len(token_ids)} tokens with no finite number")
        return outputs[0][0], outputs[1][0] if len(outputs) > 1 else None

    def predict(self, text: str) -> Prediction:
        """The label of a text, and the values of the slots that the label may carry."""
        start = time.perf_counter_ns()
        tokens = self.encode(text) if len(self.tags) > 1 else None
        intent, slots = self.run(self.token_ids(text) if tokens is None else tokens.ids)
        best = int(intent.argmax())
        spans: tuple[Span, ...] = ()
        if tokens is not None and slots is not None:
            spans = decode(slots, self._allowed[best], tokens, self.tags)
        values = slot_values(text, spans)
        latency_ms = (time.perf_counter_ns() - start) / 1e6
        return Prediction(text, self.labels[best], values, latency_ms, spans, intent, slots, tokens)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
