"""What the base alone makes of texts: seen once, kept, and then learned from and judged by in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.datasets.dataset import Dataset, Split
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.users import User
from edgelab.workspace import build_once


@dataclass(frozen=True)
class Seen:
    """What a base makes of texts: logits [texts, labels] and features [texts, width], with what the texts mean."""

    logits: np.ndarray
    features: np.ndarray
    meant: tuple[str, ...]

    def where(self, keep: np.ndarray) -> "Seen":
        """Of the texts whose place is in `keep` (places or bool)."""
        places = np.arange(len(self.meant))[keep]
        return Seen(self.logits[places], self.features[places], tuple(self.meant[i] for i in places))

    def __add__(self, other: "Seen") -> "Seen":
        logits, features = ([getattr(each, name) for each in (self, other)] for name in ("logits", "features"))
        return Seen(np.concatenate(logits), np.concatenate(features), self.meant + other.meant)


def see(personal: PersonalBundle, split: Split) -> Seen:
    """A split as the base alone sees it."""
    personal.use(None)
    answers = [personal.predict(text) for text in split.texts]
    return Seen(np.stack([a.logits for a in answers]), np.stack([a.features for a in answers]), split.labels)


def see_all(personal: PersonalBundle, users: Sequence[User], dataset: Dataset, replayed: int = 600) -> dict[str, Seen]:
    """All that is learned from and judged by, seen once and kept: of the base `replayed`, `validation` and `test`; of each
    person `NAME` (phrases and descriptions to learn from) and `NAME held out`."""
    drawn = set(np.random.default_rng(0).permutation(len(dataset.train))[:replayed].tolist())
    splits = {"replayed": dataset.train.where(lambda i: i in drawn)}
    splits |= {"validation": dataset.validation, "test": dataset.test}
    for user in users:
        splits |= {user.name: user.learn, f"{user.name} described": user.descriptions}
        splits[f"{user.name} held out"] = user.held_out

    def build(folder: Path) -> None:
        for name, split in splits.items():
            seen = see(personal, split)
            np.savez(folder / f"{name}.npz", logits=seen.logits, features=seen.features)

    inputs = {
        "bundle": personal.bundle.manifest["sha256"],
        "texts": {name: split.texts for name, split in splits.items()},
    }
    folder = build_once("personal-seen", build, inputs=inputs).path
    found = {}
    for name, split in splits.items():
        with np.load(folder / f"{name}.npz") as kept:
            found[name] = Seen(kept["logits"], kept["features"], split.labels)
    return found


def right_of(seen: dict[str, Seen], labels: Sequence[str]) -> dict[str, np.ndarray]:
    """What the base alone gets right of validation and test, bool [texts]."""
    return {
        split: np.array(labels)[seen[split].logits.argmax(1)] == np.array(seen[split].meant)
        for split in ("validation", "test")
    }
