"""From texts to tokens: the encoder's tokenizer, whole or trimmed to a vocabulary."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from tokenizers import Encoding, Tokenizer

from edgelab.datasets.dataset import Dataset, Split
from edgelab.datasets.slots import first_pieces, spans_to_tags, tag_names
from edgelab.models.weights import pretrained_folder

MAX_TOKENS = 128


def load_tokenizer() -> Tokenizer:
    """The encoder's tokenizer, without its padding to 128, cutting at 128 tokens."""
    tokenizer = Tokenizer.from_file(str(pretrained_folder() / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_TOKENS)
    return tokenizer


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a token that every vocabulary of the course keeps, such as `[CLS]`.

    Raises:
        ValueError: this vocabulary does not have it.
    """
    found = tokenizer.token_to_id(token)
    if found is None:
        raise ValueError(f"expected {token} in the tokenizer's vocabulary, found none")
    return found


def encodings(tokenizer: Tokenizer, texts: tuple[str, ...]) -> Iterator[Encoding]:
    """Each text's encoding. A few thousand at a time: what the library notes of a long text takes 40 kB."""
    for start in range(0, len(texts), 4096):
        yield from tokenizer.encode_batch(list(texts[start : start + 4096]))


def trim_vocabulary(tokenizer: Tokenizer, texts: tuple[str, ...], size: int) -> tuple[Tokenizer, np.ndarray]:
    """A tokenizer of at most `size` tokens, and the old id of each new one.

    Kept, in this order until full: special tokens; single characters seen in the texts or plain ASCII, so that no
    known word becomes unknown but is split further; tokens by how often the texts use them; the most general rest
    (the pretrained vocabulary is in order of frequency), but for its placeholders and characters of other scripts.
    """
    spec = json.loads(tokenizer.to_str())
    vocabulary = spec["model"]["vocab"]
    counts = np.bincount([i for e in encodings(tokenizer, texts) for i in e.ids], minlength=len(vocabulary))
    seen = {c for text in texts for c in tokenizer.normalizer.normalize_str(text)} | {chr(c) for c in range(33, 127)}

    def rank(item: tuple[str, int]) -> tuple[int, int, int]:
        token, old = item
        special = token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
        piece = token.removeprefix("##")
        if special:
            return (0, 0, old)  # [PAD] stays 0, as `pad` and `Convolution` take it
        if counts[old] == 0 and (token.startswith("[unused") or (len(piece) == 1 and piece not in seen)):
            return (3, 0, old)
        return (1 if piece in seen else 2, -int(counts[old]), old)

    kept = sorted(vocabulary.items(), key=rank)[:size]
    kept[5:] = sorted(kept[5:])  # behind the special ones in the alphabet's order, in which a bundle packs them best
    spec["model"]["vocab"] = {token: new for new, (token, _) in enumerate(kept)}
    spec["added_tokens"] = [{**token, "id": spec["model"]["vocab"][token["content"]]} for token in spec["added_tokens"]]
    for token in spec["post_processor"]["special_tokens"].values():
        token["ids"] = [spec["model"]["vocab"][t] for t in token["tokens"]]
    return Tokenizer.from_str(json.dumps(spec)), np.array([old for _, old in kept])


@dataclass(frozen=True)
class Encoded:
    """Token ids of each text, the positions that begin a word, the tag of each such word, the label ids."""

    ids: list[list[int]]
    first: list[list[int]]
    tags: list[list[int]]
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def lengths(self) -> np.ndarray:
        """How many tokens each text has, int [texts]."""
        return np.array([len(i) for i in self.ids])


def encode(tokenizer: Tokenizer, texts: tuple[str, ...]) -> Encoded:
    """Tokens of unlabelled texts: every label id and tag is 0."""
    pairs = [(e.ids, first_pieces(e.word_ids)) for e in encodings(tokenizer, texts)]
    ids, first = [i for i, _ in pairs], [f for _, f in pairs]
    return Encoded(ids, first, [[0] * len(f) for f in first], np.zeros(len(texts), dtype=int))


def encode_labelled(tokenizer: Tokenizer, dataset: Dataset, split: Split) -> Encoded:
    """Tokens, tags and label ids of a split; without slots every word is tagged `O`."""
    plain = replace(encode(tokenizer, split.texts), labels=np.array(dataset.label_ids(split)))
    if split.spans is None:
        return plain
    names = tag_names(list(dataset.slot_names))
    tags = []
    for spans, e, first in zip(split.spans, encodings(tokenizer, split.texts), plain.first, strict=True):
        row = spans_to_tags(spans, e.word_ids, e.offsets, names)
        tags.append([row[i] for i in first])
    return replace(plain, tags=tags)
