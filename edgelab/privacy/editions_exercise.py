"""Cases and mistakes of the exercise on editions: which of the bundles that are offered a device takes."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake

Offers = list[tuple[int, bool]]


def accepted(offers: Offers, seen: int) -> list[bool]:
    """Which offers a device takes, each (the edition that it claims, whether its signature is sound), in their order. `seen` is
    the highest edition that it has taken before; only a bundle that it takes can raise that."""
    answers = []
    for edition, sound in offers:
        answers.append(sound and edition >= seen)
        if answers[-1]:
            seen = edition
    return answers


# --- the exercise ----------------------------------------------------------------------------------


def _sequences(rng: np.random.Generator) -> Iterator[tuple]:
    for number, seen in ((14, 3), (25, 1), (9, 6)):
        editions = np.maximum(1, np.sort(rng.integers(1, 12, number)) + rng.integers(-3, 3, number))
        yield [(int(edition), bool(rng.random() < 0.7)) for edition in editions], seen
    yield [(999, False), (4, True), (5, True), (4, True)], 3  # a forgery must not lock the device
    yield [(3, True), (3, True), (2, True), (4, True)], 3  # the same again, and an older one
    yield [(7, True), (9, True), (8, True)], 2  # editions may be skipped
    for date in (2026, 20_261_130):  # a number is a number, however far
        yield [(4, True), (date, True), (date - 1, True), (date, True)], 3
    yield [(2, False)], 1
    yield [], int(rng.integers(1, 9))


def _walk(
    takes: Callable[[int, bool, int], bool], after: Callable[[int, bool, int, bool], int]
) -> Callable[..., list[bool]]:
    """The rule in two parts: whether an offer is taken, and the highest edition after it."""

    def wrong(offers: Offers, seen: int) -> list[bool]:
        answers = []
        for edition, sound in offers:
            answers.append(takes(edition, sound, seen))
            seen = after(edition, sound, seen, answers[-1])
        return answers

    return wrong


def _right(edition: int, sound: bool, seen: int) -> bool:
    return sound and edition >= seen


def _raised(edition: int, sound: bool, seen: int, taken: bool) -> int:
    return edition if taken else seen


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        accepted,
        cases=_sequences,
        nudge="Two questions for each offer: is it the maker's, and is it not older than what was taken? Then: what is remembered?",
        mistakes=(
            Mistake(
                "the signature alone",
                lambda offers, seen: [sound for _, sound in offers],
                "an old bundle has a sound signature, too: that is how a hole that was mended comes back.",
            ),
            Mistake(
                "the edition alone",
                _walk(lambda edition, sound, seen: edition >= seen, _raised),
                "anybody can write a number: it counts only where the signature is sound.",
            ),
            Mistake(
                "a forgery remembered",
                _walk(_right, lambda edition, sound, seen, taken: max(seen, edition)),
                "somebody offers edition 999 with a broken signature, and you take nothing ever again: remember what was taken.",
            ),
            Mistake(
                "never the same twice",
                _walk(lambda edition, sound, seen: sound and edition > seen, _raised),
                "the edition that is installed may come again, to mend a damaged file: not older is enough.",
            ),
            Mistake(
                "nothing remembered",
                _walk(_right, lambda edition, sound, seen, taken: seen),
                "after edition 5 was taken, 4 is an older one: what is remembered must grow.",
            ),
            Mistake(
                "only the next",
                _walk(lambda edition, sound, seen: sound and edition in (seen, seen + 1), _raised),
                "a phone that lay in a drawer misses editions: a later one is as good as the next.",
            ),
            Mistake(
                "not too far ahead",
                _walk(lambda edition, sound, seen: sound and seen <= edition <= seen + 100, _raised),
                "who has the maker's signature may count as they like, by years, say: no edition is too high.",
            ),
            Mistake(
                "no edition beyond the years",
                _walk(lambda edition, sound, seen: sound and seen <= edition <= 9999, _raised),
                "editions may be dates: the signature says that a number is the maker's, not its size.",
            ),
            Mistake(
                "as its maker says",
                _walk(_right, lambda edition, sound, seen, taken: edition if sound else seen),
                "an older bundle that was refused has lowered what you remember: only what is taken may change it.",
            ),
            Mistake(
                "shut after an attack",
                lambda offers, seen: [
                    taken and all(sound for _, sound in offers[:place])
                    for place, taken in enumerate(accepted(offers, seen))
                ],
                "one forged offer, and no update ever reaches this device again: that is an attack of its own.",
            ),
        ),
    )
