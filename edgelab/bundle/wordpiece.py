"""Tokenizing plain English texts without the general machinery: BERT's WordPiece in a few lines.

The library normalizes Unicode, keeps alignments through every step and crosses from Python into Rust and back: for a
request of ten words that takes longer than the network of a small model. A text of printable ASCII needs none of it:
it is lower-cased, split at spaces and around punctuation, and each word is cut into the longest pieces of the
vocabulary from its beginning on (Schuster and Nakajima 2012; Devlin et al. 2019). Anything else is the library's.
"""

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

WORD = re.compile(r"[a-z0-9]+|[^a-z0-9 ]")
LONGEST_WORD = 100


@dataclass(frozen=True)
class Tokens:
    """What `tokenizers.Encoding` holds, as far as a bundle needs it: of each token its id, the number of its word
    (None for special tokens), and where it stands in the text."""

    ids: list[int]
    word_ids: list[int | None]
    offsets: list[tuple[int, int]]


class WordPiece:
    """The plain part of a `tokenizers.Tokenizer` that is BERT's, for texts that `accepts` lets through."""

    def __init__(self, tokenizer: "Tokenizer") -> None:
        """Take over a tokenizer's vocabulary.

        Raises:
            ValueError: the tokenizer is not BERT's, lower-casing, with [CLS] and [SEP] around each text.
        """
        spec = json.loads(tokenizer.to_str())
        model, normalizer = spec["model"], spec["normalizer"] or {}
        around = [part.get("SpecialToken", {}).get("id") for part in (spec["post_processor"] or {}).get("single", [])]
        is_bert = (
            (model["type"], model.get("continuing_subword_prefix")) == ("WordPiece", "##")
            and (normalizer.get("type"), normalizer.get("lowercase")) == ("BertNormalizer", True)
            and (spec["pre_tokenizer"] or {}).get("type") == "BertPreTokenizer"
            and around == ["[CLS]", None, "[SEP]"]
            and spec["padding"] is None
            and {"[CLS]", "[SEP]", model.get("unk_token")} <= set(model["vocab"])
        )
        if not is_bert:
            raise ValueError("expected BERT's tokenizer, without padding")
        self._vocabulary: dict[str, int] = model["vocab"]
        self._unknown = self._vocabulary[model["unk_token"]]
        self._first, self._last = self._vocabulary["[CLS]"], self._vocabulary["[SEP]"]
        self._room = (spec["truncation"] or {"max_length": 2**31})["max_length"] - 2

    @staticmethod
    def accepts(text: str) -> bool:
        """Whether a text is plain: printable ASCII, no bracket (a special token may be written out in it)."""
        return text.isascii() and text.isprintable() and "[" not in text

    def ids(self, text: str) -> list[int]:
        """The ids of a text that `accepts` lets through."""
        ids, vocabulary = [self._first], self._vocabulary
        for word in WORD.findall(text.lower()):
            known = vocabulary.get(word)
            if known is None:
                ids += [piece for piece, _ in self._pieces(word)]
            else:
                ids.append(known)
        del ids[self._room + 1 :]
        ids.append(self._last)
        return ids

    def encode(self, text: str) -> Tokens:
        """The same with words and places."""
        ids = [self._first]
        word_ids: list[int | None] = [None]
        offsets = [(0, 0)]
        for number, match in enumerate(WORD.finditer(text.lower())):
            start = match.start()
            for piece, end in self._pieces(match.group()):
                ids.append(piece)
                word_ids.append(number)
                offsets.append((start, match.start() + end))
                start = match.start() + end
        kept = self._room + 1
        return Tokens([*ids[:kept], self._last], [*word_ids[:kept], None], [*offsets[:kept], (0, 0)])

    def _pieces(self, word: str) -> list[tuple[int, int]]:
        """The pieces of a word: the id of each, and where it ends in the word."""
        vocabulary, pieces, start, prefix = self._vocabulary, [], 0, ""
        if len(word) > LONGEST_WORD:
            return [(self._unknown, len(word))]
        while start < len(word):
            end = len(word)
            while (known := vocabulary.get(prefix + word[start:end])) is None:
                end -= 1
                if end == start:  # no piece of the vocabulary begins here: the whole word is unknown
                    return [(self._unknown, len(word))]
            pieces.append((known, end))
            start, prefix = end, "##"
        return pieces
