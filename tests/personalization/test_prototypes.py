"""Prototypes by hand, and the threshold that protects the base."""

import io

import numpy as np
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.personalization.prototypes import choose_threshold, learn_prototypes, load_prototypes, save_prototypes

FEATURES = np.array([[2.0, 0.0], [0.0, 0.5], [1.0, 1.0], [0.0, 3.0]])
COMMANDS = ("coffin", "tapes", "coffin", "tapes")


def test_a_prototype_is_the_mean_direction_whatever_the_lengths():
    learned = learn_prototypes(FEATURES, COMMANDS)
    assert learned.commands == ("coffin", "tapes")
    mean = np.array([1 + 0.5**0.5, 0.5**0.5]) / 2
    np.testing.assert_allclose(learned.vectors, [mean / np.linalg.norm(mean), [0, 1]], rtol=1e-6)
    best, close = learned.nearest(np.array([[5.0, 0.0], [-1.0, 9.0]]))
    assert best.tolist() == [0, 1]
    np.testing.assert_allclose(close, [mean[0] / np.linalg.norm(mean), 9 / np.hypot(1, 9)], rtol=1e-6)


@pytest.mark.parametrize("commands", [("coffin",), ()])
def test_each_phrase_needs_a_command(commands):
    with pytest.raises(ValueError, match="expected a command for each phrase"):
        learn_prototypes(FEATURES[: 2 * len(commands)], commands)


@pytest.mark.parametrize("loss", [0.0, 0.01, 0.05, 0.5, 1.0])
def test_the_threshold_takes_no_more_of_the_base_than_allowed_and_all_that_it_may(loss):
    generator = np.random.default_rng(3)
    learned = learn_prototypes(generator.normal(size=(6, 8)), ("a", "b", "c") * 2)
    features, right = generator.normal(size=(200, 8)), generator.random(200) < 0.8
    chosen = choose_threshold(learned, features, right, loss)
    _, close = learned.nearest(features)
    taken = (close >= chosen.threshold) & right
    assert taken.sum() == min(int(loss * 200), right.sum())


def test_they_are_kept_at_16_bits(tmp_path):
    learned = choose_threshold(learn_prototypes(FEATURES, COMMANDS), FEATURES, np.ones(4, bool), 0.25)
    save_prototypes(learned, tmp_path / "ada" / "prototypes.npz")
    again = load_prototypes(tmp_path / "ada" / "prototypes.npz")
    assert again.commands == learned.commands and again.threshold == learned.threshold
    np.testing.assert_allclose(again.vectors, learned.vectors, atol=1e-3)


def archive(**changes):
    opened = io.BytesIO()
    np.savez(opened, **({"commands": ["a", "b"], "vectors": np.ones((2, 3)), "threshold": 0.5} | changes))
    return opened.getvalue()


def array():
    opened = io.BytesIO()
    np.save(opened, np.ones(3))
    return opened.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PK\x03\x04",
        b"x" * 100,
        array(),
        archive(commands="ab"),
        archive(commands=["a", "a"]),
        archive(commands=[1, 2]),
        archive(vectors=np.ones((3, 3))),
        archive(vectors=np.ones(2)),
        archive(vectors=np.full((2, 3), np.nan)),
        archive(vectors=np.array(["a", "b"])),
        archive(threshold=np.nan),
        archive(threshold=[0.5, 0.5]),
    ],
)
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "prototypes.npz").write_bytes(content)
    with pytest.raises(BundleError, match="expected a person's prototypes"):
        load_prototypes(tmp_path / "prototypes.npz")
