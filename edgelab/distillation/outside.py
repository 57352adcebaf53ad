"""Other people's words: the requests of a public set whose intents have a counterpart among Pocket's labels."""

import csv
from dataclasses import dataclass

import numpy as np

from edgelab.datasets.choice import COURSE
from edgelab.datasets.dataset import Dataset
from edgelab.datasets.loading import load
from edgelab.datasets.sources import DataError
from edgelab.models.trained import Trained
from edgelab.workspace import data_home


@dataclass(frozen=True)
class Mapped:
    """Requests, and for each of them the Pocket labels that are right."""

    texts: tuple[str, ...]
    allowed: tuple[frozenset[str], ...]

    def __len__(self) -> int:
        return len(self.texts)

    def correct(self, model: Trained) -> np.ndarray:
        """Whether the label of each request is one that is right, bool [examples]."""
        best = model.answer(self.texts).intent_logits.argmax(1)
        return np.array([model.dataset.labels[i] in right for i, right in zip(best, self.allowed, strict=True)])


def mapping(source: str) -> dict[str, frozenset[str]]:
    """Intent of a public set to the Pocket labels that are right for it (`data/pocket/mapping.csv`)."""
    with open(data_home() / "pocket" / "mapping.csv", encoding="utf-8", newline="") as file:
        return {r["intent"]: frozenset(r["label"].split("|")) for r in csv.DictReader(file) if r["source"] == source}


def mapped_test(source: str, data: Dataset | None = None) -> Mapped:
    """The test requests of a public set whose intents are mapped. The set is downloaded once, then kept; a `DataError`
    says why it cannot be had.

    Raises:
        DataError: `data`, on which models were trained, has not Pocket's labels.
    """
    if data and data.name != COURSE:
        raise DataError(f"{data.name}: expected Pocket's labels, to which {source}'s intents are mapped")
    allowed, test = mapping(source), load(source).test
    chosen = test.where(lambda i: test.labels[i] in allowed)
    return Mapped(chosen.texts, tuple(allowed[label] for label in chosen.labels))
