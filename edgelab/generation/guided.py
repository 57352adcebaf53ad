"""Guided decoding in miniature: a model of letters, held to a list of allowed answers letter by letter.

The real one (`Generator.stream(schema=...)`) does the same with tokens and a grammar. Here the grammar is a list, and the
model counts which letter follows the last few: both can be looked through.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from edgelab.generation.errors import GeneratorError

Likely = Callable[[str], Mapping[str, float]]  # what is written so far -> each letter's share
SPACES = " \n"


def alarm_calls(indent: int | None = None) -> list[str]:
    """Calls of two tools with times, as JSON: in one line without spaces, or indented as people print it."""
    calls = [
        {"tool": tool, "time": f"{hour:02}:{minute:02}"}
        for tool in ("set_alarm", "set_timer")
        for hour in range(24)
        for minute in (0, 15, 30, 45)
    ]
    separators = (",", ":") if indent is None else None
    return [json.dumps(call, indent=indent, separators=separators) for call in calls]


def count_letters(texts: Sequence[str], memory: int) -> Likely:
    """A model that knows which letter followed the last `memory` letters in these texts, and how often. Where it has never
    seen them, every letter is equally likely: it says nothing."""
    counted: dict[str, Counter[str]] = {}
    for text in texts:
        for place, letter in enumerate(text):
            counted.setdefault(text[max(0, place - memory) : place], Counter())[letter] += 1

    def likely(written: str) -> Mapping[str, float]:
        found = counted.get(written[-memory:], Counter())
        whole = found.total() or 1
        return {letter: number / whole for letter, number in found.items()}

    return likely


def next_letter(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
    """The likeliest letter by which `written` can still become one of `answers`: "" if it is one and nothing better may
    follow. What `likely` does not name has 0; of equally likely ones the first in the alphabet, "" before all.

    Raises:
        GeneratorError: no answer begins so.
    """
    allowed = {answer[len(written) : len(written) + 1] for answer in answers if answer.startswith(written)}
    if not allowed:
        raise GeneratorError(f"expected the beginning of an allowed answer, found {written!r}")
    return max(sorted(allowed), key=lambda letter: likely.get(letter, 0.0))


def write_held(
    likely: Likely,
    answers: Sequence[str],
    choose: Callable[[Mapping[str, float], str, Sequence[str]], str] = next_letter,
    *,
    free_space: bool,
    most: int = 120,
) -> str:
    """What a model writes when it is held to `answers`, at most so many letters.

    Args:
        choose: `next_letter`.
        free_space: spaces and line breaks may stand wherever JSON allows them, that is outside of a text in quotes.
    """
    shown = bare = ""
    while len(shown) < most:
        said = likely(shown)
        letter = choose(said, bare, answers)
        space = max(SPACES, key=lambda each: said.get(each, 0.0))
        if free_space and bare and bare.count('"') % 2 == 0 and said.get(space, 0.0) > said.get(letter, 0.0):
            shown += space
            continue
        if not letter:
            break
        shown, bare = shown + letter, bare + letter
    return shown
