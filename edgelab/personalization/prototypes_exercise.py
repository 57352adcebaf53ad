"""Cases and mistakes of the exercises on prototypes and on a fair judgement: `learn_prototypes`, `unfair`."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.personalization.cache import plain_words
from edgelab.personalization.evaluation import unfair
from edgelab.personalization.prototypes import Prototypes, learn_prototypes, unit

# --- learn_prototypes ------------------------------------------------------------------------------


def _phrases(rng: np.random.Generator) -> Iterator[tuple]:
    for names, each, width in ((("vampire", "harmattan", "up_nepa"), 4, 6), (("tape", "coffin"), 3, 9)):
        commands = rng.permutation(np.repeat(names, each)).tolist()
        lengths = rng.uniform(0.2, 5, (len(commands), 1))
        yield lengths * rng.normal(size=(len(commands), width)), commands
    yield rng.normal(size=(3, 5)), ["c", "a", "c"]  # one has a single phrase
    yield rng.normal(size=(4, 6)), ["seldom", "often", "often", "often"]
    yield 3 * rng.normal(size=(1, 4)), ["alone"]


def _made(features: np.ndarray, commands: Sequence[str], middle: object) -> Prototypes:
    """Prototypes of which each is what `middle(features of the command, all features)` gives."""
    names, of = tuple(dict.fromkeys(commands)), np.array(commands)
    return Prototypes(names, np.stack([middle(features[of == name], features) for name in names]))  # type: ignore[operator]


def _sorted(features: np.ndarray, commands: Sequence[str]) -> Prototypes:
    made = learn_prototypes(features, commands)
    order = np.argsort(made.commands)
    return Prototypes(tuple(made.commands[i] for i in order), made.vectors[order])


def _by_frequency(features: np.ndarray, commands: Sequence[str]) -> Prototypes:
    made = learn_prototypes(features, commands)
    order = [made.commands.index(name) for name, _ in Counter(commands).most_common()]
    return Prototypes(tuple(made.commands[i] for i in order), made.vectors[order])


PROTOTYPES = (
    Mistake(
        "a loud phrase counts more",
        lambda features, commands: _made(features, commands, lambda f, _: unit(f.mean(0))),
        "each phrase must count alike: scale the phrases to length 1 before the mean, too.",
    ),
    Mistake(
        "the mean as it is",
        lambda features, commands: _made(features, commands, lambda f, _: unit(f).mean(0)),
        "the mean of vectors of length 1 is shorter than 1: scale it again, or its product with a text is no cosine.",
    ),
    Mistake(
        "in the order of the alphabet",
        _sorted,
        "the order is that of each command's first phrase: dict.fromkeys keeps it, set and sorted do not.",
    ),
    Mistake(
        "the most frequent first",
        _by_frequency,
        "the order is that of each command's first phrase, however many phrases it has.",
    ),
    Mistake(
        "the first phrase alone",
        lambda features, commands: _made(features, commands, lambda f, _: unit(f[0])),
        "that is one phrase; a prototype is the mean of all phrases of its command.",
    ),
    Mistake(
        "one mean for all",
        lambda features, commands: _made(features, commands, lambda _, every: unit(unit(every).mean(0))),
        "all commands get the same vector: take only the rows whose command is this one.",
    ),
    Mistake(
        "a prototype for each phrase",
        lambda features, commands: Prototypes(tuple(commands), unit(features)),
        "one vector for each command, not for each phrase: average those of the same name.",
    ),
    Mistake(
        "the median",
        lambda features, commands: _made(features, commands, lambda f, _: unit(np.median(unit(f), 0))),
        "that is the median: the mean is asked for.",
    ),
    Mistake(
        "the parts sum to 1",
        lambda features, commands: _made(
            features, commands, lambda f, _: unit(f).mean(0) / np.abs(unit(f).mean(0)).sum()
        ),
        "length 1 means that the SQUARES sum to 1: personalization.unit does that.",
    ),
)

# --- unfair ----------------------------------------------------------------------------------------

WORDS = [
    "lid",
    "tape",
    "night",
    "red",
    "cold",
    "kitchen",
    "mama",
    "bring",
    "light",
    "close",
    "the",
    "my",
    "on",
    "strike",
    "sun",
    "down",
]


def _splits(rng: np.random.Generator) -> Iterator[tuple]:
    for count in (8, 14):
        learned = [" ".join(rng.permutation(WORDS)[: rng.integers(2, 6)]) for _ in range(count)]
        fresh = [" ".join(rng.permutation(WORDS)[: rng.integers(6, 8)]) for _ in range(5)]
        exact, upper, marked = learned[0], learned[1].upper(), f"{learned[2]}!"
        wide, both = learned[3].replace(" ", "  "), f"  {learned[4].title()}."
        turned, longer = " ".join(learned[5].split()[::-1]), f"{learned[6]} again"
        judged = [exact, upper, marked, wide, both, turned, longer, exact, *fresh]
        yield tuple(learned), tuple(judged[i] for i in rng.permutation(len(judged)))  # tuples, as in a split
    yield ("Red alert!", "vampire mode"), ("red alert", "so vampire", "VAMPIRE, mode", f"red {rng.integers(9)}")
    near = (
        "close lid",
        "closes the lid",
        "closet he lid",
        "all maman",
        "light",
        f"timer of {rng.integers(6, 9)} minutes",
    )
    yield ("close the lid", "all\u00f4 maman", "light light", "timer of 5 minutes"), (*near, "Timer of 5 minutes.")
    yield (), (f"red {rng.integers(9)}",)
    yield ("red alert",), ()


def _by(read: object) -> object:
    def found(learned: Sequence[str], judged: Sequence[str]) -> list[str]:
        known = {read(text) for text in learned}  # type: ignore[operator]
        return [text for text in judged if read(text) in known]  # type: ignore[operator]

    return found


UNFAIR = (
    Mistake(
        "letter for letter",
        _by(str),
        "it misses phrases that differ in case, in punctuation or in spaces alone: compare their plain words.",
    ),
    Mistake(
        "lower case alone",
        _by(str.lower),
        "case is seen to; an exclamation mark or a second space still hides a phrase.",
    ),
    Mistake(
        "the words in any order",
        _by(lambda text: frozenset(plain_words(text).split())),
        "other words in another order are another phrase: only what has the SAME words in the same order counts.",
    ),
    Mistake(
        "the small words left out",
        _by(lambda text: " ".join(word for word in plain_words(text).split() if len(word) > 3)),
        "short words and numbers are words, too: a timer of 6 minutes is not one of 5.",
    ),
    Mistake(
        "letters alone",
        _by(lambda text: " ".join(re.findall("[a-z]+", text.lower()))),
        "numbers and letters with accents belong to the words: a timer of 6 minutes is not one of 5.",
    ),
    Mistake(
        "no spaces",
        _by(lambda text: plain_words(text).replace(" ", "")),
        "two spaces are one, but not none: keep the words apart.",
    ),
    Mistake(
        "each word once",
        _by(lambda text: " ".join(dict.fromkeys(plain_words(text).split()))),
        "who says a word twice says something else: keep all words.",
    ),
    Mistake(
        "the ends of words left off",
        _by(lambda text: " ".join(word.rstrip("s") for word in plain_words(text).split())),
        "another form of a word is another word here: what may differ is how the SAME words are written.",
    ),
    Mistake(
        "a part of it",
        lambda learned, judged: [
            text for text in judged if any(plain_words(known) in plain_words(text) for known in learned)
        ],
        "a longer phrase that holds a learned one is a new phrase: compare whole phrases.",
    ),
    Mistake(
        "each once",
        lambda learned, judged: list(dict.fromkeys(unfair(learned, judged))),
        "a phrase that is judged twice counts twice: leave no one out.",
    ),
    Mistake(
        "the fair ones",
        lambda learned, judged: [text for text in judged if text not in unfair(learned, judged)],
        "those are the phrases that may stay: return the others.",
    ),
    Mistake(
        "as they were learned",
        lambda learned, judged: [
            text for text in learned if plain_words(text) in {plain_words(other) for other in judged}
        ],
        "return the phrases as they stand in judged, not as they stand in learned.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercise on prototypes to a notebook's registry."""
    check.function(
        learn_prototypes,
        cases=_phrases,
        nudge="Which length has each phrase before the mean, and which has the mean after it?",
        mistakes=PROTOTYPES,
        atol=1e-5,
    )


def register_unfair(check: Checks) -> None:
    """Add the fault to find."""
    check.function(
        unfair,
        cases=_splits,
        nudge="Read a phrase of judged aloud. Was it among those learned from? What may differ on paper and sounds the same?",
        mistakes=UNFAIR,
    )
