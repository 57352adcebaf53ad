"""Cases and mistakes of the exercise on guided decoding: `next_letter`."""

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.errors import GeneratorError
from edgelab.generation.guided import next_letter

ANSWERS = ["play", "playlist", "pause", "stop", "next"]


def _letters(rng: np.random.Generator, letters: str) -> dict[str, float]:
    shares = rng.dirichlet(np.ones(len(letters))).round(4)
    return dict(zip(letters, shares.tolist(), strict=True))


def _beginnings(rng: np.random.Generator) -> Iterator[tuple]:
    for written in ("", "p", "pa", "st"):
        yield _letters(rng, "abcdefghijklmnopqrstuvwxyz"), written, ANSWERS
    yield {"p": 0.5, "s": 0.3, "z": 0.2}, "", rng.permutation(ANSWERS).tolist()
    yield {"a": float(rng.uniform(0.5, 0.8)), "n": 0.1, "p": 0.2}, "", ANSWERS  # the likeliest letter is not allowed
    yield {"l": float(rng.uniform(0.5, 0.9)), "": 0.1}, "play", ANSWERS  # it may end, and need not
    yield {"": float(rng.uniform(0.5, 0.9)), "l": 0.1}, "play", ANSWERS
    yield {"x": float(rng.uniform(0.5, 0.9))}, "stop", ANSWERS  # it can only end
    yield {"x": 1.0}, "", rng.permutation(ANSWERS).tolist()  # a tie: the first in the alphabet
    yield {"s": 0.4, "p": 0.4, "z": 0.2}, "", ANSWERS  # a tie of two, the later named first
    yield {"s": 0.0}, "", ANSWERS  # to be named with 0 is not more
    yield {"s": 0.001}, "", ANSWERS
    yield {"x": 1.0}, "play", ANSWERS  # a tie of a letter and the end
    yield {"o": float(rng.uniform(0.5, 0.9))}, "sto", ANSWERS[:4]
    yield {"i": float(rng.uniform(0.5, 0.9))}, "pi", ANSWERS  # no answer begins so
    yield {}, "", []
    yield {"P": float(rng.uniform(0.5, 0.6)), "p": 0.3}, "", ["Play", *ANSWERS]


def _left(written: str, answers: Sequence[str]) -> list[str]:
    return [answer[len(written) :] for answer in answers if answer.startswith(written)]


def _unheld(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
    if not _left(written, answers):
        raise GeneratorError("no answer begins so")
    return max(sorted(likely), key=lambda letter: likely[letter])


def _never_ends(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
    allowed = {left[0] for left in _left(written, answers) if left}
    if not _left(written, answers):
        raise GeneratorError("no answer begins so")
    return max(sorted(allowed), key=lambda letter: likely.get(letter, 0), default="")


def _ends_at_once(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
    return "" if written in answers else next_letter(likely, written, answers)


def _unrefused(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
    return next_letter(likely, written, answers) if _left(written, answers) else ""


def _anywhere(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
    if not _left(written, answers):
        raise GeneratorError("no answer begins so")
    allowed = {letter for answer in answers for letter in answer} | {""}
    return max(sorted(allowed), key=lambda letter: likely.get(letter, 0))


def _known_alone(pick: Callable) -> Callable[[Mapping[str, float], str, Sequence[str]], str]:
    """The choice with the alphabet or the order changed."""

    def answer(likely: Mapping[str, float], written: str, answers: Sequence[str]) -> str:
        allowed = {left[:1] for left in _left(written, answers)}
        if not allowed:
            raise GeneratorError("no answer begins so")
        return pick(likely, allowed)

    return answer


def _end_last(letter: str) -> tuple[bool, str]:
    return letter == "", letter


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        next_letter,
        cases=_beginnings,
        nudge='Which answers begin with what is written? Their next letters are allowed, and "" where one ends there.',
        mistakes=(
            Mistake("not held at all", _unheld, "the likeliest letter of all may be none that an answer goes on with."),
            Mistake(
                "letters from anywhere",
                _anywhere,
                "a letter must be the NEXT of an answer that begins with what is written.",
            ),
            Mistake("never ends", _never_ends, 'where an answer is complete, ending ("") is one of the choices.'),
            Mistake(
                "ends as soon as it can",
                _ends_at_once,
                "play is complete, and playlist goes on: the likelier of the two wins.",
            ),
            Mistake(
                "nothing is refused",
                _unrefused,
                "if no answer begins so, no letter can mend it: raise a GeneratorError.",
            ),
            Mistake(
                "the last of a tie",
                _known_alone(
                    lambda likely, allowed: max(sorted(allowed, reverse=True), key=lambda a: likely.get(a, 0))
                ),
                "of equally likely letters take the first in the alphabet.",
            ),
            Mistake(
                "the end last",
                _known_alone(
                    lambda likely, allowed: max(sorted(allowed, key=_end_last), key=lambda a: likely.get(a, 0))
                ),
                '"" comes before every letter that is as likely.',
            ),
            Mistake(
                "named alone",
                _known_alone(
                    lambda likely, allowed: max(
                        sorted(allowed & likely.keys()), key=lambda a: likely[a], default=min(allowed)
                    )
                ),
                "a letter that is not named has 0, like one that is named with 0: then the alphabet decides.",
            ),
            Mistake(
                "as they are named",
                _known_alone(
                    lambda likely, allowed: max(
                        [*(a for a in likely if a in allowed), *sorted(allowed - likely.keys())],
                        key=lambda a: likely.get(a, 0),
                    )
                ),
                "the order of the dict means nothing: sort the letters before you take the largest.",
            ),
            Mistake(
                "in lower case",
                lambda likely, written, answers: next_letter(
                    {letter.lower(): share for letter, share in likely.items()}, written, answers
                ),
                "P and p are two letters: leave their case alone.",
            ),
            Mistake(
                "the least likely",
                _known_alone(lambda likely, allowed: min(sorted(allowed), key=lambda a: likely.get(a, 0))),
                "of the allowed letters take the likeliest.",
            ),
            Mistake(
                "the alphabet's first",
                _known_alone(lambda likely, allowed: min(allowed)),
                "the model has its say among the allowed letters: look at likely.",
            ),
        ),
    )
