"""Cases and mistakes of the exercise on what redaction misses: `leaked`."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from edgelab.bundle.redaction import PRIVATE_SLOTS, Redacted, leaked
from edgelab.course.exercises import Checks, Mistake
from edgelab.datasets.slots import Span

WORDS = (
    "text",
    "that",
    "i'm",
    "late",
    "o'neil",
    "and",
    "mary-jane",
    "bring",
    "the",
    "blue",
    "folder",
    "to",
    "anna",
    "zoë",
    "Øystein",
    "at",
    "9",
)
NAMES = ("person", "message", "title", "place", "time")


def _requests(rng: np.random.Generator) -> Iterator[tuple]:
    for words, private in ((24, PRIVATE_SLOTS), (40, PRIVATE_SLOTS), (30, ("place", "person"))):
        text, values = _values(rng, words)
        spans = [span for value in values for span in _replaced(rng, text, value)]
        yield Redacted("", {}, tuple(spans), text), values, private
    text, values = _values(rng, 12)
    yield Redacted(text, {}, (), text), values, PRIVATE_SLOTS  # nothing was replaced
    yield Redacted("", {}, (Span(0, len(text), "person"),), text), values, PRIVATE_SLOTS  # all of it was
    title = Span(0, 4, str(rng.choice(["title", "place"])))  # the same letters, under another name
    yield Redacted("", {}, (title,), "anna called"), [Span(0, 4, "person")], PRIVATE_SLOTS
    yield Redacted(text, {}, (), text), [], PRIVATE_SLOTS
    for name in ("Øystein", "mariazo", "zo-ë-zo"):  # all but one letter: the first, the last, one between them
        for left in (0, 3, 6):
            text, _ = _values(rng, int(rng.integers(1, 9)))
            start = len(text) + 1
            ends = [(start, start + left), (start + left + 1, start + 7)]
            parts = [Span(*each, "person") for each in ends if each[0] < each[1]]
            yield Redacted("", {}, tuple(parts), f"{text} {name}"), [Span(start, start + 7, "person")], PRIVATE_SLOTS
    text, _ = _values(rng, int(rng.integers(2, 9)))
    values = [Span(start, start + 4, "person") for start in (0, 9, 15 + len(text))]  # one person, in three places
    yield Redacted("", {}, (), f"anna and anna {text} anna"), values, PRIVATE_SLOTS
    yield Redacted("", {}, (), ""), [], PRIVATE_SLOTS


def _values(rng: np.random.Generator, words: int) -> tuple[str, list[Span]]:
    """A text and its true values, of one to three words each."""
    text, values, word = "", [], 0
    while word < words:
        length = int(rng.integers(1, 4))
        part = " ".join(str(rng.choice(WORDS)) for _ in range(length))
        start = len(text) + bool(text)
        text = f"{text} {part}".strip()
        if rng.random() < 0.75:
            values.append(Span(start, len(text), str(rng.choice(NAMES))))
        word += length
    return text, values


def _replaced(rng: np.random.Generator, text: str, value: Span) -> list[Span]:
    """What was replaced of a value: all of it, more, all but what stands between its words, a part, nothing; under any name."""
    name, how = str(rng.choice(NAMES)), int(rng.integers(5))
    start, end = value.start, value.end
    if how == 0:
        return [Span(start, end, value.name)]
    if how == 1:
        return [Span(max(0, start - 1), min(len(text), end + 1), name)]
    if how == 2:  # word by word, and around an apostrophe or hyphen
        pieces, position = [], start
        for place in range(start, end + 1):
            if place == end or not text[place].isalnum():
                pieces += [Span(position, place, name)] if position < place else []
                position = place + 1
        return pieces
    return (
        [Span(start, end - 1 - int(rng.integers(0, end - start - 1)) if end - start > 1 else end, name)]
        if how == 3
        else []
    )


def _letters(redacted: Redacted, span: Span, counts: Callable[[str], bool] = lambda letter: True) -> list[bool]:
    """Of each letter and digit of a value that counts, whether it leaves."""
    covered = {i for each in redacted.spans for i in range(each.start, each.end)}
    text = redacted.original
    return [i not in covered for i in range(span.start, span.end) if text[i].isalnum() and counts(text[i])]


def _wider(redacted: Redacted, before: int, after: int) -> Redacted:
    """As if every replaced span began earlier or ended later."""
    return replace(redacted, spans=tuple(Span(max(0, s.start - before), s.end + after, s.name) for s in redacted.spans))


def _counting(leaves: Callable[[Redacted, Span], bool], *, every: bool = False) -> Callable[..., int]:
    def wrong(redacted: Redacted, gold: list[Span], private: tuple[str, ...]) -> int:
        return sum(leaves(redacted, span) for span in gold if every or span.name in private)

    return wrong


def _with_gaps(redacted: Redacted, span: Span) -> bool:
    covered = {i for each in redacted.spans for i in range(each.start, each.end)}
    return not set(range(span.start, span.end)) <= covered


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        leaked,
        cases=_requests,
        nudge="Which places of the original are covered? Then look at each letter and digit of each private value.",
        mistakes=(
            Mistake(
                "any overlap hides it",
                _counting(lambda redacted, span: bool(_letters(redacted, span)) and all(_letters(redacted, span))),
                "half a name still names somebody: a value leaks as soon as one of its letters leaves.",
            ),
            Mistake(
                "one place more is covered",
                _counting(lambda redacted, span: any(_letters(_wider(redacted, 0, 1), span))),
                "a span ends before its end, as text[start:end] does: what stands at `end` is not replaced.",
            ),
            Mistake(
                "one place before is covered",
                _counting(lambda redacted, span: any(_letters(_wider(redacted, 1, 0), span))),
                "a span begins at its start: what stands before it is not replaced.",
            ),
            Mistake(
                "only a to z",
                _counting(lambda redacted, span: any(_letters(redacted, span, str.isascii))),
                "letters are those of all alphabets: isalnum knows them.",
            ),
            Mistake(
                "only its ends",
                _counting(
                    lambda redacted, span: (
                        not {span.start, span.end - 1} <= {i for s in redacted.spans for i in range(s.start, s.end)}
                    )
                ),
                "a letter may leave between two that are hidden: look at each.",
            ),
            Mistake(
                "each value once",
                lambda redacted, gold, private: len(
                    {redacted.original[s.start : s.end] for s in gold if leaked(redacted, [s], private)}
                ),
                "count the values that leave, those that are alike as well.",
            ),
            Mistake(
                "the same span or none",
                _counting(
                    lambda redacted, span: (span.start, span.end) not in {(s.start, s.end) for s in redacted.spans}
                ),
                "what was replaced may begin earlier, or be several pieces: compare letters, not ends.",
            ),
            Mistake(
                "under its own name",
                _counting(lambda redacted, span: span not in redacted.spans),
                "a person who was hidden as a title is hidden all the same: the name of the placeholder does not matter.",
            ),
            Mistake(
                "every slot",
                _counting(lambda redacted, span: any(_letters(redacted, span)), every=True),
                "only the slots in private count: without a place or an hour the cloud has nothing to answer with.",
            ),
            Mistake(
                "spaces leak",
                _counting(_with_gaps),
                "a space or an apostrophe that stays tells nothing: count letters and digits alone.",
            ),
            Mistake(
                "letters counted",
                lambda redacted, gold, private: sum(
                    sum(_letters(redacted, span)) for span in gold if span.name in private
                ),
                "count values, not letters.",
            ),
            Mistake(
                "only whether",
                lambda redacted, gold, private: int(leaked(redacted, gold, private) > 0),
                "how many values leave, not whether any does.",
            ),
            Mistake(
                "what is hidden",
                _counting(lambda redacted, span: not any(_letters(redacted, span))),
                "those are the hidden ones: count what leaves.",
            ),
        ),
    )
