"""Extraction by queries: a thief's own model, learned from a victim's answers alone (Tramèr et al. 2016), and what stands
against it.

The thief has texts of its own without labels and a public encoder, asks the victim for each text, and learns from what comes
back. Success is the *agreement*: on what share of held-out texts both give the same label.
"""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from edgelab.privacy.thief import Reading, read_texts, steal
from edgelab.stats.intervals import Interval, accuracy_interval
from edgelab.stats.ranking import auroc_interval
from edgelab.workspace import build_once

COUNTS = (100, 300, 1000, 5000)
NOISE = 0.1  # standard deviation, of probabilities


def _as_is(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return probabilities


def _two_decimals(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.round(probabilities, 2)


def _one_decimal(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.round(probabilities, 1)


def _noise(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """Noise that leaves the label: what has become the largest changes places with what was."""
    shown = np.clip(probabilities + generator.normal(0, NOISE, probabilities.shape), 0, None)
    rows, was, now = np.arange(len(shown)), probabilities.argmax(1), shown.argmax(1)
    shown[rows, was], shown[rows, now] = shown[rows, now], shown[rows, was]
    return shown / np.maximum(shown.sum(1, keepdims=True), 1e-12)


def _label_and_probability(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """The rest shared equally: all that one can make of it."""
    top = probabilities.max(1, keepdims=True)
    shown = np.repeat((1 - top) / max(1, probabilities.shape[1] - 1), probabilities.shape[1], axis=1)
    shown[np.arange(len(shown)), probabilities.argmax(1)] = top[:, 0]
    return shown


def _label_alone(probabilities: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    return np.eye(probabilities.shape[1])[probabilities.argmax(1)]


# What a victim shows instead of its probabilities: takes these [texts, labels] and a generator, gives [texts, labels].
DEFENCES: Mapping[str, Callable[[np.ndarray, np.random.Generator], np.ndarray]] = {
    "none": _as_is,
    "two decimals": _two_decimals,
    "one decimal": _one_decimal,
    "noise": _noise,
    "label and its probability": _label_and_probability,
    "label alone": _label_alone,
}


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
    """A bundle's probabilities of texts, float [texts, labels]: what a service answers that shows all it knows."""
    from edgelab.bundle.predict import Bundle
    from edgelab.stats.softmax import softmax

    return softmax(np.stack([found.intent_logits for found in Bundle.load(bundle).predict_many(texts)]))


def thief_texts(count: int, seed: int = 0) -> tuple[str, ...]:
    """Requests that a thief of Pocket has: lines of its `unlabelled.txt` in an order drawn by `seed`, none of them in a split
    of the data set. (The ready-made bundle was distilled on them, too: a thief with such texts is a well-informed one.)

    Raises:
        ValueError: there are not so many.
    """
    from edgelab.datasets.loading import load

    lines = load("pocket").unlabelled
    if count > len(lines):
        raise ValueError(f"expected at most {len(lines)} texts, found {count}")
    order = np.random.default_rng(seed).permutation(len(lines))[:count]
    return tuple(lines[i] for i in order)


def attack(
    asked: Reading,
    answers: np.ndarray,
    held_out: Reading,
    theirs: np.ndarray,
    gold: np.ndarray,
    *,
    defence: str,
    seed: int = 0,
) -> Stolen:
    """One attack.

    Args:
        asked: the thief's texts.
        answers: the victim's probabilities of them, [texts, labels]: the thief sees what the defence leaves.
        held_out: texts to judge by, with the victim's labels `theirs` and the true ones `gold`, int [texts].
    """
    start = time.process_time()
    thief = steal(asked, DEFENCES[defence](answers, np.random.default_rng(seed)))
    cpu_s = time.process_time() - start
    mine = thief.predict(held_out)
    return Stolen(defence, len(asked.texts), accuracy_interval(mine == theirs), accuracy_interval(mine == gold), cpu_s)


def steal_pocket(
    bundle: Path, counts: Sequence[int] = COUNTS, defences: Sequence[str] = tuple(DEFENCES), *, seed: int = 0
) -> list[Stolen]:
    """The attack on a bundle of Pocket at each number of queries and against each defence, judged on the test split; kept once
    done. More queries are the same ones and others."""
    from edgelab.bundle.manifest import read_manifest

    def build(folder: Path) -> None:
        from edgelab.datasets.loading import load

        pocket = load("pocket")
        asked, held_out = read_texts(thief_texts(max(counts), seed)), read_texts(pocket.test.texts)
        answers, theirs = (victim_answers(bundle, read.texts) for read in (asked, held_out))
        gold = np.array(pocket.label_ids(pocket.test))
        found = [
            attack(asked.first(n), answers[:n], held_out, theirs.argmax(1), gold, defence=defence, seed=seed)
            for defence in defences
            for n in counts
        ]
        (folder / "stolen.json").write_text(json.dumps([asdict(each) for each in found]), "utf-8")

    inputs = {
        "bundle": read_manifest(bundle)["sha256"],
        "counts": list(counts),
        "defences": list(defences),
        "seed": seed,
    }
    kept = json.loads((build_once("stolen", build, inputs=inputs).path / "stolen.json").read_text("utf-8"))
    return [
        Stolen(**each | {key: Interval(**each[key]) for key in ("agreement", "accuracy")})  # as JSON has them: a dict
        for each in kept
    ]


def worth_of_confidence(shown: np.ndarray, right: np.ndarray) -> Interval:
    """What a defence costs whoever uses the victim honestly: the probability that of a right and a wrong answer the right one
    shows the higher confidence (the area under the ROC curve; 0.5 is no use, as of a label alone), with its bootstrap
    interval. A threshold of routing lives on this.

    Args:
        shown: what the defence shows, [texts, labels].
        right: whether each answer is right, bool [texts].

    A `ValueError` says that all answers are right, or all wrong: there is nothing to tell apart.
    """
    return auroc_interval(shown.max(1), right)


def queries_allowed(per_day: int, days: int, accounts: int = 1) -> int:
    """How many answers a thief gets in so many days under a limit for each account."""
    return per_day * days * accounts


def honest_refused(per_day: int, mean_per_day: float, users: int = 10_000, seed: int = 0) -> Interval:
    """What a rate limit costs: the share of honest users' days on which at least one request is refused. A user's requests of
    a day are drawn from the geometric distribution of that mean: most make few, some very many."""
    requests = np.random.default_rng(seed).geometric(1 / (1 + mean_per_day), users) - 1
    return accuracy_interval(requests > per_day)
