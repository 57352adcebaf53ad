"""Perturbed input: a request that a person reads the same and a model does not, and the normalisation that stops some of it."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.datasets.dataset import Split
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval

Perturbation = Callable[[str, np.random.Generator], str]
Answer = Callable[[Sequence[str]], Sequence[str]]  # texts to labels

# Letters of other alphabets that look like Latin small ones in most fonts: of Unicode's confusables.txt (UTS 39) those that
# Cyrillic and Greek keyboards have, the dotless i and the alpha of phonetics.
LOOKALIKES = {
    "a": "аɑ",
    "b": "Ь",
    "c": "с",
    "d": "ԁ",
    "e": "е",
    "g": "ɡ",
    "h": "һ",
    "i": "іı",
    "j": "ј",
    "l": "ӏ",
    "o": "оο",
    "p": "рρ",
    "q": "ԛ",
    "s": "ѕ",
    "u": "υ",
    "v": "ѵν",
    "w": "ԝ",
    "x": "х",
    "y": "у",
}
LATIN = {ord(other): letter for letter, others in LOOKALIKES.items() for other in others}
WIDTHLESS = "\u200b\u200c\u200d\u2060\ufeff\u00ad"  # (non-)joiners, spaces and a hyphen that take no room
NEIGHBOURS = dict(zip("qwertyuiopasdfghjklzxcvbnm", "wertyuioopsdfghjkllxcvbnmn", strict=True))


def typos(text: str, generator: np.random.Generator, count: int = 2) -> str:
    """With `count` slips: a letter swapped with the next, doubled, left out, or its neighbour on the keyboard."""
    for _ in range(count):
        places = [i for i, character in enumerate(text) if character.isalpha()]
        if not places:
            return text
        i, slip = places[generator.integers(len(places))], generator.integers(4)
        letter, after = text[i], text[i + 1 : i + 2]
        wrong = (after + letter, letter + letter + after, after, NEIGHBOURS.get(letter.lower(), "e") + after)[slip]
        text = text[:i] + wrong + text[i + 2 :]
    return text


def homoglyphs(text: str, generator: np.random.Generator, share: float = 0.3) -> str:
    """With a share of the letters that have a double in another alphabet replaced by it; one at least."""
    places = [i for i, character in enumerate(text) if character in LOOKALIKES]
    characters = list(text)
    for i in _some(places, share, generator):
        characters[i] = LOOKALIKES[text[i]][0]
    return "".join(characters)


def zero_width(text: str, generator: np.random.Generator, share: float = 0.3) -> str:
    """With a space that takes no room in the middle of a share of its words; of one at least. BERT's tokenizer drops such
    characters itself, so that this does nothing to the course's bundles; to others, and to whatever looks for a word or an
    address in the text, it does."""
    places = [match.start() + len(match[0]) // 2 for match in re.finditer(r"\w{2,}", text)]
    characters = list(text)
    for i in _some(places, share, generator):
        characters[i] = "\u200b" + text[i]
    return "".join(characters)


def full_width(text: str, generator: np.random.Generator, share: float = 0.3) -> str:
    """With a share of its words in the wide letters of East Asian type; one at least."""
    places = list(re.finditer(r"[!-~]+", text))
    characters = list(text)
    for word in _some(places, share, generator):
        for i in range(*word.span()):
            characters[i] = chr(ord(text[i]) + 0xFEE0)
    return "".join(characters)


PERTURBATIONS: Mapping[str, Perturbation] = {
    "typos": typos,
    "homoglyphs": homoglyphs,
    "zero width": zero_width,
    "full width": full_width,
}


def _some(places: list, share: float, generator: np.random.Generator) -> list:
    """A share of them, drawn; one at least, where there is one."""
    if not places:
        return []
    chosen = generator.random(len(places)) < share
    chosen[generator.integers(len(places))] = True
    return [place for place, drawn in zip(places, chosen, strict=True) if drawn]


def normalise(text: str) -> str:
    """As a model should read it: compatibility forms composed (NFKC), characters without width taken out, and look-alikes of
    Latin letters replaced in words that have Latin ones, too. A word of another alphabet alone is somebody's language and
    stays, so an attacker who replaces all of a word gets through."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if c not in WIDTHLESS)
    return re.sub(r"\w+", lambda word: _in_latin(word[0]), plain)


def normalise_hard(text: str) -> str:
    """The same, with look-alikes replaced wherever they stand: no attacker gets through, and Russian is ruined."""
    plain = "".join(c for c in unicodedata.normalize("NFKC", text) if c not in WIDTHLESS)
    return plain.translate(LATIN)


def _in_latin(word: str) -> str:
    return word.translate(LATIN) if re.search("[A-Za-z]", word) else word


@dataclass(frozen=True)
class Perturbed:
    """Accuracy on a split as it is, perturbed, and perturbed and normalised; `lost` is what the perturbation costs, `restored`
    what normalising gives back, both paired on the examples."""

    name: str
    clean: Interval
    perturbed: Interval
    normalised: Interval
    lost: Interval
    restored: Interval


def judge_perturbation(
    answer: Answer, split: Split, name: str, *, normaliser: Callable[[str], str] = normalise, seed: int = 0
) -> Perturbed:
    """What one of PERTURBATIONS does to a model on a split, and what a normaliser gives back.

    Args:
        answer: the model, from texts to labels.
    """
    generator, gold = np.random.default_rng(seed), np.array(split.labels)
    perturbed = [PERTURBATIONS[name](text, generator) for text in split.texts]
    clean, before, after = (
        np.asarray(answer(texts)) == gold
        for texts in (split.texts, perturbed, [normaliser(text) for text in perturbed])
    )
    return Perturbed(
        name,
        accuracy_interval(clean),
        accuracy_interval(before),
        accuracy_interval(after),
        lost=paired_difference(clean, before),
        restored=paired_difference(after, before),
    )


def altered(texts: Sequence[str], normaliser: Callable[[str], str] = normalise) -> Interval:
    """The price of a normaliser: the share of honest texts that it changes."""
    return accuracy_interval(np.array([normaliser(text) != text for text in texts]))


# Honest requests in other alphabets, or with characters of their own that NFKC or a joiner's removal touches.
OTHER_SCRIPTS: Mapping[str, tuple[str, ...]] = {
    "Russian": (
        "поставь будильник на семь утра",
        "какая погода завтра в Москве",
        "включи музыку",
        "напиши маме что я опоздаю",
        "сколько времени",
        "добавь молоко в список",
    ),
    "Greek": (
        "βάλε ξυπνητήρι στις επτά",
        "τι καιρό θα κάνει αύριο",
        "παίξε μουσική",
        "στείλε μήνυμα στη μαμά",
        "τι ώρα είναι",
        "πρόσθεσε γάλα στη λίστα",
    ),
    "German": (
        "stell den Wecker auf sieben Uhr früh",
        "wie wird das Wetter in Köln",
        "spiel die Ärzte",
        "schreib Jürgen dass ich später komme",
        "wie spät ist es",
        "füge Käse zur Einkaufsliste hinzu",
    ),
    "Persian": (  # a joiner's absence (U+200C) parts a word in its spelling
        "می\u200cخواهم ساعت هفت بیدار شوم",
        "هوا فردا چطور می\u200cشود",
        "آهنگ\u200cهای شاد پخش کن",
        "به مادرم بگو دیر می\u200cرسم",
        "ساعت چند است",
        "شیر را به فهرست اضافه کن",
    ),
    "emoji": (  # a joiner (U+200D) makes one sign of several
        "text mum \U0001f469\u200d\U0001f467 on my way",
        "play something \U0001f525",
        "remind me about the \U0001f468\u200d\U0001f4bb meeting",
        "wake me at 7 \u23f0",
        "set \u00bd an hour timer",
        "it is 30\u00ba outside is that normal",
    ),
}
