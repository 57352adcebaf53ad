"""Cases and mistakes of the exercise on perturbed requests: `normalise`."""

import re
import unicodedata
from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.privacy.perturbed import (
    LATIN,
    OTHER_SCRIPTS,
    PERTURBATIONS,
    WIDTHLESS,
    full_width,
    homoglyphs,
    normalise,
    normalise_hard,
    zero_width,
)

PLAIN = ("wake me at SEVEN", "text Ana that I'm late", "play Zoë's list number 2", "ADD MILK", "é")


def _texts(rng: np.random.Generator) -> Iterator[tuple]:
    for text in PLAIN:
        for perturb in PERTURBATIONS.values():
            yield (perturb(text, rng),)
        yield (full_width(zero_width(homoglyphs(text, rng, 0.5), rng, 0.5), rng, 0.5),)
    for texts in OTHER_SCRIPTS.values():
        yield (str(rng.choice(texts)),)
    yield (f"translate {rng.choice(OTHER_SCRIPTS['Russian'])} to English",)
    yield ("tеxt OК",)  # the Russian letters е and К: of the second word only a capital is Latin
    yield ("call мама-home  now",)  # a hyphen parts words, and two spaces stay two
    yield ("meet me at дом2, café_о",)  # a digit is no letter
    yield ("мама_о",)  # between Z and a lies the underscore, which is no letter
    yield (f" wa{str(rng.choice(list(WIDTHLESS)))}ke\tme ",)  # each of them, and spaces at the ends stay
    yield ("".join(f"add{none}ed " for none in WIDTHLESS) + "\u200emilk",)  # and a mark that is none of them
    yield ("",)
    yield ("\u200b",)


def _dropped(text: str) -> str:
    return "".join(character for character in text if character not in WIDTHLESS)


def _words(text: str, *, ends: tuple[str, str] = ("a", "z"), lower: bool = True) -> str:
    def read(word: str) -> str:
        letters = word.lower() if lower else word
        return word.translate(LATIN) if any(ends[0] <= letter <= ends[1] for letter in letters) else word

    return re.sub(r"\w+", lambda found: read(found[0]), text)


def _composed(text: str, form: str = "NFKC") -> str:
    return unicodedata.normalize(form, text)  # type: ignore[arg-type]


def _without_accents(text: str) -> str:
    return "".join(c for c in _words(_dropped(_composed(text, "NFKD"))) if not unicodedata.combining(c))


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        normalise,
        cases=_texts,
        nudge="Three steps, one after the other: what is wide, what has no width, what only looks Latin. Which words may change?",
        mistakes=(
            Mistake(
                "NFKC alone",
                lambda text: _composed(text),
                "NFKC makes wide letters narrow; a Cyrillic letter stays one, and so does what has no width.",
            ),
            Mistake(
                "what is without width left in",
                lambda text: _words(_composed(text)),
                "the characters in WIDTHLESS are still there: leave them out, before you look for words.",
            ),
            Mistake(
                "wide letters left",
                lambda text: _words(_dropped(text)),
                'letters of East Asian width are still there: unicodedata.normalize("NFKC", text) comes first.',
            ),
            Mistake(
                "look-alikes left",
                lambda text: _dropped(_composed(text)),
                "translate by LATIN, word by word, what only looks like Latin.",
            ),
            Mistake(
                "everywhere",
                normalise_hard,
                "a Russian word has none of a to z: it is somebody's language, and stays.",
            ),
            Mistake(
                "by the whole text",
                lambda text: (
                    _dropped(_composed(text)).translate(LATIN) if re.search("[A-Za-z]", _composed(text)) else text
                ),
                "an English sentence may quote a Russian word: decide for each word (\\w+), not for the text.",
            ),
            Mistake(
                "some without width",
                lambda text: _words(re.sub("[\u200b-\u200d]", "", _composed(text))),
                "WIDTHLESS has more than the zero-width space and the joiners: leave out each of its characters.",
            ),
            Mistake(
                "by the spaces",
                lambda text: re.sub(
                    r"\S+",
                    lambda found: found[0].translate(LATIN) if re.search("[A-Za-z]", found[0]) else found[0],
                    _dropped(_composed(text)),
                ),
                "a word is \\w+: what a hyphen joins are two words, and one of them may be Russian.",
            ),
            Mistake(
                "any ASCII",
                lambda text: re.sub(
                    r"\w+",
                    lambda found: found[0].translate(LATIN) if re.search("[ -~]", found[0]) else found[0],
                    _dropped(_composed(text)),
                ),
                "a digit makes no word Latin: look for a letter from a to z or A to Z.",
            ),
            Mistake(
                "from A to z",
                lambda text: re.sub(
                    r"\w+",
                    lambda found: found[0].translate(LATIN) if re.search("[A-z]", found[0]) else found[0],
                    _dropped(_composed(text)),
                ),
                "between Z and a stand [, \\, ], ^, _ and `: write [a-zA-Z].",
            ),
            Mistake(
                "small letters alone",
                lambda text: _words(_dropped(_composed(text)), lower=False),
                "a word may be written in capitals: A to Z are Latin as well.",
            ),
            Mistake(
                "lower case",
                lambda text: normalise(text).lower(),
                "capitals are no trick: leave them as they are.",
            ),
            Mistake(
                "accents gone",
                _without_accents,
                "NFKD takes letters apart, and accents are no trick: compose with NFKC.",
            ),
            Mistake(
                "only ASCII",
                lambda text: normalise(text).encode("ascii", "ignore").decode(),
                "who throws away what is not ASCII throws away other languages, and half of a perturbed word.",
            ),
            Mistake(
                "looked for words first",
                lambda text: _dropped(_composed(_words(text))),
                "a zero-width space parts a word in two, and wide letters are none of a to z: clean up before you look for words.",
            ),
        ),
    )
