"""BERT's tokenizer as its vocabulary alone: the same one again, or no such file; what is no such file, refused."""

import json
import random
import shutil
import string
import zlib

import pytest
from tokenizers import Tokenizer

from edgelab import datasets
from edgelab.bundle.manifest import read_manifest, save, tokenizer_name
from edgelab.bundle.opening import open_tokenizer
from edgelab.bundle.predict import Bundle
from edgelab.bundle.vocabulary import LARGEST, SPECIAL, pack_vocabulary, unpack_vocabulary
from edgelab.models.tokens import load_tokenizer, trim_vocabulary
from tests.small_bundles import sha256, small_bundle

LONG = ("one two three " * 100, "supercalifragilistic " * 60, "x" * 101, "привет мир 早上七点 naïve [MASK] " * 30)


@pytest.fixture(scope="module", params=[30522, 1500])
def tokenizer(request):
    whole = load_tokenizer()
    return whole if request.param == 30522 else trim_vocabulary(whole, datasets.load("pocket").train.texts, 1500)[0]


def parts(encoding):
    """All that is made of an encoding, its overflow included."""
    each = [encoding, *encoding.overflowing]
    return [(e.ids, e.word_ids, e.offsets, e.tokens, e.type_ids, e.attention_mask, e.special_tokens_mask) for e in each]


def test_the_same_tokenizer_comes_back(tokenizer):
    packed = pack_vocabulary(tokenizer)
    again, draw = unpack_vocabulary(packed), random.Random(0)
    assert again.to_str() == tokenizer.to_str() and pack_vocabulary(again) == packed
    noise = ["".join(draw.choices(string.printable + "é⏰[", k=draw.randint(0, 80))) for _ in range(300)]
    texts = [*LONG, *noise, *datasets.load("pocket").validation.texts]
    for one, other in zip(again.encode_batch(texts), tokenizer.encode_batch(texts), strict=True):
        assert parts(one) == parts(other)
    assert parts(again.encode("play queen", "at seven")) == parts(tokenizer.encode("play queen", "at seven"))
    assert again.decode(again.encode("Unbelievable!").ids) == "unbelievable!"


def test_a_trimmed_vocabulary_takes_two_bytes_a_token():
    """In the alphabet's order, in which neighbours begin alike."""
    trimmed, _ = trim_vocabulary(load_tokenizer(), datasets.load("pocket").train.texts, 4096)
    assert len(pack_vocabulary(trimmed)) < 2 * 4096 < len(trimmed.to_str()) / 6


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t.no_truncation(),
        lambda t: t.enable_truncation(64),
        lambda t: t.enable_truncation(128, stride=2),
        lambda t: t.enable_padding(length=128),
        lambda t: t.add_tokens(["edgelab"]),
        lambda t: t.add_special_tokens(["[SLOT]"]),
    ],
)
def test_a_tokenizer_that_takes_more_is_none(change):
    other, _ = trim_vocabulary(load_tokenizer(), ("play",), 300)
    assert pack_vocabulary(other) is not None
    change(other)
    assert pack_vocabulary(other) is None


def without(token):
    def change(spec):
        del spec["model"]["vocab"][token]
        spec["added_tokens"] = [t for t in spec["added_tokens"] if t["content"] != token]
        return spec

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s | {"normalizer": s["normalizer"] | {"lowercase": False}},
        lambda s: s | {"pre_tokenizer": {"type": "Whitespace"}},
        lambda s: s | {"post_processor": None},
        lambda s: s | {"model": s["model"] | {"max_input_chars_per_word": 50}},
        lambda s: s | {"model": {"type": "WordLevel", "vocab": s["model"]["vocab"], "unk_token": "[UNK]"}},
        lambda s: s | {"model": s["model"] | {"vocab": s["model"]["vocab"] | {"a\tb": 300}}},
        lambda s: s | {"model": s["model"] | {"vocab": s["model"]["vocab"] | {"far": 400}}},
        without("[MASK]"),
        without("[PAD]"),
    ],
)
def test_a_tokenizer_of_another_kind_is_none(change):
    spec = json.loads(trim_vocabulary(load_tokenizer(), ("play",), 300)[0].to_str())
    assert pack_vocabulary(Tokenizer.from_str(json.dumps(change(spec)))) is None


# --- in a bundle --------------------------------------------------------------------------------


def test_a_bundle_is_the_same_with_either_file(tiny_bundle, tiny, tmp_path):
    assert sorted(read_manifest(tiny_bundle)["sha256"]) == ["model.onnx", "vocabulary.zlib"]
    packed, old = Bundle.load(tiny_bundle), shutil.copytree(tiny_bundle, tmp_path / "old")
    words = packed.tokenizer
    (old / "vocabulary.zlib").unlink()
    (old / "tokenizer.json").write_text(words.to_str())
    small_bundle(tmp_path / "sealed", made=(old / "model.onnx").read_bytes(), words=words.to_str(), **{
        key: packed.manifest[key] for key in ("labels", "slot_names", "label_slots", "transitions")
    })  # fmt: skip
    written_before = Bundle.load(tmp_path / "sealed")
    for text in (*tiny.test.texts, *LONG):
        one, other = packed.predict(text), written_before.predict(text)
        assert (one.label, one.spans) == (other.label, other.spans) and (one.intent_logits == other.intent_logits).all()
    # Saved over it, the new form takes its place.
    model = old / "model.onnx"
    folder = save(tmp_path / "sealed", model, written_before.tokenizer, dataset=tiny, model="new", metrics={})
    assert sorted(f.name for f in folder.iterdir()) == ["bundle.json", "model.onnx", "vocabulary.zlib"]
    assert open_tokenizer(folder / tokenizer_name(read_manifest(folder))).to_str() == words.to_str()


def vocabulary(*pieces: str) -> bytes:
    return zlib.compress("".join(f"\0{piece}" for piece in pieces).encode())


SMALL = vocabulary(*SPECIAL, "queen")
DAMAGED = {
    "nothing": (b"", "a zlib stream that is cut"),
    "cut": (SMALL[:-3], "a zlib stream that is cut"),
    "longer": (SMALL + b"x", "something behind its zlib stream"),
    "altered": (SMALL[:-1] + bytes([SMALL[-1] ^ 1]), "something else than a zlib stream"),
    "raw": (SMALL[2:-4], "something else than a zlib stream"),
    "json": (b'{"version": "1.0"}', "something else than a zlib stream"),
    "bomb": (zlib.compress(b"\0a" * 50_000_000), f"more than {LARGEST} bytes in it"),
    "latin-1": (zlib.compress("\0größer".encode("latin-1")), "bytes that are no UTF-8: 0xf6"),
    "no numbers": (zlib.compress(b"queen\nseven\n"), "a text that begins with no number of characters"),
    "empty": (zlib.compress(b""), "no [PAD], [UNK], [CLS], [SEP], [MASK] in it"),
    "doubled": (vocabulary(*SPECIAL, "queen", "queen"), "a piece that stands there twice"),
    "without": (vocabulary("[PAD]", "[UNK]", "[CLS]", "[SEP]", "queen"), "no [MASK] in it"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_no_vocabulary_is_refused(damaged, refused, name):
    content, says = DAMAGED[name]
    folder = damaged(words=content)
    assert refused(folder) == f"{folder / 'vocabulary.zlib'}: expected a packed vocabulary, found {says}"


def test_a_vocabulary_is_verified_and_fits_its_model(damaged, refused):
    folder = damaged(words=SMALL)
    assert Bundle.load(folder).predict("queen").slots == {}
    (folder / "tokenizer.json").write_text("not looked at")
    assert Bundle.load(folder).tokenizer.token_to_id("queen") == 5
    (folder / "vocabulary.zlib").write_bytes(vocabulary(*SPECIAL, "seven"))
    assert refused(folder).endswith("vocabulary.zlib: does not match the SHA-256 in bundle.json: altered or truncated")
    (folder / "vocabulary.zlib").unlink()
    assert refused(folder).endswith("vocabulary.zlib: expected a file of the bundle, found none")
    assert "model and tokenizer do not work" in refused(damaged(words=vocabulary(*SPECIAL, "queen", "seven")))


def test_a_file_that_the_manifest_does_not_name_is_not_opened(damaged):
    folder = damaged()
    (folder / "vocabulary.zlib").write_bytes(SMALL)
    assert Bundle.load(folder).predict("play queen").slots == {"artist": ["queen"]}
    assert sha256(folder / "tokenizer.json") == read_manifest(folder)["sha256"]["tokenizer.json"]
