"""What is read out of a bundle's files."""

import numpy as np
import onnx
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.privacy.inspection import (
    inspect_bundle,
    readable_strings,
    strip_names,
    weights_of,
    words_in_vocabulary,
)
from tests.small_bundles import LABELS, TAGS, VOTES, WORDS, small_bundle


@pytest.fixture
def bundle(tmp_path):
    return small_bundle(tmp_path / "bundle")


def test_everything_is_there(bundle):
    (bundle / "users" / "mei").mkdir(parents=True)
    (bundle / "users" / "mei" / "person.json").write_text('{"command": "where is my insulin"}')
    found = inspect_bundle(bundle)
    assert found.labels == LABELS and found.slots["set_alarm"] == ["time"] and found.tokens == WORDS
    assert found.origin["examples"] == 3 and found.seconds > 0
    assert np.array_equal(found.weights["votes"], VOTES) and np.array_equal(found.weights["tags"], TAGS)
    assert found.parameters == VOTES.size + TAGS.size + 1
    assert "where is my insulin" in found.personal["users/mei/person.json"][0]


def test_nobody_lives_in_a_fresh_bundle(bundle):
    assert inspect_bundle(bundle).personal == {}


def test_no_bundle(tmp_path):
    with pytest.raises(BundleError, match="found no bundle.json"):
        inspect_bundle(tmp_path)


def test_strings_as_the_tool_finds_them():
    content = b"\x00abcdef\x01abcde\x02\xff a secret text\n"
    assert readable_strings(content) == ("abcdef", " a secret text")
    assert readable_strings(content, 5) == ("abcdef", "abcde", " a secret text")
    assert readable_strings(b"") == ()


def test_weights_of_something_else():
    with pytest.raises(BundleError, match="expected an ONNX file"):
        weights_of(b"\xff\xff\xff")


def test_a_vocabulary_tells_which_words_were_seen():
    found = words_in_vocabulary(("queen", "##s", "abba"), ("Queen", "abba", "adele", "rome"))
    assert found.value == 0.5 and 0 < found.low < found.high < 1


def test_stripped_names_hide_names_alone(bundle):
    """A defence that does nothing: the same numbers, the same answers."""
    before = (bundle / "model.onnx").read_bytes()
    after = strip_names(before)
    onnx.checker.check_model(onnx.load_from_string(after))
    assert "votes" in weights_of(before) and "votes" not in weights_of(after)
    assert b"votes" not in after
    as_it_was, as_it_is = (sorted((v.shape, v.tobytes()) for v in weights_of(m).values()) for m in (before, after))
    assert as_it_was == as_it_is
    stripped = small_bundle(bundle.with_name("stripped"), made=after)
    texts = ["play queen", "wake seven", "why"]
    for text in texts:
        a, b = (Bundle.load(folder).predict(text) for folder in (bundle, stripped))
        assert a.label == b.label and a.slots == b.slots and np.array_equal(a.intent_logits, b.intent_logits)


def test_the_ready_made_bundle_in_moments(pocket):
    found = inspect_bundle(pocket.folder)
    assert set(found.labels) == set(pocket.labels) and found.parameters > 100_000 and len(found.tokens) > 1000
    stripped = weights_of(strip_names((pocket.folder / "model.onnx").read_bytes()))
    assert sum(v.size for v in stripped.values()) == found.parameters
