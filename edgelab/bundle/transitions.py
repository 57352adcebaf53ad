"""How well one tag follows another: counted in training, and packed into a manifest.

A tagger judges each word alone, so it may cut a name into pieces of different slots. What follows what in the training
texts tells that this is unlikely (a hidden Markov model's transitions, here divided by each tag's own frequency, which
the tagger knows already). Counting beat nothing and matched a trained conditional random field: benchmarks/README.md.
"""

import base64
import binascii
import functools
from collections.abc import Sequence

import numpy as np

from edgelab.datasets.slots import Span, spans_to_tags, tag_names
from edgelab.datasets.spans import word_offsets

WEIGHT = 0.3  # of the neighbours' score beside a tag's logit; chosen on validation (benchmarks/README.md)
UNSEEN = 0.05  # what every pair is counted in advance, so that none is impossible but by the rule
STEP = 1 / 20  # scores are kept as whole multiples of it, in one byte


def legal(tags: Sequence[str]) -> np.ndarray:
    """Which tag may follow which, bool [1 + tags, tags]: `I-x` follows `B-x` and `I-x` only. Row 0 is the beginning."""
    before = np.array(["", *(tag[2:] for tag in tags)])
    inside = np.array([tag.startswith("I-") for tag in tags])
    names = np.array([tag[2:] for tag in tags])
    return ~inside | (before[:, None] == names)


@functools.lru_cache(maxsize=2)
def transition_scores(
    texts: tuple[str, ...], spans: tuple[tuple[Span, ...], ...], slot_names: tuple[str, ...]
) -> np.ndarray:
    """`WEIGHT` * log(p(tag | the one before) / p(tag)) in these texts, float [1 + tags, tags], in whole `STEP`s. Row 0
    is the beginning of a text."""
    tags = tag_names(list(slot_names))
    counts = np.full((1 + len(tags), len(tags)), UNSEEN)
    for text, marked in zip(texts, spans, strict=True):
        words = word_offsets(text)
        before = 0
        for tag in spans_to_tags(marked, list(range(len(words))), words, tags):
            counts[before, tag] += 1
            before = 1 + tag
    following = counts / counts.sum(1, keepdims=True)
    scores = WEIGHT * np.log(following / (counts.sum(0) / counts.sum()))
    return np.clip(np.round(scores / STEP), -127, 127) * STEP


def pack(scores: np.ndarray) -> str:
    """Scores as text: of each pair one signed byte, in base64, row by row."""
    return base64.b64encode(np.round(scores / STEP).astype(np.int8).tobytes()).decode()


def unpack(text: str | None, tags: Sequence[str]) -> np.ndarray:
    """The scores that `pack` made a text of, float [1 + tags, tags]; minus infinity where the rule forbids the pair.
    Without a text the rule alone: a bundle without a slot head, or of an earlier program.

    Raises:
        ValueError: the text is not that of so many tags.
    """
    if text is None:
        return np.where(legal(tags), 0.0, -np.inf)
    try:
        packed = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("expected transitions in base64, found something else") from None
    if len(packed) != (1 + len(tags)) * len(tags):
        raise ValueError(f"expected {1 + len(tags)} x {len(tags)} transitions, found {len(packed)}")
    scores = np.frombuffer(packed, dtype=np.int8).reshape(1 + len(tags), len(tags)) * STEP
    return np.where(legal(tags), scores, -np.inf)
