"""New values in old sentences: spans move with them, everything else stays."""

from collections import defaultdict

import pytest

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import parse_marked
from edgelab.distillation.substitution import substituted

LINES = (
    "call [mum](person) at [seven](time), please",
    "[tomorrow](date)'s meeting with [cousin ravi](person)",
    "tell [ana](person) [running late](message)",
    "why is the sky blue",
)


def split(lines=LINES):
    texts, spans = zip(*(parse_marked(line) for line in lines), strict=True)
    return Split(texts, tuple("abcd"[: len(lines)]), spans)


def outside(text, spans):
    """What stands between the spans."""
    edges = [0, *(edge for s in spans for edge in (s.start, s.end)), len(text)]
    return [text[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]


def test_values_are_exchanged_within_their_slot_and_nothing_else_changes():
    old = split()
    words = defaultdict(set)
    for text, spans in zip(old.texts, old.spans, strict=True):
        for s in spans:
            words[s.name].update(text[s.start : s.end].split())
    changed = 0
    for seed in range(20):
        new = substituted(old, seed=seed)
        assert new.labels == old.labels
        for before, after in zip(
            zip(old.texts, old.spans, strict=True), zip(new.texts, new.spans, strict=True), strict=True
        ):
            assert outside(*before) == outside(*after)
            assert [s.name for s in before[1]] == [s.name for s in after[1]]
            for s in after[1]:
                assert set(after[0][s.start : s.end].split()) <= words[s.name]
        changed += new.texts != old.texts
    assert changed > 10
    assert substituted(old, seed=3) == substituted(old, seed=3)


def test_a_split_without_slots_is_refused():
    with pytest.raises(ValueError, match="expected a split with slots"):
        substituted(Split(("a",), ("b",)))
