"""What a batch holds of the person's phrases, and of old ones."""

import numpy as np
import pytest

from edgelab.personalization.replay import mixed_rows, replay_batches, replay_weights


@pytest.mark.parametrize("share", [0.0, 0.3, 0.65, 1.0])
def test_the_share_is_exact_and_each_kind_comes_from_its_own_rows(share):
    rows = mixed_rows(5, 100, share, 200, np.random.default_rng(0))
    assert len(rows) == 200 and (rows >= 5).sum() == round(share * 200)
    assert rows.min() >= 0 and rows.max() < 105
    assert share in (0, 1) or not np.array_equal(rows >= 5, np.sort(rows >= 5))  # mixed, not one after the other


def test_without_one_kind_all_are_of_the_other():
    generator = np.random.default_rng(0)
    assert set(mixed_rows(3, 0, 0.5, 300, generator)) == {0, 1, 2}
    assert set(mixed_rows(0, 4, 0.5, 300, generator)) == {0, 1, 2, 3}


def test_batches_are_of_similar_length():
    lengths = np.random.default_rng(1).integers(3, 40, 300)
    batches = list(replay_batches(lengths, 50, 0.5, 16, np.random.default_rng(0)))
    assert {len(batch) for batch in batches} == {16}
    assert np.mean([np.ptp(lengths[batch]) for batch in batches]) < 5
    assert np.mean(np.concatenate(batches) < 50) == pytest.approx(0.5)


def test_the_replayed_rows_weigh_their_share_together():
    replayed = np.array([False, True, True, False, True])
    np.testing.assert_allclose(replay_weights(replayed, 0.6), [0.2] * 5)
    np.testing.assert_allclose(replay_weights(replayed, 0.3), [0.35, 0.1, 0.1, 0.35, 0.1])
    for one_kind in (np.ones(4, bool), np.zeros(4, bool)):
        np.testing.assert_allclose(replay_weights(one_kind, 0.3), [0.25] * 4)
