"""LoRA's arithmetic."""

import numpy as np

from edgelab.personalization.lowrank import largest_rank, lora_update, merged, with_pair


def test_a_merged_weight_answers_as_the_pair_beside_it():
    generator = np.random.default_rng(0)
    weight, a, b, x = (generator.normal(size=s) for s in ((5, 7), (2, 7), (5, 2), (7, 3)))
    np.testing.assert_allclose(merged(weight, a, b, 0.5) @ x, weight @ x + 0.5 * b @ (a @ x), atol=1e-5)
    update = lora_update(a, b, 0.5)
    assert update.shape == weight.shape and np.linalg.matrix_rank(update) == 2
    assert not lora_update(a, np.zeros_like(b), 0.5).any()


def test_a_layer_with_its_pair_answers_as_the_merged_weight_does():
    generator = np.random.default_rng(1)
    x, weight, a, b = (generator.normal(size=shape) for shape in ((4, 6), (5, 6), (2, 6), (5, 2)))
    np.testing.assert_allclose(with_pair(x, weight, a, b, 1.5), x @ merged(weight, a, b, 1.5).T, rtol=1e-5)


def test_the_largest_rank_fits_and_one_more_does_not():
    shapes = [(384, 384)] * 6 + [(10, 20)]
    for room in (0, 18_551, 18_552, 100_000):
        rank = largest_rank(shapes, room)
        assert 4 * rank * sum(map(sum, shapes)) <= room < 4 * (rank + 1) * sum(map(sum, shapes))
    assert largest_rank([], 100) == 0
