"""Perturbed input: a request that a person reads the same and a model does not, and the normalisation that stops some of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.datasets.dataset import Split
from edgelab.stats.intervals import Interval

Perturbation = Callable[[str, np.random.Generator], str]
Answer = Callable[[Sequence[str]], Sequence[str]]  # texts to labels

PERTURBATIONS: Mapping[str, Perturbation] = {}  # "typos", "homoglyphs", "zero width", "full width"


def typos(text: str, generator: np.random.Generator, count: int = 2) -> str:
    """With `count` slips: a letter swapped with the next, doubled, left out, or its neighbour on the keyboard."""
    raise NotImplementedError


def homoglyphs(text: str, generator: np.random.Generator, share: float = 0.3) -> str:
    """With a share of its letters replaced by ones of other alphabets that look alike (Unicode's confusables)."""
    raise NotImplementedError


def zero_width(text: str, generator: np.random.Generator, share: float = 0.3) -> str:
    """With characters that take no room put into a share of its words."""
    raise NotImplementedError


def normalise(text: str) -> str:
    """As a model should read it: compatibility forms composed (NFKC), characters without width taken out, letters of other
    alphabets that look like Latin ones replaced within words that are Latin otherwise."""
    raise NotImplementedError


@dataclass(frozen=True)
class Perturbed:
    """Accuracy on a split as it is, perturbed, and perturbed and normalised; `lost` is what the perturbation costs, `restored`
    what normalising gives back, both paired."""

    name: str
    clean: Interval
    perturbed: Interval
    normalised: Interval
    lost: Interval
    restored: Interval


def judge_perturbation(
    answer: Answer, split: Split, name: str, *, normaliser: Callable[[str], str] = normalise, seed: int = 0
) -> Perturbed:
    """What one of PERTURBATIONS does to a model on a split, and what a normaliser gives back."""
    raise NotImplementedError


def altered(texts: Sequence[str], normaliser: Callable[[str], str] = normalise) -> Interval:
    """The price of a normaliser: the share of honest texts that it changes (beyond what lower case would)."""
    raise NotImplementedError


OTHER_SCRIPTS: Mapping[str, tuple[str, ...]] = {}  # honest requests in other alphabets, by language
