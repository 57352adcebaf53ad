"""A thief's own model: multinomial logistic regression on words, pairs of words and a public encoder's features, learned from
what a victim shows. No network of its own to train: seconds for thousands of answers."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.workspace import build_once

MOST_WORDS = 8000  # words and pairs of words that it looks at, the most frequent ones
ENCODED = 3.0  # how much the encoder's features count beside them, which have length 1
TRIED = 500  # answers, of which it learns whether labels alone do better
PENALTY, STEPS = 0.01, 60  # of the weights' squares; of L-BFGS


@dataclass(frozen=True)
class Reading:
    """Texts, and what a public encoder makes of them, float [texts, width]."""

    texts: tuple[str, ...]
    features: np.ndarray

    def first(self, count: int) -> "Reading":
        """The first so many."""
        return Reading(self.texts[:count], self.features[:count])


@dataclass(frozen=True)
class Thief:
    """A stolen model: `predict` gives of texts the places of their labels, int [texts]."""

    predict: Callable[[Reading], np.ndarray]


def read_texts(texts: tuple[str, ...]) -> Reading:
    """Texts as the course's pretrained encoder sees them, which anybody has; kept once read."""

    def build(folder: Path) -> None:
        from edgelab.models.encoder import sentence_embedder

        np.save(folder / "features.npy", sentence_embedder()(texts))

    digest = hashlib.sha256(json.dumps(texts).encode()).hexdigest()
    return Reading(texts, np.load(build_once("read-texts", build, inputs={"texts": digest}).path / "features.npy"))


def steal(asked: Reading, answers: np.ndarray) -> Thief:
    """Learn from what a victim showed of the texts, [texts, labels]: shares of each label, scaled to sum to 1; a row of zeros
    says nothing. A thief is no fool: on some of the answers it tries whether it does better by the labels alone, as where
    noise was added to the shares, and learns that way.

    Raises:
        ValueError: not an answer for each text.
    """
    if len(answers) != len(asked.texts) or not len(answers):
        raise ValueError(f"expected an answer for each text, found {len(answers)} for {len(asked.texts)}")
    totals = answers.sum(1, keepdims=True)
    shares = answers / np.where(totals > 0, totals, 1)
    labels = np.eye(answers.shape[1])[answers.argmax(1)] * (totals > 0)
    return _learned(asked, labels if _labels_do_better(asked, shares, labels) else shares)


def _labels_do_better(asked: Reading, shares: np.ndarray, labels: np.ndarray) -> bool:
    """Tried on the first answers: four in five to learn from, the others to compare by."""
    tried = min(TRIED, len(labels))
    border = tried * 4 // 5
    if not border or np.array_equal(shares, labels):
        return False
    asked = asked.first(tried)
    aside = Reading(asked.texts[border:], asked.features[border:])
    alike = [
        (_learned(asked.first(border), wanted[:border]).predict(aside) == labels[border:tried].argmax(1)).mean()
        for wanted in (shares, labels)
    ]
    return bool(alike[1] > alike[0])


def _learned(asked: Reading, wanted: np.ndarray) -> Thief:
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS, token_pattern=r"\S+")
    counted = words.fit_transform(asked.texts)
    of_words, of_features = _regression(counted, ENCODED * asked.features.astype(float), wanted)

    def predict(read: Reading) -> np.ndarray:
        return (words.transform(read.texts) @ of_words + ENCODED * read.features @ of_features).argmax(1)

    return Thief(predict)


def _regression(counted: Any, features: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The weights by which the softmax comes nearest to `wanted` [texts, labels] in cross-entropy: of `counted`, a sparse
    matrix [texts, words], and of `features` [texts, width]."""
    from scipy.optimize import minimize

    shapes = [(counted.shape[1], wanted.shape[1]), (features.shape[1], wanted.shape[1])]
    border, said = shapes[0][0] * shapes[0][1], wanted.sum(1, keepdims=True)  # 1, or 0 where nothing was said

    def parts(weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return weights[:border].reshape(shapes[0]), weights[border:].reshape(shapes[1])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        of_words, of_features = parts(weights)
        logits = counted @ of_words + features @ of_features
        logits -= logits.max(1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        error = np.exp(log_shares) * said - wanted
        slope = np.concatenate([(counted.T @ error).ravel(), (features.T @ error).ravel()]) + PENALTY * weights
        return float(-(wanted * log_shares).sum() + PENALTY / 2 * (weights @ weights)), slope

    start = np.zeros(border + shapes[1][0] * shapes[1][1])
    return parts(minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x)
