"""What fewer bits take from a generator: perplexity on texts that it has not seen, answers that flip, and divergence."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from edgelab.generation.reference import TorchGenerator
from edgelab.quantization.damage import flips
from edgelab.quantization.grid import fake_quantize
from edgelab.stats.bootstrap import bootstrap
from edgelab.stats.intervals import Interval
from edgelab.stats.softmax import log_softmax
from edgelab.workspace import data_home

BLOCK = 32


class Reader(Protocol):
    """A `Generator` or `TorchGenerator`."""

    def logits(self, tokens: Sequence[int]) -> np.ndarray:
        """[tokens, vocabulary]: what is expected after each."""


@dataclass(frozen=True)
class Readings:
    """What one generator made of texts, a row each: `tokens` foretold, the sums over them of the `surprise` in nats, of
    `flipped` choices, and of the `divergence` from the reference in nats. All [texts]."""

    tokens: np.ndarray
    surprise: np.ndarray
    flipped: np.ndarray
    divergence: np.ndarray


@dataclass(frozen=True)
class Damage:
    """A generator beside the reference, with intervals over texts.

    Attributes:
        perplexity: the exponential of the mean surprise.
        ratio: of its perplexity to the reference's, on the same texts.
        flips: the share of tokens of which the likeliest is another.
        divergence: mean KL from the reference, in nats a token.
    """

    perplexity: Interval
    ratio: Interval
    flips: Interval
    divergence: Interval
    tokens: int
    texts: int


def held_out_texts() -> tuple[str, ...]:
    """Texts that no generator has read: the course's notes and notifications, written after it."""
    folder = data_home() / "pocket"
    found = []
    for name, keys in (("notes.jsonl", ("title", "text")), ("notifications.jsonl", ("title", "body"))):
        rows = [json.loads(line) for line in (folder / name).read_text("utf-8").splitlines()]
        found += [": ".join(row[key] for key in keys) for row in rows if all(key in row for key in keys)]
    return tuple(dict.fromkeys(found))


def surprise(logits: np.ndarray, tokens: Sequence[int]) -> np.ndarray:
    """Nats for each token from the second on: minus the logarithm of the probability that it was given, [tokens - 1].

    Row i of logits [tokens, vocabulary] is about token i + 1."""
    after = log_softmax(logits[:-1])
    return -after[np.arange(len(after)), list(tokens[1:])]


def perplexity(logits: np.ndarray, tokens: Sequence[int]) -> float:
    """Among how many tokens, all as likely, the generator is as undecided as on average here."""
    return float(np.exp(surprise(logits, tokens).mean()))


def compare(reference: Reader, others: dict[str, Reader], texts: Sequence[Sequence[int]]) -> dict[str, Damage]:
    """Each of the others beside the reference; that one, too, is among the results, as "reference"."""
    rows: dict[str, list[tuple[float, ...]]] = {name: [] for name in ("reference", *others)}
    for tokens in texts:
        expected = reference.logits(tokens)
        rows["reference"].append(_sums(expected, expected, tokens))
        for name, generator in others.items():
            rows[name].append(_sums(generator.logits(tokens), expected, tokens))
    readings = {name: Readings(*np.array(found).T) for name, found in rows.items()}
    return {name: damage(found, readings["reference"]) for name, found in readings.items()}


def damage(readings: Readings, reference: Readings) -> Damage:
    """Shares and means over tokens, with intervals over texts: neighbouring tokens are no independent samples."""

    def mean(column: np.ndarray) -> Interval:
        return bootstrap(lambda sums, tokens: float(sums.sum() / tokens.sum()), column, readings.tokens)

    return Damage(
        _exponential(mean(readings.surprise)),
        _exponential(mean(readings.surprise - reference.surprise)),
        mean(readings.flipped),
        mean(readings.divergence),
        int(readings.tokens.sum()),
        len(readings.tokens),
    )


def _sums(found: np.ndarray, expected: np.ndarray, tokens: Sequence[int]) -> tuple[float, ...]:
    """A row of `Readings`: what follows the last token is not known, and not compared."""
    mine, theirs = log_softmax(found[:-1]), log_softmax(expected[:-1])
    flipped = flips(found[:-1], expected[:-1]).sum()
    divergence = (np.exp(theirs) * (theirs - mine)).sum()
    return len(tokens) - 1.0, float(surprise(found, tokens).sum()), float(flipped), float(divergence)


def _exponential(interval: Interval) -> Interval:
    return Interval(*(float(np.exp(value)) for value in (interval.value, interval.low, interval.high)))


@contextmanager
def rounded(generator: TorchGenerator, bits: int, block: int = BLOCK) -> Iterator[TorchGenerator]:
    """The generator with every matrix rounded to so many bits, a scale for each `block` of weights of a row: the course's
    own `fake_quantize`, simplest rounding. Afterwards it has its own weights again.

    The head is rounded with them, and so is the table of embeddings where it is the same.
    """
    import torch

    weights = {name: part.weight for name, part in generator.model.named_modules() if isinstance(part, torch.nn.Linear)}
    kept = {name: weight.detach().clone() for name, weight in weights.items()}
    try:
        for weight in weights.values():
            near = fake_quantize(weight.detach().numpy(), bits, axis=1, block=block)
            weight.data.copy_(torch.from_numpy(near.astype(np.float32)))
        yield generator
    finally:
        for name, weight in weights.items():
            weight.data.copy_(kept[name])
