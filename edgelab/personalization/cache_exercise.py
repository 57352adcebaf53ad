"""Cases and mistakes of the exercise on the context cache: `still_kept`."""

from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.personalization.cache import Remembered, still_kept


def _caches(rng: np.random.Generator) -> Iterator[tuple]:
    for count, capacity in ((9, 4), (16, 6), (5, 0), (6, 20)):
        learned = rng.permutation(np.arange(count) * 10.0 + rng.uniform(0, 5, count))
        used = learned + rng.permutation(count) * 7.0 + 1
        entries = [
            Remembered(f"text {i}", f"label {i % 3}", *pair) for i, pair in enumerate(zip(learned, used, strict=True))
        ]
        yield entries, float(used.max() + 1), float(rng.uniform(0.6, 0.9) * (used.max() + 1 - learned.min())), capacity
    edge = float(rng.integers(50, 90))  # learned just a lifetime ago, and just short of that
    yield [Remembered("old", "a", 0.0, edge - 1), Remembered("new", "b", 1.0, 2.0)], edge, edge, 5
    yield [Remembered("old", "a", 0.0, edge - 1)], edge, 10.0, 5
    yield [], edge, 10.0, 3


def _kept(
    by: str = "used_s",
    alive: Callable[[Remembered, float, float], bool] | None = None,
    *,
    last_first: bool = False,
    evicts: bool = True,
    careless: bool = False,
) -> Callable[[Sequence[Remembered], float, float, int], list[Remembered]]:
    """`still_kept` with something changed: what it sorts by, what lives, the order, whether it evicts, a slice from the
    end that takes all for 0."""

    def kept(entries: Sequence[Remembered], now_s: float, lifetime_s: float, capacity: int) -> list[Remembered]:
        lives = alive or (lambda entry, now, life: now - entry.learned_s < life)
        fresh = sorted((e for e in entries if lives(e, now_s, lifetime_s)), key=attrgetter(by))
        if evicts:
            fresh = fresh[-capacity:] if careless else fresh[max(0, len(fresh) - capacity) :]
        return fresh[::-1] if last_first else fresh

    return kept


def _evict_first(entries: Sequence[Remembered], now_s: float, lifetime_s: float, capacity: int) -> list[Remembered]:
    """Expires what eviction has left."""
    return still_kept(still_kept(entries, now_s, float("inf"), capacity), now_s, lifetime_s, capacity)


def _longest_unused(entries: Sequence[Remembered], now_s: float, lifetime_s: float, capacity: int) -> list[Remembered]:
    return still_kept(entries, now_s, lifetime_s, len(entries))[:capacity]


MISTAKES = (
    Mistake(
        "the oldest goes",
        _kept("learned_s"),
        "who goes is the one UNUSED for longest: used_s, not learned_s, decides.",
    ),
    Mistake(
        "use keeps alive",
        _kept(alive=lambda entry, now, life: now - entry.used_s < life),
        "a lifetime runs from when it was learned: by this, what is used every day would be kept for ever.",
    ),
    Mistake(
        "a moment too long",
        _kept(alive=lambda entry, now, life: now - entry.learned_s <= life),
        "what is exactly lifetime_s old has lived its life.",
    ),
    Mistake("the last used first", _kept(last_first=True), "the longest unused comes first, the last used one last."),
    Mistake(
        "evicts before it expires",
        _evict_first,
        "what has expired took the place of what could stay: expire first, then count.",
    ),
    Mistake(
        "nothing expires", _kept(alive=lambda *_: True), "lifetime_s is not used: what is older must go, room or not."
    ),
    Mistake("no limit", _kept(evicts=False), "capacity is not used: at most so many stay."),
    Mistake(
        "the wrong end", _longest_unused, "those are the ones unused for longest: they go first, the last used stay."
    ),
    Mistake(
        "a capacity of 0 keeps all",
        _kept(careless=True),
        "list[-0:] is the whole list: a capacity of 0 keeps nothing.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        still_kept,
        cases=_caches,
        nudge="Two questions, in this order: whose time is over? Of those left, who was used last?",
        mistakes=MISTAKES,
    )
