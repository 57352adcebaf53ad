"""Signatures of bundles: what is refused, and for which reason."""

import base64
import json
import os
import stat
import sys

import pytest

from edgelab.bundle.keys import new_keys, read_private_key, read_public_key
from edgelab.bundle.manifest import BundleError, manifest_sha256, read_manifest, save
from edgelab.bundle.signature import ABOUT, LARGEST, LAST_EDITION, load_signed, next_edition, sign, verify
from edgelab.errors import UserError
from tests.small_bundles import VOTES, model, small_bundle, tokenizer


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    new_keys(folder / "own")
    new_keys(folder / "other")
    return folder


@pytest.fixture
def signed(tmp_path, keys):
    folder = small_bundle(tmp_path / "bundle")
    sign(folder, keys / "own", edition=3)
    return folder


def reason(folder, keys, *, key="own.pub", at_least=1):
    """Why a bundle is refused: one line."""
    with pytest.raises(BundleError) as refused:
        verify(folder, keys / key, at_least=at_least)
    assert "\n" not in str(refused.value)
    return str(refused.value)


def alter(file, change):
    file.write_bytes(change(file.read_bytes()))


def reseal(folder, **entries):
    """The manifest with other entries, and its own hash computed anew."""
    manifest = json.loads((folder / "bundle.json").read_text()) | entries
    manifest["manifest_sha256"] = manifest_sha256(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest))


def envelope(folder, **entries):
    """The signature's file with other entries; None takes one out."""
    file = folder / "bundle.sig"
    content = json.loads(file.read_text()) | entries
    file.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def signed_text(folder, keys, text):
    """A signature by the right key over any text."""
    signature = read_private_key(keys / "own").sign(ABOUT + text.encode())
    envelope(folder, signed=text, signature=base64.b64encode(signature).decode())


def test_a_sound_bundle_is_what_was_signed(signed, keys):
    found = verify(signed, keys / "own.pub", at_least=3)
    assert found.edition == 3 and set(found.files) == {"bundle.json", "model.onnx", "tokenizer.json"}
    assert found.files["model.onnx"].bytes == (signed / "model.onnx").stat().st_size
    assert load_signed(signed, keys / "own.pub").predict("play queen").label == "play_music"


def test_no_signature(signed, keys):
    (signed / "bundle.sig").unlink()
    assert "expected a signed bundle, found no bundle.sig" in reason(signed, keys)


@pytest.mark.parametrize("place", [0, 100, -1])
@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json"])
def test_a_flipped_bit(signed, keys, file, place):
    alter(signed / file, lambda b: b[:place] + bytes([b[place] ^ 1]) + (b[place + 1 :] if place != -1 else b""))
    what = {"model.onnx": "model", "tokenizer.json": "tokenizer"}[file]
    assert f"{file}: expected the {what} that was signed, found another" in reason(signed, keys)


@pytest.mark.parametrize("file", ["model.onnx", "tokenizer.json", "bundle.json"])
def test_truncation(signed, keys, file):
    size = (signed / file).stat().st_size
    alter(signed / file, lambda b: b[:-7])
    assert f"{file}: expected the {size} bytes that were signed, found {size - 7}: truncated" in reason(signed, keys)


def test_something_behind_a_file(signed, keys):
    alter(signed / "model.onnx", lambda b: b + b"\0")
    assert "model.onnx: expected the model that was signed" in reason(signed, keys)


def test_a_missing_file(signed, keys):
    (signed / "model.onnx").unlink()
    assert "model.onnx: expected a file that was signed, found none" in reason(signed, keys)


def test_a_swapped_tokenizer_even_if_sealed_anew(signed, tmp_path, keys):
    other = small_bundle(tmp_path / "other", words=tokenizer(queen=4, wake=3))
    for name in ("tokenizer.json", "bundle.json"):
        (other / name).replace(signed / name)
    assert "tokenizer.json: expected the tokenizer that was signed, found another" in reason(signed, keys)


def test_a_swapped_model_even_if_sealed_anew(signed, tmp_path, keys):
    other = small_bundle(tmp_path / "other", made=model(votes=VOTES[::-1].copy()))
    for name in ("model.onnx", "bundle.json"):
        (other / name).replace(signed / name)
    assert "model.onnx: expected the model that was signed, found another" in reason(signed, keys)


def test_swapped_labels(signed, keys):
    manifest = json.loads((signed / "bundle.json").read_text())
    (signed / "bundle.json").write_text(json.dumps(manifest | {"labels": manifest["labels"][::-1]}))
    found = reason(signed, keys)
    assert "bundle.json: expected the manifest that was signed, found another" in found and "anew" not in found


@pytest.mark.parametrize(
    "entries", [{"labels": ["a", "b", "c"], "label_slots": {}}, {"thresholds": {"confidence": 0.0}}]
)
def test_a_manifest_that_was_sealed_anew(signed, keys, entries):
    reseal(signed, **entries)
    assert "fits its own SHA-256, but is not the manifest that was signed" in reason(signed, keys)


def test_a_downgrade(signed, keys):
    """An older bundle with its own sound signature."""
    assert "expected edition 4 or later, found edition 3" in reason(signed, keys, at_least=4)
    with pytest.raises(BundleError, match="expected edition 4 or later"):
        load_signed(signed, keys / "own.pub", at_least=4)


def test_an_edition_raised_without_the_key(signed, keys):
    text = json.loads((signed / "bundle.sig").read_text())["signed"]
    envelope(signed, signed=text.replace('"edition": 3', '"edition": 4'))
    assert "the signature does not fit what it signs" in reason(signed, keys, at_least=4)


def test_another_key(signed, keys):
    assert "somebody else signed this bundle" in reason(signed, keys, key="other.pub")


def test_another_key_under_the_name_of_ours(signed, keys):
    """The key's name in the file proves nothing."""
    ours = json.loads((signed / "bundle.sig").read_text())["key"]
    sign(signed, keys / "other", edition=3)
    envelope(signed, key=ours)
    assert "the signature does not fit what it signs" in reason(signed, keys)


def test_the_signature_of_another_bundle(signed, tmp_path, keys):
    other = small_bundle(tmp_path / "other", model="others")
    sign(other, keys / "own", edition=3)
    (other / "bundle.sig").replace(signed / "bundle.sig")
    assert "bundle.json" in reason(signed, keys)


def test_what_the_key_signs_elsewhere_is_no_bundle(signed, keys):
    text = json.loads((signed / "bundle.sig").read_text())["signed"]
    plain = read_private_key(keys / "own").sign(text.encode())  # without what stands before a bundle's text
    envelope(signed, signature=base64.b64encode(plain).decode())
    assert "the signature does not fit" in reason(signed, keys)


ODD = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe\xfa",
    "a list": b"[]",
    "null": b"null",
    "a number": b"3",
    "deep": b"[" * 50_000,
    "a huge number": b'{"format": ' + b"9" * 10_000 + b"}",
    "NaN": b'{"format": NaN}',
    "huge": b" " * (LARGEST + 1),
}


@pytest.mark.parametrize("content", ODD.values(), ids=ODD.keys())
def test_odd_bytes(signed, keys, content):
    (signed / "bundle.sig").write_bytes(content)
    assert "bundle.sig: expected" in reason(signed, keys)
    assert next_edition(signed) == 1


@pytest.mark.parametrize("value", [None, True, 2, "1", [], {}], ids=str)
def test_an_unknown_format(signed, keys, value):
    envelope(signed, format=value)
    assert "expected format 1" in reason(signed, keys)


@pytest.mark.parametrize("value", [None, 3, [], {}, True, "\ud800"], ids=ascii)
@pytest.mark.parametrize("entry", ["key", "signed", "signature"])
def test_entries_of_other_kinds(signed, keys, entry, value):
    envelope(signed, **{entry: value})
    assert f"bundle.sig, {entry}: expected" in reason(signed, keys)


@pytest.mark.parametrize("value", ["", "AAAA", "*", "é", "A" * 88, "A" * 5])
def test_a_signature_that_is_none(signed, keys, value):
    envelope(signed, signature=value)
    assert "signature" in reason(signed, keys)


FILES = {name: {"sha256": "0" * 64, "bytes": 1} for name in ("bundle.json", "model.onnx", "tokenizer.json")}
STRANGE = [
    ("", "as JSON"),
    ("[]", "as JSON"),
    ("{}", "edition"),
    *(
        (json.dumps({"edition": edition, "files": FILES}), "edition")
        for edition in (0, -1, True, 1.0, "1", 2**53, None)
    ),
    *((json.dumps({"edition": 1, "files": files}), "files") for files in (None, [], {}, {"bundle.json": {}}, "x")),
    (json.dumps({"edition": 1, "files": FILES | {"../evil": FILES["model.onnx"]}}), "files"),
    (json.dumps({"edition": 1, "files": FILES | {"model.onnx": None}}), "files, model.onnx"),
    (json.dumps({"edition": 1, "files": FILES | {"model.onnx": {"sha256": "0" * 64, "bytes": True}}}), "files, model"),
    (json.dumps({"edition": 1, "files": FILES | {"model.onnx": {"sha256": "0", "bytes": 1}}}), "files, model.onnx"),
]


@pytest.mark.parametrize("text, told", STRANGE, ids=[text[:60] for text, _ in STRANGE])
def test_a_signed_text_that_says_nothing_of_a_bundle(signed, keys, text, told):
    signed_text(signed, keys, text)
    assert told in reason(signed, keys)


def test_a_folder_in_the_place_of_the_signature(signed, keys):
    (signed / "bundle.sig").unlink()
    (signed / "bundle.sig").mkdir()
    assert "found no bundle.sig" in reason(signed, keys)


def test_editions_grow_by_themselves(signed, keys):
    assert next_edition(signed) == 4
    assert sign(signed, keys / "own").edition == 4 and next_edition(signed) == 5
    assert sign(signed, keys / "own", edition=LAST_EDITION).edition == next_edition(signed) == LAST_EDITION


def test_a_new_bundle_takes_the_place_of_a_signed_one_unsigned(signed, tiny):
    """No signature stays beside what it does not fit."""
    save(signed, signed / "model.onnx", tokenizer(), dataset=tiny, model="new", metrics={})
    assert not (signed / "bundle.sig").exists() and read_manifest(signed)["model"] == "new"


def test_the_first_edition(tmp_path, keys):
    folder = small_bundle(tmp_path / "bundle")
    assert next_edition(folder) == 1 and sign(folder, keys / "own").edition == 1


@pytest.mark.parametrize("edition", [0, -1, True, 1.5, 2**53])
def test_no_edition(tmp_path, keys, edition):
    folder = small_bundle(tmp_path / "bundle")
    with pytest.raises(UserError, match="edition: expected a whole number from 1"):
        sign(folder, keys / "own", edition=edition)
    assert not (folder / "bundle.sig").exists()


def test_a_bundle_that_is_not_sound_is_not_signed(tmp_path, keys):
    folder = small_bundle(tmp_path / "bundle")
    alter(folder / "model.onnx", lambda b: b[:-1])
    with pytest.raises(BundleError, match="model.onnx"):
        sign(folder, keys / "own")
    assert not (folder / "bundle.sig").exists()


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_the_private_key_is_its_owners_alone(keys):
    assert stat.S_IMODE((keys / "own").stat().st_mode) == 0o600


def test_keys_are_never_overwritten(tmp_path):
    new_keys(tmp_path / "key")
    before = (tmp_path / "key").read_bytes()
    with pytest.raises(UserError, match="expected a new file for a key"):
        new_keys(tmp_path / "key")
    (tmp_path / "key").unlink()
    with pytest.raises(UserError, match=r"key\.pub: expected a new file"):
        new_keys(tmp_path / "key")
    assert before and not (tmp_path / "key").exists()


def test_two_pairs_are_not_alike(tmp_path):
    assert new_keys(tmp_path / "a")[0] != new_keys(tmp_path / "b")[0]


def test_where_no_key_can_be_written(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="a key cannot be written there"):
        new_keys(tmp_path / "file" / "key")


@pytest.mark.parametrize("read, wrong", [(read_private_key, "own.pub"), (read_public_key, "own")])
def test_the_other_half_is_refused(keys, read, wrong):
    with pytest.raises(UserError, match="expected a (public|private) Ed25519 key"):
        read(keys / wrong)


@pytest.mark.parametrize("content", [b"", b"\0\xff", b"-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----"])
@pytest.mark.parametrize("read", [read_private_key, read_public_key])
def test_a_file_that_holds_no_key(tmp_path, read, content):
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(UserError, match="found something else"):
        read(tmp_path / "key")
    with pytest.raises(UserError, match="found none"):
        read(tmp_path / "nothing")


def test_a_key_of_another_kind(tmp_path):
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    other = generate_private_key(SECP256R1())
    pem = other.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(pem)
    with pytest.raises(UserError, match="expected a private Ed25519 key"):
        read_private_key(tmp_path / "key")


def test_without_cryptography(signed, keys, monkeypatch):
    for name in [name for name in sys.modules if name.startswith("cryptography")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "cryptography", None)
    with pytest.raises(UserError, match="cryptography, which is not installed"):
        verify(signed, keys / "own.pub")
    with pytest.raises(UserError, match="cryptography, which is not installed"):
        new_keys(keys / "third")
