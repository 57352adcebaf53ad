"""What a student must beat: the classical classifiers that need no distillation at all."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelab.dataset import Dataset, Split


@dataclass(frozen=True)
class Baseline:
    """A fitted classifier: `predict(text)` gives a label; `size_bytes` is all it needs, pickled."""

    name: str
    predict: Callable[[str], str]
    size_bytes: int

    def correct(self, split: Split) -> np.ndarray:
        """Whether each example's label is right, bool [examples]."""
        return np.array([self.predict(t) == label for t, label in zip(split.texts, split.labels, strict=True)])


def tfidf_svc(dataset: Dataset) -> Baseline:
    """TF-IDF of words and word pairs under a linear support vector machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC())
    model.fit(dataset.train.texts, dataset.train.labels)
    return Baseline("TF-IDF + LinearSVC", lambda text: model.predict([text])[0], len(pickle.dumps(model)))


def frozen_encoder(dataset: Dataset) -> Baseline:
    """Logistic regression on the untuned encoder's sentence embeddings."""
    from sklearn.linear_model import LogisticRegression

    from edgelab.encoder import PRETRAINED, embed, pretrained_folder, sentence_embedder

    model = LogisticRegression(C=10, max_iter=1000).fit(embed(dataset.train.texts), dataset.train.labels)
    one = sentence_embedder()
    size = len(pickle.dumps(model)) + sum((pretrained_folder() / name).stat().st_size for name in PRETRAINED)
    return Baseline("frozen MiniLM + LogReg", lambda text: model.predict(one((text,)))[0], size)
