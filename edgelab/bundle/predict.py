"""A bundle in use: text in, label and slots out. It needs onnxruntime, tokenizers and numpy alone."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.bundle.decoding import Tokenized, decode, grammars
from edgelab.bundle.manifest import BundleError, read_manifest, tokenizer_name
from edgelab.bundle.opening import answers_of, open_model, open_tokenizer
from edgelab.bundle.session import takes_mask
from edgelab.bundle.transitions import unpack
from edgelab.bundle.wordpiece import WordPiece
from edgelab.datasets.slots import Span, slot_values, tag_names
from edgelab.stats.softmax import softmax
from edgelab.workspace import folder_bytes

BATCH = 32  # texts at once, at most: more bring nothing


@dataclass(frozen=True)
class Prediction:
    """One answered request. `latency_ms` runs from text in to label and slots out, tokenizer included, or as
    `predict_many` says; `intent_logits` [labels] decided the label, `slot_logits` [tokens, tags] the slots, `tokens`
    are those of the text (both None without a slot head)."""

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
        self.folder, self.manifest = folder, manifest
        self.labels: tuple[str, ...] = tuple(manifest["labels"])
        try:
            self.tokenizer = open_tokenizer(folder / tokenizer_name(manifest))
            self.session, self._takes_several = open_model(folder / "model.onnx", threads=threads)
        except (ImportError, BundleError):  # a library that is missing is no fault of the bundle
            raise
        except Exception as error:  # both libraries raise classes of their own
            raise BundleError(f"{folder}: model and tokenizer do not work: {_one_line(error)}") from None
        self._masked = takes_mask(self.session)
        self._outputs = [output.name for output in answers_of(self.session)]  # else looked up at each call
        self.tags: list[str] = tag_names(manifest["slot_names"] if len(self._outputs) > 1 else [])
        # The tokenizer's highest id has an embedding only if the two files belong together. Two lengths: the answer
        # must follow that of the text. And a text of nothing, which some tokenizers make no token of.
        highest = max(self.tokenizer.get_vocab().values(), default=0)
        for token_ids in ([highest], [highest] * 3, self.tokenizer.encode("").ids):
            self.run(token_ids)
        try:  # after these runs, since its tables grow with the square of the tags, which the model now has in truth
            # Those of the data stand in the manifest of a model without a slot head, too.
            transitions = unpack(manifest.get("transitions") if len(self.tags) > 1 else None, self.tags)
        except ValueError as error:
            raise BundleError(f"{folder / 'bundle.json'}, transitions: {error}") from None
        self._grammars = grammars(self.labels, self.tags, manifest["label_slots"], transitions)
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
        """`logits` of a text that is tokenized already."""
        intent, *head = self._run([token_ids])
        for logits in (intent, *head):
            self._best(logits)
        return intent[0], head[0][0] if head else None

    def _run(self, rows: list[list[int]]) -> list[np.ndarray]:
        """Intent logits [rows, labels] and, with a slot head, slot logits [rows, tokens, tags] of texts of one length.

        Raises:
            BundleError: the model fails, or answers in another shape than its bundle says.
        """
        ids = np.array(rows, dtype=np.int64)
        feed = {"ids": ids, "mask": np.ones_like(ids)} if self._masked else {"ids": ids}
        try:
            outputs = self.session.run(self._outputs, feed)
        except Exception as error:  # ONNX Runtime's own share no base class
            raise BundleError(f"{self.folder}: model and tokenizer do not work: {_one_line(error)}") from None
        labels, tags, tokens = len(self.labels), len(self.tags), len(rows[0])
        expected = [(len(rows), labels), (len(rows), tokens, tags)][: len(outputs)]
        if [output.shape for output in outputs] != expected:
            found = [output.shape for output in outputs]
            raise BundleError(
                f"{self.folder}: bundle.json has {labels} labels and {tags} slot tags, "
                f"model.onnx answers {tokens} tokens in the shape {found} instead of {expected}"
            )
        return outputs

    def _best(self, logits: np.ndarray) -> int:
        """Where the largest of some logits stands. That it is finite is cheaper to see than that all are: what is no
        number counts as the largest, and minus infinity may rule a label out.

        Raises:
            BundleError: it is not.
        """
        best = int(logits.argmax()) if logits.size else 0
        if logits.size and not math.isfinite(logits.item(best)):
            raise BundleError(f"{self.folder}: model.onnx answers with no finite number")
        return best

    def predict(self, text: str) -> Prediction:
        """The label of a text, and the values of the slots that the label may carry."""
        start = time.perf_counter_ns()
        tokens = self.encode(text) if len(self.tags) > 1 else None
        intent, *head = self._run([self.token_ids(text) if tokens is None else tokens.ids])
        slots = head[0][0] if head else None
        label, spans, values = self.read(text, tokens, intent[0], slots)
        latency_ms = (time.perf_counter_ns() - start) / 1e6
        return Prediction(text, label, values, latency_ms, spans, intent[0], slots, tokens)

    def predict_many(self, texts: Sequence[str]) -> list[Prediction]:
        """What `predict` says of each text, sooner: those of as many tokens are answered together.

        Label and slots are the same, logits but for rounding. Where texts would change each other's answers, since the
        model finds the range of its activations anew in each call (int8 and int4 as `edgelab build` ships them), or
        where the model takes one at a time, they are answered one by one.

        The `latency_ms` of a text that was answered together with others runs from this call on until they all were
        answered: it tells how long one would have waited, not how fast the model is.
        """
        if not self._takes_several:
            return [self.predict(text) for text in texts]
        start, tagged = time.perf_counter_ns(), len(self.tags) > 1
        tokens = [self.encode(text) if tagged else None for text in texts]
        ids = [self.token_ids(text) if t is None else t.ids for text, t in zip(texts, tokens, strict=True)]
        alike: dict[int, list[int]] = {}
        for number, row in enumerate(ids):
            alike.setdefault(len(row), []).append(number)
        found: dict[int, Prediction] = {}
        for numbers in (group[i : i + BATCH] for group in alike.values() for i in range(0, len(group), BATCH)):
            intent, *head = self._run([ids[number] for number in numbers])
            slots = head[0] if head else [None] * len(numbers)
            read = [self.read(texts[n], tokens[n], intent[i], slots[i]) for i, n in enumerate(numbers)]
            latency_ms = (time.perf_counter_ns() - start) / 1e6
            for i, n in enumerate(numbers):
                label, spans, values = read[i]
                found[n] = Prediction(texts[n], label, values, latency_ms, spans, intent[i], slots[i], tokens[n])
        return [found[number] for number in range(len(texts))]

    def read(
        self, text: str, tokens: Tokenized | None, intent: np.ndarray, slots: np.ndarray | None
    ) -> tuple[str, tuple[Span, ...], dict[str, list[str]]]:
        """What logits of a text say: the label, and the slots that it may carry, where they stand and what they say.

        Args:
            tokens: what `encode` makes of the text.
            intent: [labels]. slots: [tokens, tags], None without a slot head.

        A `BundleError` says that a logit is no finite number.
        """
        best = self._best(intent)
        if tokens is None or slots is None:
            return self.labels[best], (), {}
        self._best(slots)
        spans = decode(slots, self._grammars[best], tokens, self.tags)
        return self.labels[best], spans, slot_values(text, spans)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
