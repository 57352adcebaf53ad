"""BERT's tokenizer in two bytes a token: its vocabulary, since all else is the same in every such tokenizer.

`vocabulary.zlib` is UTF-8 text in one zlib stream (RFC 1950, which a browser's `DecompressionStream("deflate")` reads).
In it the pieces of the vocabulary follow each other in the order of their ids, the special ones among them. Each stands
behind one control character, whose code (0 to 31) says with how many characters of the piece before it begins; what
follows is the rest of it. The tokenizer around it: Unicode cleaned, accents and case dropped; words end at white space,
punctuation and Chinese characters; each is cut into the longest pieces, `##` before all but the first, or is [UNK], also
above 100 characters; [CLS] before the text and [SEP] behind; 128 tokens, with them, in all.
"""

import itertools
import os
import re
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
LONGEST_WORD, LONGEST_TEXT = 100, 128  # characters, tokens
MOST_SHARED = 31
LARGEST = 1_000_000  # bytes inflated; the 30,522 pieces of BERT's English take less than a quarter
PIECE = re.compile("([\0-\x1f])([^\0-\x1f]*)")


def pack_vocabulary(tokenizer: "Tokenizer") -> bytes | None:
    """The tokenizer's vocabulary as `vocabulary.zlib` holds it; None if it takes more to make the same tokenizer anew."""
    ids = tokenizer.get_vocab()
    pieces, parts = ["", *sorted(ids, key=lambda piece: ids[piece])], []
    for before, piece in itertools.pairwise(pieces):
        shared = min(len(os.path.commonprefix([before, piece])), MOST_SHARED)
        parts.append(chr(shared) + piece[shared:])
    packed = zlib.compress("".join(parts).encode("utf-8"), level=9)
    try:
        same = unpack_vocabulary(packed).to_str() == tokenizer.to_str()
    except ValueError:
        same = False
    return packed if same else None


def unpack_vocabulary(packed: bytes) -> "Tokenizer":
    """The tokenizer of a vocabulary that `pack_vocabulary` packed.

    Raises:
        ValueError: it is no such vocabulary; the message says what was found.
    """
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(packed, LARGEST)
    except zlib.error:
        raise ValueError("something else than a zlib stream") from None
    if stream.unconsumed_tail:
        raise ValueError(f"more than {LARGEST} bytes in it")
    if not stream.eof or stream.unused_data:
        raise ValueError("a zlib stream that is cut" if not stream.eof else "something behind its zlib stream")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"bytes that are no UTF-8: 0x{content[error.start]:02x}") from None
    if text[:1] > chr(MOST_SHARED):
        raise ValueError("a text that begins with no number of characters")
    pieces = [""]
    for shared, rest in PIECE.findall(text):
        pieces.append(pieces[-1][: ord(shared)] + rest)
    ids = {piece: i for i, piece in enumerate(pieces[1:])}
    if len(ids) < len(pieces) - 1:
        raise ValueError("a piece that stands there twice")
    if missing := [token for token in SPECIAL if token not in ids]:
        raise ValueError(f"no {', '.join(missing)} in it")
    return _tokenizer(ids)


def _tokenizer(ids: dict[str, int]) -> "Tokenizer":
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    model = models.WordPiece(ids, unk_token="[UNK]", max_input_chars_per_word=LONGEST_WORD)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, ids[token]) for token in ("[CLS]", "[SEP]")],
    )
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens(list(SPECIAL))
    tokenizer.enable_truncation(LONGEST_TEXT)
    return tokenizer
