"""What adapting gains on a person's held-out phrases, and what it costs the base: pooled over people, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.datasets.dataset import Split
from edgelab.personalization.cache import plain_words
from edgelab.personalization.ways import Way
from edgelab.stats.bootstrap import paired_difference
from edgelab.stats.intervals import Interval, accuracy_interval


def right(way: Way, split: Split) -> np.ndarray:
    """Whether each text is taken for what it means, bool [examples]."""
    return np.array([way(text) == label for text, label in zip(split.texts, split.labels, strict=True)])


def unfair(learned: Sequence[str], judged: Sequence[str]) -> list[str]:
    """Those of the phrases judged by that were learned from, in their order: the same words, whatever their case and
    whatever stands between them. A score on them shows memory, not understanding."""
    known = {plain_words(text) for text in learned}
    return [text for text in judged if plain_words(text) in known]


@dataclass(frozen=True)
class Judged:
    """One way to adapt, judged. `own` is whether each of a person's phrases is right, bool [phrases] by person; `base`
    whether each text of a base's split is, bool [examples], while that person's things are in use; `before` the same with
    nobody's."""

    own: Mapping[str, np.ndarray]
    base: Mapping[str, np.ndarray]
    before: np.ndarray

    @property
    def gained(self) -> Interval:
        """The share of all people's phrases that are right."""
        return accuracy_interval(np.concatenate(list(self.own.values())))

    @property
    def lost(self) -> Interval:
        """How much of the base's accuracy is gone, on average over people: the base without anybody's adapter is compared
        on the same examples; examples and people are drawn anew."""
        rows = np.stack(list(self.base.values())).astype(float)
        return paired_difference(np.broadcast_to(self.before, rows.shape), rows)


def judge(ways: Mapping[str, Way], own: Mapping[str, Split], nobody: Way, base: Split) -> Judged:
    """One way to adapt, judged on several people.

    Args:
        ways: of each person the way as it answers for them.
        own: of each person the phrases to judge by.
        nobody: the base alone.
        base: what the base is judged by.
    """
    return Judged(
        {name: right(way, own[name]) for name, way in ways.items()},
        {name: right(way, base) for name, way in ways.items()},
        right(nobody, base),
    )
