"""The nearest text, and how far down a list the right one stands."""

import numpy as np

from edgelab.generation.retrieval import int8_index, int8_similarity, ranks_of_best, similarity, word_similarity


def test_ranks_against_counting():
    generator = np.random.default_rng(0)
    scores = generator.integers(0, 6, size=(200, 12)).astype(float)
    accepted = [generator.choice(12, size=generator.integers(1, 4), replace=False) for _ in range(200)]
    expected = [
        min(1 + sum(other > row[a] or (other == row[a] and i < a) for i, other in enumerate(row)) for a in right)
        for row, right in zip(scores, accepted, strict=True)
    ]
    assert ranks_of_best(scores, accepted).tolist() == expected


def test_an_int8_index_is_near_to_the_embeddings():
    vectors = np.random.default_rng(1).normal(size=(50, 384)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = int8_index(vectors)
    assert index[0].dtype == np.int8 and index[0].nbytes * 4 == vectors.nbytes
    assert np.abs(int8_similarity(vectors, index) - similarity(vectors, vectors)).max() < 0.01


def test_words_find_the_text_that_shares_them():
    scores = word_similarity(["where is the spare key"], ["milk and eggs", "the spare key is in the tin", "a key"])
    assert scores.shape == (1, 3) and scores[0].argmax() == 1 and scores[0][0] == 0
