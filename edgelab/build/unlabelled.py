"""The unlabelled lines of a build: which of them students see."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from edgelab.build.folder import BuildError
from edgelab.datasets.dataset import Dataset, Split
from edgelab.datasets.repeats import apart
from edgelab.models.tokens import encodings, load_tokenizer

LINE_TOKENS = 500_000  # what the teacher reads of them: a minute or two, not hours; more lines are drawn from


@dataclass(frozen=True)
class Lines:
    """The lines that students see, of how many that were `given`, and how many of these repeat a held-out text."""

    used: tuple[str, ...]
    given: int
    held_out: int


def select(dataset: Dataset, outside: Iterable[Split] = ()) -> Lines:
    """The unlabelled lines of a data set without repeats of what models are judged on; of too many, a random part.

    Raises:
        BuildError: lines were given, and all of them are repeats.
    """
    given = dataset.unlabelled
    left = apart(given, [*dataset.held_out, *outside])
    if given and not left:
        raise BuildError(
            f"{dataset.name}: expected unlabelled lines to learn from, found only repeats of texts that models are judged on"
        )
    used: list[str] = []
    tokens = 0
    shuffled = tuple(random.Random(0).sample(left, len(left)))
    for text, encoding in zip(shuffled, encodings(load_tokenizer(), shuffled), strict=True):
        tokens += len(encoding)
        if tokens > LINE_TOKENS:
            break
        used.append(text)
    return Lines(tuple(used), len(given), len(given) - len(left))
