"""Cases and mistakes of the exercise on what nobody declared: `undeclared`."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.declarations import Sent, Stored
from edgelab.privacy.flow import Declared, is_declared
from edgelab.privacy.watching import Event, Places, undeclared

PLACES = {"device": ["/phone/app"], "collector": ["10.0.0.5:443", "10.0.0.6:443"], "home": ["/phone/home"]}
SEEN = (
    ("write", "/phone/app/journal.json"),
    ("write", "/phone/app/journal.json.old"),
    ("write", "/phone/app/models/one/model.onnx"),
    ("write", "/phone/home/budget.json"),
    ("write", "/phone/home/debug.log"),
    ("write", "10.0.0.5:443"),  # a file of that name
    ("send", "10.0.0.5:443"),
    ("send", "10.0.0.6:443"),
    ("send", "10.0.0.6:80"),
    ("send", "/phone/home/budget.json"),  # a socket of that name
)


def _store(where: str) -> Declared:
    return Declared("edgelab.toy", Stored("something", where, "a day", "user", "pocket"))


def _sent(where: str) -> Declared:
    return Declared("edgelab.toy", Sent("something", "somebody", where, "none", "user", "pocket"))


ENTRIES = (
    _store("{device}/journal.json"),
    _sent("{collector}"),
    _store("{device}/models/**"),
    _store("{home}/budget.json"),
    _store("{bundle}/model.onnx"),
)


def _sessions(rng: np.random.Generator) -> Iterator[tuple]:
    for number in (30, 18, 50):
        kept = [ENTRIES[place] for place in rng.permutation(len(ENTRIES))[: int(rng.integers(2, 6))]]
        yield _events(rng, number), tuple(kept), PLACES
    yield _events(rng, 12), ENTRIES, PLACES
    yield _events(rng, 12), ENTRIES, {}  # no place is known
    yield _events(rng, 9), (), PLACES
    yield (), ENTRIES, PLACES


def _events(rng: np.random.Generator, number: int) -> tuple[Event, ...]:  # as the notebook has them
    return tuple(
        Event(*SEEN[int(place)], f"edgelab.part{rng.integers(3)}") for place in rng.integers(len(SEEN), size=number)
    )


def _by(covers: Callable[[Event, Declared, Places], bool]) -> Callable[..., list[Event]]:
    def wrong(events: Sequence[Event], declared: Sequence[Declared], places: Places) -> list[Event]:
        return [event for event in events if not any(covers(event, entry, places) for entry in declared)]

    return wrong


def _fits(event: Event, entry: Declared) -> bool:
    return (event.kind == "write") == isinstance(entry.said, Stored)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        undeclared,
        cases=_sessions,
        nudge="For each event: is there any entry for which two things hold? Which two?",
        mistakes=(
            Mistake(
                "whatever was done",
                _by(lambda event, entry, places: is_declared(entry.said, event.target, places)),
                "is_declared looks at the place alone: who declared to keep something there has not declared to send it.",
            ),
            Mistake(
                "of that kind, anywhere",
                _by(lambda event, entry, places: _fits(event, entry)),
                "a declaration covers its own place, not every write: ask is_declared as well.",
            ),
            Mistake(
                "what is covered",
                lambda events, declared, places: [
                    event for event in events if event not in undeclared(events, declared, places)
                ],
                "those are the ones that are declared: asked are the others.",
            ),
            Mistake(
                "all must cover it",
                lambda events, declared, places: [
                    event
                    for event in events
                    if not all(_fits(event, e) and is_declared(e.said, event.target, places) for e in declared)
                ],
                "one declaration that covers an event is enough: any, not all.",
            ),
            Mistake(
                "sends alone",
                lambda events, declared, places: [
                    event for event in undeclared(events, declared, places) if event.kind == "send"
                ],
                "what is kept must be declared as well: a log on disk outlives the session.",
            ),
            Mistake(
                "writes alone",
                lambda events, declared, places: [
                    event for event in undeclared(events, declared, places) if event.kind == "write"
                ],
                "a send counts as well: it is what nobody can take back.",
            ),
            Mistake(
                "targets",
                lambda events, declared, places: [event.target for event in undeclared(events, declared, places)],
                "return the events themselves: who asked for it stands in them.",
            ),
            Mistake(
                "the two kinds exchanged",
                _by(
                    lambda event, entry, places: (
                        not _fits(event, entry) and is_declared(entry.said, event.target, places)
                    )
                ),
                "a Stored covers writes, a Sent covers sends.",
            ),
        ),
    )
