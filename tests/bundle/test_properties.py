"""What holds of every bundle that somebody changed: it is refused in the project's own words, or is the one that was written."""

import json
import os
import shutil

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edgelab.bundle.manifest import ENTRIES, TOKENIZERS, BundleError, manifest_sha256, read_manifest
from edgelab.bundle.onnx_file import tensors
from edgelab.bundle.predict import Bundle
from edgelab.bundle.signature import sign, verify
from edgelab.bundle.transitions import STEP, legal, pack, unpack
from edgelab.bundle.vocabulary import LARGEST, SPECIAL, _tokenizer, pack_vocabulary, unpack_vocabulary
from edgelab.datasets.slots import tag_names
from tests.small_bundles import model, small_bundle

FILES = ("bundle.json", "model.onnx", "tokenizer.json")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just("../model.onnx"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("sound") / "small")


@pytest.fixture
def copy(sound, tmp_path):
    """`copy()`: a fresh one of the sound bundle's folder."""

    def fresh():
        shutil.rmtree(tmp_path / "copy", ignore_errors=True)
        return shutil.copytree(sound, tmp_path / "copy")

    return fresh


def refused(folder) -> bool:
    """Whether it is, by both ways to read it, in one line."""
    try:
        read_manifest(folder)
    except BundleError as error:
        assert "\n" not in str(error) and str(folder) in str(error)
        with pytest.raises(BundleError):
            Bundle.load(folder)
        return True
    return False


def sealed(folder, manifest) -> None:
    manifest["manifest_sha256"] = manifest_sha256(manifest)
    (folder / "bundle.json").write_text(json.dumps(manifest))


@given(name=st.sampled_from(FILES), place=st.floats(0, 1), bit=st.integers(0, 7))
def test_a_changed_bit_is_refused_or_says_the_same(copy, sound, name, place, bit):
    file = copy() / name
    content = bytearray(file.read_bytes())
    content[min(int(place * len(content)), len(content) - 1)] ^= 1 << bit
    file.write_bytes(content)
    if not refused(file.parent):  # a space of JSON is a space by another name
        assert name == "bundle.json" and read_manifest(file.parent) == read_manifest(sound)


@given(name=st.sampled_from(FILES), share=st.floats(0, 0.999), more=st.binary(max_size=4))
def test_a_changed_size_is_refused(copy, name, share, more):
    file = copy() / name
    content = file.read_bytes()
    file.write_bytes(content[: int(share * len(content))] + more)
    assert refused(file.parent)
    file.write_bytes(content + b"x" + more)
    assert refused(file.parent)


@given(key=st.sampled_from([*ENTRIES, "format", "odd", "__class__"]), value=JSON)
def test_a_changed_field_is_refused_by_the_seal(copy, key, value):
    folder = copy()
    manifest = json.loads((folder / "bundle.json").read_text())
    assume(json.dumps(manifest.get(key)) != json.dumps(value))
    (folder / "bundle.json").write_text(json.dumps(manifest | {key: value}))
    assert refused(folder)


@settings(max_examples=80)
@given(key=st.sampled_from([*ENTRIES.keys() - {"manifest_sha256"}, "format", "odd"]), value=JSON, gone=st.booleans())
def test_one_that_is_sealed_anew_is_refused_or_loads(copy, key, value, gone):
    """Whoever seals anew may say what they like of metrics, and add what this program does not know; nothing else happens."""
    folder = copy()
    manifest = json.loads((folder / "bundle.json").read_text())
    manifest.pop(key, None)
    sealed(folder, manifest if gone else manifest | {key: value})
    try:
        found = Bundle.load(folder)
    except BundleError as error:
        assert "\n" not in str(error) and str(folder) in str(error) and len(str(error)) < 600
    else:
        assert found.predict("play queen").label in found.labels
        assert key not in ("format", "sha256") or gone is False


@given(name=st.sampled_from(["../secret", "/etc/passwd", "..\\model.onnx", "a/../../b", "\0", "bundle.json", "con"]))
def test_no_name_in_a_manifest_leads_out_of_its_folder(copy, name, monkeypatch):
    """Names are looked up among the few that a bundle has; others are not opened."""
    folder = copy()
    manifest = json.loads((folder / "bundle.json").read_text())
    digest = manifest["sha256"]["tokenizer.json"]
    sealed(folder, manifest | {"sha256": manifest["sha256"] | {name: digest}})
    assert read_manifest(folder)["sha256"][name] == digest  # known, and passed over
    del manifest["sha256"]["tokenizer.json"]
    sealed(folder, manifest | {"sha256": manifest["sha256"] | {name: digest}})
    assert refused(folder) and name not in TOKENIZERS


@given(of=st.sampled_from([*FILES, "bundle.sig"]), place=st.floats(0, 1), bit=st.integers(0, 7))
def test_a_signed_bundle_with_a_changed_bit_is_refused_or_is_the_one_that_was_signed(copy, keys, of, place, bit):
    private, public = keys
    folder = copy()
    signed = sign(folder, private)
    file = folder / of
    content = bytearray(file.read_bytes())
    content[min(int(place * len(content)), len(content) - 1)] ^= 1 << bit
    file.write_bytes(content)
    try:
        found = verify(folder, public)
    except BundleError as error:
        assert "\n" not in str(error)
    else:
        assert of == "bundle.sig" and (found.edition, found.files) == (signed.edition, signed.files)


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    from edgelab.bundle.keys import new_keys

    private = tmp_path_factory.mktemp("keys") / "key.pem"
    _, public = new_keys(private)
    return private, public


# --- its parts ----------------------------------------------------------------------------------

PIECES = st.lists(st.from_regex(r"(##)?[a-zé早]{1,8}", fullmatch=True), unique=True, max_size=30)


@given(PIECES, st.randoms(use_true_random=False))
def test_a_vocabulary_is_unpacked_as_it_was_packed(pieces, random):
    order = [*SPECIAL, *pieces]
    random.shuffle(order)
    tokenizer = _tokenizer({piece: i for i, piece in enumerate(order)})
    packed = pack_vocabulary(tokenizer)
    assert packed is not None and unpack_vocabulary(packed).to_str() == tokenizer.to_str()


@given(PIECES, st.binary(max_size=40), st.floats(0, 1))
def test_other_bytes_are_no_vocabulary_or_one(pieces, noise, place):
    packed = pack_vocabulary(_tokenizer({piece: i for i, piece in enumerate([*SPECIAL, *pieces])}))
    at = int(place * len(packed))
    for content in (noise, packed[:at] + noise, packed[:at] + noise + packed[at + len(noise) :]):
        try:
            assert unpack_vocabulary(content).get_vocab_size() <= LARGEST
        except ValueError as error:
            assert "\n" not in str(error)


@given(st.integers(0, 4), st.data())
def test_transitions_are_unpacked_as_they_were_packed(slots, data):
    tags = tag_names([f"slot{i}" for i in range(slots)])
    steps = data.draw(
        st.lists(
            st.lists(st.integers(-127, 127), min_size=len(tags), max_size=len(tags)),
            min_size=len(tags) + 1,
            max_size=len(tags) + 1,
        )
    )
    import numpy as np

    scores = np.array(steps) * STEP
    found = unpack(pack(scores), tags)
    np.testing.assert_allclose(found[legal(tags)], scores[legal(tags)])
    assert np.isneginf(found[~legal(tags)]).all()
    with pytest.raises(ValueError, match="expected"):
        unpack(pack(scores)[:-4], tags)


@settings(max_examples=100)
@given(noise=st.binary(max_size=30), place=st.floats(0, 1), cut=st.booleans())
def test_other_bytes_are_an_onnx_files_tensors_or_none(noise, place, cut):
    content = model().SerializeToString()
    at = int(place * len(content))
    for bad in (noise, content[:at] + noise + content[len(content) if cut else at + len(noise) :]):
        try:
            assert len(list(tensors(bad))) <= len(bad)
        except ValueError as error:
            assert "\n" not in str(error)


def test_what_is_sound_is_not_refused(sound):
    assert not refused(sound) and os.listdir(sound)
