"""Cases and mistakes of the exercise on what nobody declared: `undeclared`."""

from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase

import numpy as np

from edgelab.course.exercises import Checks, Mistake

Event = tuple[str, str]  # what was done ("keeps" or "sends"), and where


def undeclared(seen: Sequence[Event], declared: Sequence[Event]) -> list[Event]:
    """What was seen and no declaration covers, each once, in the order in which it came. Both are pairs (does, where); in a
    declaration's `where` a * stands for anything."""
    found: list[Event] = []
    for does, where in seen:
        covered = any(does == may and fnmatchcase(where, pattern) for may, pattern in declared)
        if not covered and (does, where) not in found:
            found.append((does, where))
    return found


# --- the exercise ----------------------------------------------------------------------------------

PLACES = (
    "{home}/scoreboard.jsonl",
    "{home}/predictions.json",
    "{home}/built/teacher/model.safetensors",
    "{home}/built/teacher/tokenizer.json",
    "{home}/budget.json",
    "{home}/budget.json.old",
    "{home}/notes/built/diary.txt",
    "{home}/Budget.json",
    "127.0.0.1:8000",
    "telemetry.example:443",
    "ads.example:443",
)
PATTERNS = ("{home}/scoreboard.jsonl", "{home}/built/*", "{home}/budget.json", "127.0.0.1:*", "telemetry.example:443")


def _sessions(rng: np.random.Generator) -> Iterator[tuple]:
    for events in (40, 25, 60):
        yield _drawn(rng, PLACES, events), [(_does(rng, pattern), pattern) for pattern in PATTERNS]
    yield _drawn(rng, PLACES, 9), []  # nothing is declared
    yield _drawn(rng, PLACES, 9), [("keeps", "*"), ("sends", "*")]  # everything is
    yield [], [("keeps", "{home}/*")]
    yield [("sends", "ads.example:443"), ("sends", "ads.example:443")], [("keeps", "ads.example:443")]


def _drawn(rng: np.random.Generator, places: Sequence[str], number: int) -> list[Event]:
    return [(_does(rng, place), place) for place in rng.choice(places, number).tolist()]


def _does(rng: np.random.Generator, place: str) -> str:
    """Mostly what fits the place."""
    usual = "keeps" if place.startswith("{") else "sends"
    return usual if rng.random() < 0.9 else "keeps" if usual == "sends" else "sends"


def _by(covers: Callable[[Event, Event], bool]) -> Callable[..., list[Event]]:
    return lambda seen, declared: [
        event for event in dict.fromkeys(seen) if not any(covers(event, each) for each in declared)
    ]


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        undeclared,
        cases=_sessions,
        nudge="Two things must fit before a declaration covers an event. And which function knows what a * stands for?",
        mistakes=(
            Mistake(
                "to the letter",
                _by(lambda event, each: event == each),
                "a declaration is a pattern: `{home}/built/*` covers every file below it. fnmatch.fnmatchcase knows.",
            ),
            Mistake(
                "whatever is done",
                _by(lambda event, each: fnmatchcase(event[1], each[1])),
                "who declares to keep something has not declared to send it: compare what is done, too.",
            ),
            Mistake(
                "how it begins",
                _by(lambda event, each: event[0] == each[0] and event[1].startswith(each[1].rstrip("*"))),
                "budget.json.old begins like budget.json and is another file: without a * all of it must fit.",
            ),
            Mistake(
                "anywhere in it",
                _by(lambda event, each: event[0] == each[0] and each[1].strip("*").split("/")[-1] in event[1]),
                "that the words occur somewhere in the place is not enough: the whole pattern must fit.",
            ),
            Mistake(
                "small and capital alike",
                _by(lambda event, each: event[0] == each[0] and fnmatchcase(event[1].lower(), each[1].lower())),
                "Budget.json is another file than budget.json: compare as they are written.",
            ),
            Mistake(
                "again and again",
                lambda seen, declared: [event for event in seen if event in undeclared(seen, declared)],
                "each undeclared event once, however often it was seen.",
            ),
            Mistake(
                "sends alone",
                lambda seen, declared: [event for event in undeclared(seen, declared) if event[0] == "sends"],
                "what is kept must be declared as well: a log on disk outlives the session.",
            ),
            Mistake(
                "the other way round",
                lambda seen, declared: [
                    each for each in declared if not any(e[0] == each[0] and fnmatchcase(e[1], each[1]) for e in seen)
                ],
                "those are declarations that nothing needed: asked is what was seen without one.",
            ),
        ),
    )
