"""What a student must beat: the classical classifiers that need no distillation at all."""

import pickle
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from edgelab.datasets.dataset import Dataset, Split


@dataclass(frozen=True)
class Baseline:
    """A fitted classifier: `predict_all(texts)` gives their labels; `size_bytes` is all it needs, pickled."""

    name: str
    predict_all: Callable[[tuple[str, ...]], np.ndarray]
    size_bytes: int

    def predict(self, text: str) -> str:
        """The label of one text."""
        return self.predict_all((text,))[0]

    def correct(self, split: Split) -> np.ndarray:
        """Whether each example's label is right, bool [examples]."""
        return self.predict_all(split.texts) == np.array(split.labels)


def tfidf_svc(dataset: Dataset) -> Baseline:
    """TF-IDF of words and word pairs under a linear support vector machine."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True), LinearSVC())
    model.fit(dataset.train.texts, dataset.train.labels)
    return Baseline("TF-IDF + LinearSVC", model.predict, len(pickle.dumps(model)))


def frozen_encoder(dataset: Dataset) -> Baseline:
    """Logistic regression on the untuned encoder's sentence embeddings."""
    from sklearn.linear_model import LogisticRegression

    from edgelab.models.encoder import sentence_embedder
    from edgelab.models.weights import PRETRAINED, pretrained_folder

    embed = sentence_embedder()
    model = LogisticRegression(C=10, max_iter=1000).fit(embed(dataset.train.texts), dataset.train.labels)
    size = len(pickle.dumps(model)) + sum((pretrained_folder() / name).stat().st_size for name in PRETRAINED)
    return Baseline("frozen MiniLM + LogReg", lambda texts: model.predict(embed(texts)), size)
