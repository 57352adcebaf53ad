"""Texts that repeat one another, however they are written."""

import re
import unicodedata
from collections.abc import Iterable

from edgelab.datasets.dataset import Split


def words(text: str) -> list[str]:
    """The words of a text, whatever their case, apostrophes and punctuation: `What's` and `whats` are one word."""
    return re.findall(r"[^\W_]+", re.sub("['’‘`]", "", _folded(text)))


def normalised(text: str) -> str:
    """What a text has in common with its repeats: its `words`. Of a text without words, such as an emoji, all of it."""
    return " ".join(words(text)) or _folded(text).strip()


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def apart(texts: tuple[str, ...], splits: Iterable[Split]) -> tuple[str, ...]:
    """Those of the texts that repeat none of the splits."""
    taken = {normalised(text) for split in splits for text in split.texts}
    return tuple(text for text in texts if normalised(text) not in taken)
