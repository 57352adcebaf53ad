"""From slot logits to values: the likeliest sequence of the tags that a label may carry, and the spans that it marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgelab.datasets.slots import Span, first_pieces, tags_to_spans


class Tokenized(Protocol):
    """What `tokenizers.Encoding` and `wordpiece.Tokens` have in common: of each token its id, the number of its word
    (None for special tokens), and where it stands in the text."""

    @property
    def ids(self) -> list[int]: ...  # noqa: D102

    @property
    def word_ids(self) -> list[int | None]: ...  # noqa: D102

    @property
    def offsets(self) -> list[tuple[int, int]]: ...  # noqa: D102


@dataclass(frozen=True)
class Grammar:
    """What a label's tags may be: `allowed` int [k], `O` and those of the slots seen with it in training; `first` [k],
    the score of each as the first tag of a text; `follows` [k, k], the score of column's tag before row's."""

    allowed: np.ndarray
    first: np.ndarray
    follows: np.ndarray


def grammars(
    labels: Sequence[str], tags: Sequence[str], label_slots: Mapping[str, Sequence[str]], transitions: np.ndarray
) -> tuple[Grammar, ...]:
    """Each label's grammar; `transitions` [1 + tags, tags] as `transitions.unpack` gives them."""
    found = []
    for label in labels:
        slots = label_slots.get(label, [])
        allowed = np.array([i for i, tag in enumerate(tags) if tag == "O" or tag[2:] in slots])
        among = transitions[1 + allowed][:, allowed]
        found.append(Grammar(allowed, transitions[0, allowed], np.ascontiguousarray(among.T)))
    return tuple(found)


def best_path(logits: np.ndarray, first: np.ndarray, follows: np.ndarray) -> list[int]:
    """The sequence of tags with the largest sum of logits [words, k] and of the scores of neighbours (Viterbi, 1967)."""
    so_far, came_from = first + logits[0], []
    for word in logits[1:]:
        paths = follows + so_far  # [tag, the one before it]
        came_from.append(paths.argmax(1))
        so_far = paths.max(1) + word
    path = [int(so_far.argmax())]
    for before in reversed(came_from):
        path.append(int(before[path[-1]]))
    return path[::-1]


def decode(slot_logits: np.ndarray, grammar: Grammar, tokens: Tokenized, tags: list[str]) -> tuple[Span, ...]:
    """The values that slot logits [tokens, tags] mark, by the best path over the words' first tokens."""
    positions = first_pieces(tokens.word_ids)
    if len(grammar.allowed) == 1 or not positions:
        return ()
    path = best_path(slot_logits[positions][:, grammar.allowed], grammar.first, grammar.follows)
    tag_ids = dict(zip(positions, grammar.allowed[path].tolist(), strict=True))
    return tags_to_spans(tag_ids, tokens.word_ids, tokens.offsets, tags)
