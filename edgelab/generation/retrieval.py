"""Finding the nearest text: by words (TF-IDF), by embeddings, and by embeddings kept in 8 bits."""

from collections.abc import Callable, Sequence

import numpy as np

Embed = Callable[[tuple[str, ...]], np.ndarray]


def word_similarity(queries: Sequence[str], texts: Sequence[str]) -> np.ndarray:
    """Cosine of TF-IDF of words and pairs of words, fitted on `texts`, [queries, texts]."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    known = vectorizer.fit_transform(texts)
    return (vectorizer.transform(queries) @ known.T).toarray()


def similarity(queries: np.ndarray, texts: np.ndarray) -> np.ndarray:
    """Cosine of embeddings of length 1, [queries, texts]."""
    return queries @ texts.T


def int8_index(embeddings: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings in 8 bits: int8 [texts, width], and a scale for each, float32 [texts, 1]."""
    scales = np.abs(embeddings).max(axis=1, keepdims=True).astype(np.float32) / 127
    return np.round(embeddings / scales).astype(np.int8), scales


def int8_similarity(queries: np.ndarray, index: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """Cosine of queries, float32, with an int8 index, [queries, texts]."""
    rows, scales = index
    return (queries @ rows.T.astype(np.float32)) * scales.T


def ranks_of_best(scores: np.ndarray, accepted: Sequence[Sequence[int]]) -> np.ndarray:
    """The place of the first accepted text in each row's order, 1 for the first, int [rows]; of equal scores the text that
    stands first in the list comes first."""
    order = np.argsort(-scores, axis=1, kind="stable")
    return np.array(
        [1 + np.flatnonzero(np.isin(row, list(right)))[0] for row, right in zip(order, accepted, strict=True)]
    )
