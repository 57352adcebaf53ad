"""Slots: the marked values inside an utterance, as character spans and as BIO tags on words.

Pure Python, so that a deployed bundle can decode its slots without pandas or torch.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# A backslash takes the next character with it, so that none is read in two ways.
MARK = re.compile(r"\[((?:[^\[\]\\]|\\.)*)\]\(([^\[\]()]*)\)", re.DOTALL)
PLAIN = re.compile(r"(?:[^\[\]\\]|\\.|\\\Z)+", re.DOTALL)
ESCAPE = re.compile(r"\\([\[\]()\\])")
NAME = re.compile(r"[\w.-]+")  # of a slot


@dataclass(frozen=True)
class Span:
    """One slot value: `text[start:end]` is the value of slot `name`."""

    start: int
    end: int
    name: str


def parse_marked(line: str) -> tuple[str, tuple[Span, ...]]:
    r"""Split `wake me at [seven](time)` into its plain text and its spans.

    A bracket that belongs to the text is written `\[` or `\]`; also `\\`, `\(` and `\)` stand for the second character.
    A backslash before any other character is one, and so are parentheses that do not follow a value.

    Raises:
        ValueError: a bracket is no part of a `[value](slot)`, the value is empty, or the slot's name is none.
    """
    text, spans, position = "", [], 0
    while position < len(line):
        mark = MARK.match(line, position)
        found = mark or PLAIN.match(line, position)
        if found is None:
            raise ValueError(
                f"expected slots as [value](slot), found a stray bracket at {line[position : position + 40]!r}; "
                r"a bracket of the text itself is written \[ or \]"
            )
        piece = ESCAPE.sub(r"\1", mark[1] if mark else found[0])
        if mark:
            if not piece:
                raise ValueError(f"expected slots as [value](slot), found no value in {mark[0][:40]!r}")
            spans.append(Span(len(text), len(text) + len(piece), slot_name(mark[2])))
        text += piece
        position = found.end()
    return text, tuple(spans)


def slot_name(given: str) -> str:
    """A slot's name, as it was given.

    Raises:
        ValueError: it is none.
    """
    if not NAME.fullmatch(given):
        raise ValueError(f"expected a slot's name of letters, digits, '_', '-' and '.', found {given[:40]!r}")
    return given


def tag_names(slot_names: list[str]) -> list[str]:
    """BIO tags in a fixed order: `O`, then `B-` and `I-` of each slot."""
    return ["O"] + [f"{prefix}-{name}" for name in slot_names for prefix in "BI"]


def first_pieces(word_ids: list[int | None]) -> list[int]:
    """Positions of the tokens that begin a word: the only ones that carry a tag."""
    return [i for i, word in enumerate(word_ids) if word is not None and (i == 0 or word != word_ids[i - 1])]


def word_ends(word_ids: list[int | None], offsets: list[tuple[int, int]]) -> dict[int | None, int]:
    """Where each word ends in the text, by its id: the end of its last token."""
    return {word: end for word, (_, end) in zip(word_ids, offsets, strict=True) if word is not None}


def spans_to_tags(
    spans: tuple[Span, ...], word_ids: list[int | None], offsets: list[tuple[int, int]], tags: list[str]
) -> list[int]:
    """Tag id of each token, -100 where none is due (special tokens, later pieces of a word).

    A word belongs to a span when its first character lies inside it.
    """
    index = {tag: i for i, tag in enumerate(tags)}
    out, previous = [-100] * len(word_ids), None
    for i in first_pieces(word_ids):
        span = next((s for s in spans if s.start <= offsets[i][0] < s.end), None)
        out[i] = 0 if span is None else index[("I-" if span is previous else "B-") + span.name]
        previous = span
    return out


def tags_to_spans(
    tag_ids: Sequence[int] | Mapping[int, int],
    word_ids: list[int | None],
    offsets: list[tuple[int, int]],
    tags: list[str],
) -> tuple[Span, ...]:
    """Spans of the predicted tags, of which each word's first token has one. An `I-` that follows no span of its own slot
    begins a new one."""
    ends, spans = word_ends(word_ids, offsets), []
    open_name = None
    for i in first_pieces(word_ids):
        prefix, _, name = tags[tag_ids[i]].partition("-")
        if prefix == "I" and name == open_name:
            spans[-1] = Span(spans[-1].start, ends[word_ids[i]], name)
        elif prefix != "O":
            spans.append(Span(offsets[i][0], ends[word_ids[i]], name))
        open_name = name or None
    return tuple(spans)


def slot_values(text: str, spans: tuple[Span, ...]) -> dict[str, list[str]]:
    """The call's arguments: slot name to its values, in the order they were said."""
    values: dict[str, list[str]] = {}
    for span in spans:
        values.setdefault(span.name, []).append(text[span.start : span.end])
    return values


def exact_match(text: str, predicted: tuple[Span, ...], gold: tuple[Span, ...]) -> bool:
    """Whether every slot and every value is right: case and outer punctuation do not count."""

    def key(spans: tuple[Span, ...]) -> list[tuple[str, str]]:
        return sorted((s.name, text[s.start : s.end].lower().strip(" .,!?;:'\"")) for s in spans)

    return key(predicted) == key(gold)
