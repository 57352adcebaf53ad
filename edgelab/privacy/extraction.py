"""Extraction by queries: a thief's own model, learned from a victim's answers alone (Tramer et al. 2016), and what stands
against it.

The thief has texts of its own without labels, asks the victim for each of them, and learns from what comes back. Success is
the *agreement*: on how many held-out texts both give the same label.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgelab.stats.intervals import Interval

COUNTS = (100, 250, 500, 1000, 2500, 5000)


@dataclass(frozen=True)
class Defence:
    """What a victim answers instead of its probabilities. `answer` takes probabilities [texts, labels] and a generator and
    gives what is shown, [texts, labels]."""

    name: str
    answer: Callable[[np.ndarray, np.random.Generator], np.ndarray]


DEFENCES: Mapping[
    str, Defence
] = {}  # none, two decimals, one decimal, noise, top label with its probability, label alone


@dataclass(frozen=True)
class Thief:
    """A stolen model: multinomial logistic regression on TF-IDF of words, pairs of words and pieces of words."""

    predict: Callable[[Sequence[str]], np.ndarray]  # texts to the places of labels, int [texts]
    cpu_s: float


@dataclass(frozen=True)
class Stolen:
    """One attack: how many queries against which defence, what share of held-out texts both label alike, what share the thief
    labels rightly, and the CPU-seconds that learning took."""

    defence: str
    queries: int
    agreement: Interval
    accuracy: Interval
    cpu_s: float


def victim_answers(bundle: Path, texts: Sequence[str]) -> np.ndarray:
    """A bundle's probabilities of texts, float [texts, labels]; kept once given."""
    raise NotImplementedError


def steal(texts: Sequence[str], answers: np.ndarray) -> Thief:
    """Learn from a victim's answers [texts, labels]: rows that sum to about 1; a label alone is a row of one 1."""
    raise NotImplementedError


def thief_texts(count: int, seed: int = 0) -> tuple[str, ...]:
    """Texts that a thief of Pocket has: requests without labels, none of them in a split of the data set."""
    raise NotImplementedError


def steal_pocket(
    bundle: Path, counts: Sequence[int] = COUNTS, defences: Sequence[str] = (), *, seed: int = 0
) -> list[Stolen]:
    """The attack on Pocket's bundle at each number of queries and each of DEFENCES (none named: all), judged on the test
    split; kept once done."""
    raise NotImplementedError


def worth_of_confidence(shown: np.ndarray, right: np.ndarray) -> Interval:
    """What a defence costs whoever uses the victim honestly: the probability that of a right and a wrong answer the right one
    shows the higher confidence (the area under the ROC curve; 0.5 is no use, as of a label alone), with its bootstrap
    interval. Thresholds of routing live on this.

    Args:
        shown: what the defence shows, [texts, labels].
        right: whether each answer is right, bool [texts].
    """
    raise NotImplementedError


def queries_allowed(per_day: int, days: int, accounts: int = 1) -> int:
    """How many answers a thief gets in so many days under a limit for each account."""
    raise NotImplementedError


def honest_refused(per_day: int, mean_per_day: float, users: int = 10_000, seed: int = 0) -> Interval:
    """What a rate limit costs: the share of honest users' days on which at least one request is refused, where a user makes
    a geometric number of requests a day with that mean."""
    raise NotImplementedError
