"""The slots of a row of a learner's file: offsets read from JSON, and brought to the words that a model tags."""

import functools
import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import TYPE_CHECKING

from edgelab.datasets.slots import Span, slot_name

if TYPE_CHECKING:
    from tokenizers import normalizers, pre_tokenizers

FORM = '{"start": 13, "end": 29, "name": "task"}'


def read_spans(given: object) -> tuple[Span, ...]:
    """The spans of a JSON list of objects with `start`, `end` (code points, the end is not in it) and `name`; what else
    they hold is passed over.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(given, list):
        raise ValueError(f"expected slots as a list of {FORM}, found {_shown(given)}")
    return tuple(_span(item) for item in given)


def _span(item: object) -> Span:
    if not isinstance(item, dict):
        raise ValueError(f"expected a slot as {FORM}, found {_shown(item)}")
    for key in ("start", "end", "name"):
        if key not in item:
            raise ValueError(f"expected a slot as {FORM}, found no {key!r} in {_shown(item)}")
    for key in ("start", "end"):
        if type(item[key]) is not int:  # a bool is an int, too
            raise ValueError(f"expected {key!r} of a slot as a whole number, found {_shown(item[key])}")
    if not isinstance(item["name"], str):
        raise ValueError(f"expected 'name' of a slot as a string, found {_shown(item['name'])}")
    return Span(item["start"], item["end"], slot_name(item["name"]))


def whole_words(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """The spans in the order of the text, each from its first word's beginning to its last word's end: blanks around
    a value are not part of it.

    A model tags word by word, so a span that cuts a word could be neither learned nor predicted. It is refused and not
    widened: offsets that were counted otherwise (in bytes, to the last character) would pass unseen.

    Raises:
        ValueError: a span lies outside the text, overlaps another one, holds no word or cuts one in two.
    """
    if not spans:
        return ()
    for span in spans:
        if not 0 <= span.start < span.end <= len(text):
            raise ValueError(
                f"expected a slot's start before its end, within the {len(text)} characters of the text, found "
                f"{_told(span)}"
            )
    ordered = sorted(spans, key=lambda span: span.start)
    for span, following in zip(ordered, ordered[1:], strict=False):
        if following.start < span.end:
            raise ValueError(f"expected slots that do not overlap, found {_told(span)} and {_told(following)}")
    words = word_offsets(text)
    return tuple(_on_words(text, span, words) for span in ordered)


def _on_words(text: str, span: Span, words: Sequence[tuple[int, int]]) -> Span:
    first = bisect_right(words, span.start, key=lambda word: word[1])
    inside = words[first : bisect_left(words, span.end, key=lambda word: word[0])]
    if not inside:
        raise ValueError(f"expected a word in a slot, found none in {_told(span)}")
    for start, end in (inside[0], inside[-1]):
        if start < span.start or span.end < end:
            part = text[max(start, span.start) : min(end, span.end)]
            raise ValueError(
                f"expected whole words in a slot, since a model tags word by word, found {_told(span)}, which has "
                f"{part[:40]!r} of the word {text[start:end][:40]!r}; mark all of it, or put a blank between its parts"
            )
    return Span(inside[0][0], inside[-1][1], span.name)


def word_offsets(text: str) -> list[tuple[int, int]]:
    """Where each word of a text begins and ends, as the encoder's tokenizer parts them: at blanks, each punctuation
    mark and each ideograph a word of its own."""
    from tokenizers import PreTokenizedString

    normalizer, cutter = _bert()
    pieces = PreTokenizedString(text)
    pieces.normalize(normalizer.normalize)
    cutter.pre_tokenize(pieces)
    return [offsets for _, offsets, _ in pieces.get_splits(offset_referential="original", offset_type="char")]


@functools.cache
def _bert() -> "tuple[normalizers.BertNormalizer, pre_tokenizers.BertPreTokenizer]":
    from tokenizers import normalizers, pre_tokenizers

    return normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()


def _told(span: Span) -> str:
    return f"{span.name!r} from {span.start} to {span.end}"


def _shown(value: object) -> str:
    return json.dumps(value)[:60]
