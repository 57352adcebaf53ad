"""New values in old sentences: a labelled text with other names, times and titles in its slots is still labelled."""

import random

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span

EXCHANGED = 0.6  # of the values
MIXED = 0.3  # of the new ones that have several words: one of them comes from a third value


def substituted(split: Split, *, seed: int = 0) -> Split:
    """Each text once more, its values exchanged with probability `EXCHANGED` for others that the same slot has in the
    split. Labels stay, spans move with their values. A tagger so sees a slot by what stands around it, and not by the
    few names that its training texts hold.

    Raises:
        ValueError: the split has no slots.
    """
    if split.spans is None:
        raise ValueError("expected a split with slots, found one without")
    values: dict[str, list[str]] = {}
    for text, spans in zip(split.texts, split.spans, strict=True):
        for span in spans:
            values.setdefault(span.name, []).append(text[span.start : span.end])
    choose = random.Random(seed)
    rows = [_exchanged(text, spans, values, choose) for text, spans in zip(split.texts, split.spans, strict=True)]
    return Split(tuple(text for text, _ in rows), split.labels, tuple(spans for _, spans in rows))


def _exchanged(
    text: str, spans: tuple[Span, ...], values: dict[str, list[str]], choose: random.Random
) -> tuple[str, tuple[Span, ...]]:
    out, position, moved = "", 0, []
    for span in sorted(spans, key=lambda span: span.start):
        out += text[position : span.start]
        value = text[span.start : span.end]
        if choose.random() < EXCHANGED:
            value = _new_value(values[span.name], choose)
        moved.append(Span(len(out), len(out) + len(value), span.name))
        out += value
        position = span.end
    return out + text[position:], tuple(moved)


def _new_value(values: list[str], choose: random.Random) -> str:
    words = choose.choice(values).split()
    if len(words) > 1 and choose.random() < MIXED:
        words[choose.randrange(len(words))] = choose.choice(choose.choice(values).split())
    return " ".join(words)
