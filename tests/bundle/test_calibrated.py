"""A model's fingerprint, and what is refused by it."""

import numpy as np
import pytest

from edgelab.bundle.calibrated import check_calibrated, fingerprint
from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from tests.small_bundles import LABELS, VOTES, model, small_bundle, tokenizer

UPDATED = model(votes=VOTES * np.float32(1.5))
SWAPPED = tokenizer(("[UNK]", "wake", "play", "queen", "why", "seven"))


@pytest.fixture
def bundles(tmp_path):
    """`bundles(**what is other)`: a loaded bundle in a folder of its own."""
    return lambda **other: Bundle.load(small_bundle(tmp_path / str(len(list(tmp_path.iterdir()))), **other))


def test_another_place_and_other_figures_are_the_same_model(bundles):
    own = fingerprint(bundles())
    assert len(own) == 64 and own == fingerprint(bundles())
    other = bundles(metrics={"validation_accuracy": [0.5, 0.4, 0.6]}, thresholds={"confidence": 0.9}, model="renamed")
    assert fingerprint(other) == own


@pytest.mark.parametrize("other", [{"made": UPDATED}, {"words": SWAPPED}, {"labels": [*LABELS[::-1]]}])
def test_other_weights_words_or_labels_are_another(bundles, other):
    former, updated = bundles(), bundles(**other)
    check_calibrated(former, fingerprint(former))
    check_calibrated(updated, None)
    with pytest.raises(BundleError) as raised:
        check_calibrated(updated, fingerprint(former))
    assert str(raised.value) == (
        f"{updated.folder}: expected a policy calibrated for the model {fingerprint(updated)[:12]}, found one for "
        f"{fingerprint(former)[:12]}: its scores mean something else here; calibrate it anew"
    )
