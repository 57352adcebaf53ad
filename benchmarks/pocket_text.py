"""How the data card compares utterances: their words, masked forms, token Jaccard, distinct n-grams, hashes."""

import hashlib
import random
from collections import Counter, defaultdict
from collections.abc import Iterable

from edgelab.datasets.dataset import Split
from edgelab.datasets.repeats import words

SAMPLED_WORDS = 20_000
# Some 11,000 unlabelled lines against 6,200 public ones: by chance alone, the odds that any two hashes agree are 6e-5.
HASH_DIGITS = 10


def masked(text: str, spans) -> str:
    """The utterance with each slot value replaced by the slot's name."""
    for span in sorted(spans, key=lambda s: s.start, reverse=True):
        text = f"{text[: span.start]} slot{span.name.replace('_', '')} {text[span.end :]}"
    return " ".join(words(text))


def masked_forms(split: Split) -> list[str]:
    return [masked(text, spans) for text, spans in zip(split.texts, split.spans, strict=True)]


def slot_values(split: Split) -> list[str]:
    return [t[s.start : s.end].lower() for t, spans in zip(split.texts, split.spans, strict=True) for s in spans]


def jaccard(a: set, b: set) -> float:
    return len(a & b) / len(a | b)


def nearest(texts: Iterable[str], others: Iterable[str]) -> list[float]:
    """The largest token Jaccard of each text with any of the others; 0 where it shares a word with none."""
    pool, places = [set(words(other)) for other in others], defaultdict(list)
    for i, other in enumerate(pool):
        for word in other:
            places[word].append(i)

    def closest(mine: set[str]) -> float:
        shared = Counter(i for word in mine for i in places.get(word, ()))
        return max((n / (len(mine) + len(pool[i]) - n) for i, n in shared.items()), default=0.0)

    return [closest(set(words(text))) for text in texts]


def distinct(texts: list[str], n: int) -> float:
    """Distinct n-grams for every 1,000 words, in utterances drawn until `SAMPLED_WORDS` words are reached."""
    drawn, total, grams = random.Random(0).sample(texts, len(texts)), 0, set()
    for text in drawn:
        tokens = words(text)
        if total + len(tokens) > SAMPLED_WORDS:
            tokens = tokens[: SAMPLED_WORDS - total]
        total += len(tokens)
        grams.update(zip(*(tokens[i:] for i in range(n)), strict=False))
        if total == SAMPLED_WORDS:
            return 1000 * len(grams) / SAMPLED_WORDS
    raise ValueError(f"expected {SAMPLED_WORDS} words, found {total}")


def hashed(text: str) -> str:
    """The first digits of the SHA-256 of the set of words: the same words in any order, the same hash."""
    return hashlib.sha256(" ".join(sorted(set(words(text)))).encode()).hexdigest()[:HASH_DIGITS]
