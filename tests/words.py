"""A text as a tokenizer of whole words would give it."""

import re


class Words:
    """Each word is one token; no special ones."""

    def __init__(self, text: str) -> None:
        found = list(re.finditer(r"\S+", text))
        self.offsets = [match.span() for match in found]
        self.word_ids = list(range(len(found)))
        self.ids = self.word_ids
