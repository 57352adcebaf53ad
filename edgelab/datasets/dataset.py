"""Utterances with labels and slots, in splits."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from edgelab.datasets.slots import Span


def label_slots(split: "Split") -> dict[str, list[str]]:
    """The slots that occur with each label of a split, sorted; labels without any are left out."""
    seen: dict[str, set[str]] = {label: set() for label in sorted(set(split.labels))}
    for label, spans in zip(split.labels, split.spans or [()] * len(split), strict=True):
        seen[label].update(span.name for span in spans)
    return {label: sorted(names) for label, names in seen.items() if names}


SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Examples of one split. `spans` is None where the data has no slots."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, keep: Callable[[int], bool]) -> "Split":
        """The examples whose index `keep(i)` accepts."""
        chosen = [i for i in range(len(self)) if keep(i)]
        return Split(
            tuple(self.texts[i] for i in chosen),
            tuple(self.labels[i] for i in chosen),
            None if self.spans is None else tuple(self.spans[i] for i in chosen),
        )


def joined(parts: list[Split]) -> Split:
    """The examples of several splits, one after the other."""
    spans = None if parts[0].spans is None else tuple(row for part in parts for row in part.spans or ())
    return Split(tuple(t for part in parts for t in part.texts), tuple(x for part in parts for x in part.labels), spans)


@dataclass(frozen=True)
class Part:
    """Examples to ask a model about: some split, or `all`, of the data of that name."""

    data: str
    split: str
    examples: Split


@dataclass(frozen=True)
class Dataset:
    """Three splits and the names of what is in them, sorted. `extra` holds further splits (out of scope), `unlabelled`
    further texts of the same kind, from which a student learns what its teacher makes of them."""

    name: str
    train: Split
    validation: Split
    test: Split
    labels: tuple[str, ...]
    slot_names: tuple[str, ...] = ()
    extra: dict[str, Split] = field(default_factory=dict)
    unlabelled: tuple[str, ...] = ()

    @property
    def labelled(self) -> "Dataset":
        """The same without its unlabelled texts."""
        return replace(self, unlabelled=())

    @property
    def held_out(self) -> tuple[Split, ...]:
        """Every split that nothing is trained on."""
        return (self.validation, self.test, *self.extra.values())

    @property
    def fingerprint(self) -> str:
        """SHA-256 of every text, label and span: the same data, the same fingerprint."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test, **self.extra}
        content: dict[str, object] = {name: [s.texts, s.labels, s.spans] for name, s in splits.items()}
        if self.unlabelled:
            content["unlabelled"] = self.unlabelled
        plain = json.dumps(content, sort_keys=True, default=lambda span: [span.start, span.end, span.name])
        return hashlib.sha256(plain.encode()).hexdigest()

    def label_ids(self, split: Split) -> list[int]:
        """The place of each example's label among `labels`."""
        index = {label: i for i, label in enumerate(self.labels)}
        return [index[label] for label in split.labels]


def assemble(name: str, splits: dict[str, Split], extra: dict[str, Split] | None = None) -> Dataset:
    """A data set of these splits, with the names that occur in them."""
    slot_names = {s.name for split in splits.values() for spans in split.spans or () for s in spans}
    if not slot_names:  # a file may have a place for slots, and none in it
        splits = {name: replace(split, spans=None) for name, split in splits.items()}
    labels = tuple(sorted({label for split in splits.values() for label in split.labels}))
    return Dataset(
        name, splits["train"], splits["validation"], splits["test"], labels, tuple(sorted(slot_names)), extra or {}
    )
