"""From slot logits to values: the tags that a label may carry, and the spans that they mark."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from edgelab.datasets.slots import Span, tags_to_spans


class Tokenized(Protocol):
    """What `tokenizers.Encoding` and `wordpiece.Tokens` have in common: of each token its id, the number of its word
    (None for special tokens), and where it stands in the text."""

    @property
    def ids(self) -> list[int]: ...  # noqa: D102

    @property
    def word_ids(self) -> list[int | None]: ...  # noqa: D102

    @property
    def offsets(self) -> list[tuple[int, int]]: ...  # noqa: D102


def allowed_tags(labels: Sequence[str], tags: Sequence[str], label_slots: Mapping[str, Sequence[str]]) -> np.ndarray:
    """Which tags a label may carry, bool [labels, tags]: `O` and those of the slots seen with it in training."""
    allowed = np.zeros((len(labels), len(tags)), dtype=bool)
    for row, label in enumerate(labels):
        allowed[row] = [tag == "O" or tag[2:] in label_slots.get(label, []) for tag in tags]
    return allowed


def decode(slot_logits: np.ndarray, allowed: np.ndarray, tokens: Tokenized, tags: list[str]) -> tuple[Span, ...]:
    """The values that slot logits [tokens, tags] mark: of each word the likeliest of the `allowed` tags, bool [tags]."""
    tag_ids = np.where(allowed, slot_logits, -np.inf).argmax(1)
    return tags_to_spans(tag_ids, tokens.word_ids, tokens.offsets, tags)
