"""Plain texts are tokenized as the library does it, to the last offset; everything else is left to it."""

import json
import random
import string

import pytest
from tokenizers import Tokenizer

from edgelab import datasets
from edgelab.bundle.wordpiece import WordPiece
from edgelab.models.tokens import MAX_TOKENS, load_tokenizer, trim_vocabulary

ODD = (
    "",
    " ",
    "   wake  me ",
    "don't stop, e-mail me@home.org!",
    "a" * 99,
    "a" * 100,
    "a" * 101,
    "b " * 200,
    "supercalifragilistic " * 60,
    "{}~`|^ <=> $5.00 #1 #unused1 ##ing",
    "SHOUTED WORDS",
)


@pytest.fixture(scope="module", params=[30522, 1500])
def tokenizer(request):
    whole = load_tokenizer()
    return whole if request.param == 30522 else trim_vocabulary(whole, datasets.load("pocket").train.texts, 1500)[0]


def test_it_gives_what_the_library_gives(tokenizer):
    plain, draw = WordPiece(tokenizer), random.Random(0)
    pocket = datasets.load("pocket")
    noise = tuple("".join(draw.choices(string.printable + "é⏰[", k=draw.randint(0, 80))) for _ in range(2000))
    texts = [t for t in ODD + noise + pocket.train.texts + pocket.test.texts if plain.accepts(t)]
    assert len(texts) > 3500
    for text, expected in zip(texts, tokenizer.encode_batch(texts), strict=True):
        found = plain.encode(text)
        assert found.ids == expected.ids == plain.ids(text), text
        assert found.word_ids == expected.word_ids and found.offsets == expected.offsets, text


def test_long_texts_are_cut_as_the_library_cuts_them():
    tokenizer = load_tokenizer()
    assert len(WordPiece(tokenizer).ids("one two three " * 100)) == MAX_TOKENS
    tokenizer.no_truncation()
    assert len(WordPiece(tokenizer).ids("one two three " * 100)) == 302


@pytest.mark.parametrize("text", ["été", "早上", "⏰", "tab\there", "line\nbreak", "a [MASK] of mine", "zero\x00"])
def test_what_is_not_plain_is_left_to_the_library(text):
    assert not WordPiece.accepts(text)


def change(**parts):
    return lambda spec: spec | parts


@pytest.mark.parametrize(
    "changed",
    [
        change(normalizer=None),
        change(normalizer={"type": "Lowercase"}),
        change(pre_tokenizer={"type": "Whitespace"}),
        change(post_processor=None),
        change(model={"type": "WordLevel", "vocab": {"[UNK]": 0}, "unk_token": "[UNK]"}),
    ],
)
def test_another_tokenizer_is_refused(changed):
    other = Tokenizer.from_str(json.dumps(changed(json.loads(load_tokenizer().to_str()))))
    with pytest.raises(ValueError, match="expected BERT's tokenizer"):
        WordPiece(other)


def test_a_tokenizer_without_a_number_for_its_marks_is_refused():
    """The library takes the marks' numbers from its template, the plain way from the vocabulary."""
    for mark in ("[CLS]", "[SEP]", "[UNK]"):
        spec = json.loads(load_tokenizer().to_str())
        del spec["model"]["vocab"][mark]
        spec["added_tokens"] = []
        with pytest.raises(ValueError, match="expected BERT's tokenizer"):
            WordPiece(Tokenizer.from_str(json.dumps(spec)))


def test_a_padding_tokenizer_is_refused():
    padding = load_tokenizer()
    padding.enable_padding(length=128)
    with pytest.raises(ValueError, match="without padding"):
        WordPiece(padding)
