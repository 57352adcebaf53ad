"""Redaction: what identifies a person is taken out of a request before it leaves, and put back into the answer.

A value becomes a placeholder that tells its kind alone: `text Ana that i'm late` leaves as
`text <person_1> that <message_1>`. Two things find values: the device's own tagger, and rules for what has a shape.

What it cannot do: a name that the tagger misses leaves, most easily in an open question, where no value is marked in
training; and so does what a value is guessed from (a place, an hour, the wording). It lowers what is told; it is no
anonymity. `leaked` counts what gets through where the truth is known.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from edgelab.bundle.predict import Bundle, Prediction
from edgelab.datasets.slots import Span, tags_to_spans
from edgelab.stats.softmax import softmax

# Who it is about, and what is said to or about them in the user's own words. Places, lists, items and phrases to
# translate are not here: without them the cloud has nothing to answer with.
PRIVATE_SLOTS = ("person", "message", "title", "task", "subject")
# The probability from which on a word is hidden. On the validation split of Pocket, with the ready-made bundle, the
# likeliest tag alone misses almost a fifth of the private values, this a twentieth, and it hides 2 % of the other text.
CAUTION = 0.05
EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
DIGITS = re.compile(r"(?<![\w.,])\+?\(?\d(?:[ ().-]{0,2}\d){6,18}(?![\w%])")  # phones, cards, accounts: 7 to 19 digits
DATE = re.compile(r"(?:\d{4}[-.]\d{1,2}[-.]\d{1,2}|\d{1,2}[-.]\d{1,2}[-.]\d{4})\Z")


@dataclass(frozen=True)
class Redacted:
    """`text` is what may leave; `mapping` gives each placeholder's value; `spans` are the ranges of `original` that
    were replaced, in order. The mapping and the original stay on the device."""

    text: str
    mapping: dict[str, str] = field(repr=False)
    spans: tuple[Span, ...]
    original: str = field(repr=False)

    @property
    def found(self) -> int:
        """How many values were replaced, repeated ones each time."""
        return len(self.spans)


def redact(text: str, spans: Iterable[Span], private: Iterable[str] = PRIVATE_SLOTS) -> Redacted:
    """Replace the values of private slots, and e-mail addresses and long numbers wherever they stand.

    The same value, to the letter, gets the same placeholder. Spans that overlap are replaced together, under the name
    of the one that begins first. A placeholder never equals something that stands in the text already, so that
    `restore` gives back exactly the text.

    Args:
        spans: from `private_spans`, from a `bundle.Prediction`, or the true ones of a data set.

    Raises:
        ValueError: a span reaches out of the text.
    """
    wanted = set(private)
    found = [span for span in spans if span.name in wanted] + by_shape(text)
    for span in found:
        if not 0 <= span.start <= span.end <= len(text):
            raise ValueError(f"expected spans within a text of {len(text)} characters, found {span}")
    replaced = merged([span for span in found if span.start < span.end])
    placeholders: dict[tuple[str, str], str] = {}
    pieces, position = [], 0
    for span in replaced:
        key = (span.name, text[span.start : span.end])
        if key not in placeholders:
            placeholders[key] = _unused(span.name, text, placeholders.values())
        pieces += [text[position : span.start], placeholders[key]]
        position = span.end
    mapping = {placeholder: value for (_, value), placeholder in placeholders.items()}
    return Redacted("".join([*pieces, text[position:]]), mapping, replaced, text)


def restore(answer: Any, redacted: Redacted) -> Any:
    """Put the values back: into a text, or into all texts of a list or dict (slots, a call's arguments)."""
    if isinstance(answer, str):
        if not redacted.mapping:
            return answer
        placeholder = re.compile("|".join(map(re.escape, redacted.mapping)))  # one pass: values are left as they are
        return placeholder.sub(lambda match: redacted.mapping[match[0]], answer)
    if isinstance(answer, dict):
        return {name: restore(value, redacted) for name, value in answer.items()}
    if isinstance(answer, list | tuple):
        return type(answer)(restore(value, redacted) for value in answer)
    return answer


def by_shape(text: str) -> list[Span]:
    """E-mail addresses and numbers of 7 to 19 digits that are no date, as spans `email` and `number`."""
    spans = [Span(*match.span(), "email") for match in EMAIL.finditer(text)]
    return spans + [Span(*match.span(), "number") for match in DIGITS.finditer(text) if not DATE.match(match[0])]


def private_spans(
    bundle: Bundle, found: Prediction, *, at_least: float = CAUTION, private: Iterable[str] = PRIVATE_SLOTS
) -> tuple[Span, ...]:
    """What a bundle takes for values in a text, whatever tool it is, and rather too much than too little; `found` is
    its prediction for that text.

    `Bundle.predict` keeps to the slots of the tool it predicts, and to the likeliest tag. Here every slot counts: a
    request that is escalated is one whose tool is not known, and a person named in it is a person all the same. And a
    word counts as private once its private tags together have the probability `at_least`: what is hidden without need
    costs the cloud a word, what is missed is out. Above 1, the likeliest tag alone decides. Empty for a bundle without
    a slot head.
    """
    if found.tokens is None:
        return ()
    of_private = np.array([tag[2:] in set(private) for tag in bundle.tags])
    spans: tuple[Span, ...] = ()
    for part in (found.tokens, *bundle.overflow(found.text)):  # what is too long for one run leaves all the same
        slots = found.slot_logits if part is found.tokens else bundle.run(part.ids)[1]
        if slots is None:
            return ()
        probability = softmax(slots)
        hidden = of_private.any() & (probability[:, of_private].sum(1) >= at_least)
        likeliest_private = np.where(of_private, slots, -np.inf).argmax(1)
        tags = np.where(hidden, likeliest_private, slots.argmax(1))
        spans += tags_to_spans(tags, part.word_ids, part.offsets, bundle.tags)
    return spans


def leaked(redacted: Redacted, gold: Iterable[Span], private: Iterable[str] = PRIVATE_SLOTS) -> int:
    """How many true private values leave, whole or in part: a letter or digit of theirs was not replaced.

    `leaked(as_it_is(text), gold)` counts all of them: what a request without redaction tells.
    """
    covered = {i for span in redacted.spans for i in range(span.start, span.end)}
    wanted, text = set(private), redacted.original
    return sum(
        any(text[i].isalnum() and i not in covered for i in range(span.start, span.end))
        for span in gold
        if span.name in wanted
    )


def as_it_is(text: str) -> Redacted:
    """A request that leaves without any redaction."""
    return Redacted(text, {}, (), text)


def merged(spans: list[Span]) -> tuple[Span, ...]:
    """Spans in order; those that overlap become one, named after the first."""
    whole: list[Span] = []
    for span in sorted(spans, key=lambda s: (s.start, -s.end)):
        if whole and span.start < whole[-1].end:
            whole[-1] = Span(whole[-1].start, max(whole[-1].end, span.end), whole[-1].name)
        else:
            whole.append(span)
    return tuple(whole)


def _unused(name: str, text: str, taken: Iterable[str]) -> str:
    taken, number = set(taken), 1
    while (placeholder := f"<{name}_{number}>") in text or placeholder in taken:
        number += 1
    return placeholder
