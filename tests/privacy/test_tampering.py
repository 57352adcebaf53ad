"""Bundles altered on purpose: what hashes refuse, and what only a signature does."""

import shutil

import pytest

from edgelab.bundle.keys import new_keys
from edgelab.bundle.signature import sign
from edgelab.datasets.dataset import Split
from edgelab.privacy.tampering import DOWNGRADE, TAMPERINGS, tampered_copy, try_tampering
from tests.small_bundles import contents, small_bundle

SPLIT = Split(("play queen", "wake seven", "why", "play"), ("play_music", "set_alarm", "ask_cloud", "play_music"))
BY_HASHES = {"a flipped bit", "truncation", "a swapped tokenizer", "swapped labels"}


@pytest.fixture(scope="module")
def signed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("signed")
    new_keys(folder / "key")
    sign(small_bundle(folder / "bundle"), folder / "key", edition=3)
    return folder


@pytest.fixture(scope="module")
def tried(signed, tmp_path_factory):
    made = tmp_path_factory.mktemp("tampered")
    return {o.kind: o for o in try_tampering(signed / "bundle", signed / "key.pub", made, SPLIT, at_least=3)}


def test_every_kind_is_refused_by_the_signature(tried):
    assert set(tried) == set(TAMPERINGS) and len(tried) >= 8
    assert all(outcome.by_signature for outcome in tried.values())


def test_hashes_refuse_what_was_not_sealed_anew(tried):
    assert {kind for kind, outcome in tried.items() if outcome.by_hashes} == BY_HASHES
    assert all((outcome.accuracy is None) == bool(outcome.by_hashes) for outcome in tried.values())


@pytest.mark.parametrize(
    "kind, told",
    [
        ("a flipped bit", "expected the model that was signed"),
        ("truncation", "truncated"),
        ("a swapped tokenizer", "expected the tokenizer that was signed"),
        ("a swapped tokenizer, sealed anew", "expected the tokenizer that was signed"),
        ("swapped labels", "expected the manifest that was signed"),
        ("swapped labels, sealed anew", "sealed anew by somebody without the key"),
        ("signed with another key", "somebody else signed"),
        ("the edition raised", "does not fit what it signs"),
        ("the signature deleted", "found no bundle.sig"),
        (DOWNGRADE, "expected edition 4 or later, found edition 3"),
    ],
)
def test_each_for_its_reason(tried, kind, told):
    assert told in tried[kind].by_signature


def test_what_loads_answers_wrongly_and_says_nothing(tried):
    """The old edition is as good as ever; swapped labels make every answer wrong."""
    assert tried[DOWNGRADE].accuracy.value == 1
    assert tried["swapped labels, sealed anew"].accuracy.value == 0
    assert tried["a swapped tokenizer, sealed anew"].accuracy.value < 1


def test_the_bundle_itself_is_left_alone(signed, tmp_path):
    before = contents(signed / "bundle")
    for kind in TAMPERINGS:
        made = tampered_copy(signed / "bundle", kind, tmp_path / "copy")
        assert (contents(made) == before) == (kind == DOWNGRADE)
    assert contents(signed / "bundle") == before


def test_chosen_kinds_alone(signed, tmp_path):
    (only,) = try_tampering(signed / "bundle", signed / "key.pub", tmp_path, SPLIT, at_least=3, kinds=["truncation"])
    assert only.kind == "truncation"
    with pytest.raises(KeyError):
        tampered_copy(signed / "bundle", "magic", tmp_path / "copy")


def test_a_packed_vocabulary_is_swapped_too(pocket, tmp_path):
    from edgelab.bundle.vocabulary import unpack_vocabulary

    shutil.copytree(pocket.folder, tmp_path / "bundle")
    made = tampered_copy(tmp_path / "bundle", "a swapped tokenizer", tmp_path / "copy")
    before, after = (unpack_vocabulary((f / "vocabulary.zlib").read_bytes()) for f in (tmp_path / "bundle", made))
    assert before.get_vocab().keys() == after.get_vocab().keys()
    assert before.encode("play some music").ids != after.encode("play some music").ids
