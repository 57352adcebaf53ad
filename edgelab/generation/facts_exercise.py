"""Cases and mistakes of the exercise on invented facts: `invented`."""

import re
from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.facts import invented, names_of, numbers_in, numbers_of

NAMES = ("Priya", "Theo", "Marek", "Ola", "Dragan")


def _pairs(rng: np.random.Generator) -> Iterator[tuple]:
    one, two, three = rng.permutation(NAMES)[:3].tolist()
    hour, other, price = int(rng.integers(1, 6)), int(rng.integers(6, 12)), int(rng.integers(100, 900))
    source = f"Work: {one}: can I have the slides by {hour}? The bill is {price}.00, says {two}."
    yield f"Ask for the slides by {hour}, {one} said.", source  # all true
    yield f"The slides are due at {other}, says {one} to {three}.", source
    yield f"By {hour + 12}:00 {two} needs {price}, by {hour} pm the rest.", source  # the same time on two clocks
    yield f"Meet {three} at {other}:15, then {three} at {other}:15 again.", source  # said twice
    yield f"It was {one}'s bill, not {three}'s.", source
    yield f"pay {price + 1} to {one.lower()}. {three} is first in its sentence", source
    yield f"About {three}, {other}:40 and {two.upper()}.", source
    yield "", source
    yield f"Call {one} at {hour}.", ""  # everything is invented
    yield f"Ask Ross, not {one}.", f"{one} walks from the road"  # Ross without its s is found in it
    yield f"The bill is {price}.00.", f"the bill is {price} now"
    yield f"Ask Ross or O'Brien, not {one}.", f"ROSS walks to work with {one}"  # not Ro, nor the o of work
    yield f"By {other} it is {three}, or {other}:40 with {three}, or by {other}.", source  # said twice, in turns


def _found(
    *,
    numbers: bool = True,
    names: bool = True,
    case: bool = True,
    owner: bool = True,
    once: bool = True,
    ordered: bool = True,
) -> Callable[[str, str], tuple[str, ...]]:
    """The count with something left out: numbers, names, upper and lower case, the owner's 's, each once, the order."""

    def answer(text: str, source: str) -> tuple[str, ...]:
        known, held = numbers_of(source), source.lower() if case else source
        out = [said for said, readings in numbers_in(text) if not readings & known] if numbers else []
        for name in names_of(text) if names else ():
            bare = name.lower() if case else name
            bare = bare.removesuffix("'s") if owner else bare
            if bare not in held:
                out.append(name)
        out = sorted(out, key=text.find) if ordered else out
        return tuple(dict.fromkeys(out) if once else out)

    return answer


def _any_reading(text: str, source: str) -> tuple[str, ...]:
    known = numbers_of(source)
    out = [said for said, readings in numbers_in(text) if not readings <= known]
    out += [name for name in names_of(text) if name.lower().removesuffix("'s") not in source.lower()]
    return tuple(dict.fromkeys(sorted(out, key=text.find)))


def _as_written(text: str, source: str) -> tuple[str, ...]:
    out = [said for said, _ in numbers_in(text) if said not in source]
    out += [name for name in names_of(text) if name.lower().removesuffix("'s") not in source.lower()]
    return tuple(dict.fromkeys(sorted(out, key=text.find)))


def _stripped(text: str, source: str) -> tuple[str, ...]:
    known = numbers_of(source)
    out = [said for said, readings in numbers_in(text) if not readings & known]
    out += [name for name in names_of(text) if name.lower().rstrip("'s") not in source.lower()]
    return tuple(dict.fromkeys(sorted(out, key=text.find)))


def _cut(text: str, source: str) -> tuple[str, ...]:
    known = numbers_of(source)
    out = [said for said, readings in numbers_in(text) if not readings & known]
    out += [name for name in names_of(text) if name.lower().split("'")[0] not in source.lower()]
    return tuple(dict.fromkeys(sorted(out, key=text.find)))


def _as_a_title(text: str, source: str) -> tuple[str, ...]:
    names = [name for name in names_of(text) if name.removesuffix("'s").title() in source]
    return tuple(said for said in _found(case=False)(text, source) if said not in names)


def _at_last(text: str, source: str) -> tuple[str, ...]:
    return tuple(sorted(invented(text, source), key=text.rfind))


def _every_word(text: str, source: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(word for word in re.findall(r"\w+", text) if word.lower() not in source.lower()))


def _turned(text: str, source: str) -> tuple[str, ...]:
    return invented(source, text)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        invented,
        cases=_pairs,
        nudge="A number is held if ANY of its readings is one of the source's; a name, if the source has it in any case.",
        mistakes=(
            Mistake(
                "every new word", _every_word, "other words are no invention: look at numbers_in and names_of alone."
            ),
            Mistake("no numbers", _found(numbers=False), "numbers and times can be invented, too: numbers_in(text)."),
            Mistake("no names", _found(names=False), "names can be invented, too: names_of(text)."),
            Mistake(
                "as it is written", _as_written, "17:00 and 5 are the same time: compare the readings, not the words."
            ),
            Mistake(
                "all readings",
                _any_reading,
                "one common reading is enough: 5 pm may be 17:00 or 17, and the source has one of them.",
            ),
            Mistake("upper case", _found(case=False), "OLA and Ola are one name: compare in lower case."),
            Mistake("the owner's s", _found(owner=False), "Ola's is Ola: leave 's off before you look."),
            Mistake(
                "letters stripped",
                _stripped,
                "rstrip takes off letters, not an ending: of Ross it leaves Ro. Use removesuffix.",
            ),
            Mistake("cut at the apostrophe", _cut, "only 's goes: of O'Brien, cut there, an O is left."),
            Mistake("as a title", _as_a_title, "the source may write a name in any case: compare both in lower case."),
            Mistake("by the last place", _at_last, "what is said twice stands where it is said first: text.find."),
            Mistake("twice", _found(once=False), "each fact once, even if the text says it twice."),
            Mistake("numbers first", _found(ordered=False), "in the order in which they stand in the text."),
            Mistake("the wrong way round", _turned, "what the TEXT says and the source does not."),
        ),
    )
