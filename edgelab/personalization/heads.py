"""The smallest adapter: the places for a person's commands alone, a linear layer on what the base makes of a text.

It learns in a second, so that replay and eagerness can be moved over their whole range. Every score is kept for each text,
so that how eagerly commands are heard can be chosen afterwards.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.personalization.evaluation import Judged
from edgelab.personalization.prototypes import Prototypes, learn_prototypes, unit
from edgelab.personalization.seen import Seen
from edgelab.personalization.users import FOLDS
from edgelab.stats.softmax import softmax

Weights = Callable[[np.ndarray, float], np.ndarray]  # as `replay.replay_weights`
Gradient = Callable[..., tuple[np.ndarray, np.ndarray]]  # as `head_gradient`
Choose = Callable[[np.ndarray, np.ndarray, float], float]  # as `threshold_for`
WAYS = ("cache", "prototypes", "head")
STEPS, RATE, SHARPNESS = 100, 0.3, 0.5  # of the head's learning; how much the base's logits are softened beside it


@dataclass(frozen=True)
class Scores:
    """How texts were heard by a way: `margin` [texts], how much nearer the best command is than what it is compared with
    (it is taken where the margin is above the threshold); `command` [texts], whether that command is the one meant."""

    margin: np.ndarray
    command: np.ndarray


def head_gradient(
    features: np.ndarray,
    base_logits: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    wanted: np.ndarray,
    counts: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """How the loss of a head changes with its weight [commands, width] and its bias [commands].

    Args:
        features: [rows, width]; base_logits: [rows, labels], which stay as they are.
        wanted: which of the labels and, behind them, the commands each row means, int [rows].
        counts: how much each row's cross-entropy counts, [rows].
    """
    own_logits = features @ weight.T + bias
    chances = softmax(np.concatenate([base_logits, own_logits], axis=1))
    chances[np.arange(len(wanted)), wanted] -= 1
    wrong = counts[:, None] * chances
    own = wrong[:, base_logits.shape[1] :]
    return own.T @ features, own.sum(0)


def learn_head(
    own: Seen, replayed: Seen, labels: Sequence[str], counts: np.ndarray, gradient: Gradient = head_gradient
) -> tuple[np.ndarray, np.ndarray]:
    """A linear layer for the commands of `own`, in the order of their first phrase: weight [commands, width], bias. It
    begins at the prototypes, and follows the gradient by Adam.

    Args:
        labels: the base's, in its order.
        counts: how much each text counts, [own + replayed]; as of `replay.replay_weights`.
    """
    names, both = list(dict.fromkeys(own.meant)), own + replayed
    places = {meant: place for place, meant in enumerate([*labels, *names])}
    wanted, x = np.array([places[meant] for meant in both.meant]), unit(both.features)
    means = learn_prototypes(own.features, own.meant).vectors
    values = [10.0 * (means - means.mean(0)), np.zeros(len(names))]
    first, second = ([np.zeros_like(value) for value in values] for _ in range(2))
    for step in range(STEPS):
        found = gradient(x, SHARPNESS * both.logits, *values, wanted, counts)
        for i, slope in enumerate(found):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.999 * second[i] + 0.001 * slope**2
            size = np.sqrt(second[i] / (1 - 0.999 ** (step + 1))) + 1e-8
            values[i] = values[i] - RATE * (1 - step / STEPS) * first[i] / (1 - 0.9 ** (step + 1)) / size
    return values[0], values[1]


def listen(
    way: str,
    own: Seen,
    replayed: Seen,
    labels: Sequence[str],
    counts: np.ndarray,
    gradient: Gradient = head_gradient,
) -> Callable[[Seen], Scores]:
    """One of WAYS, learned from a person's phrases; what comes back scores other texts. Only a head uses `replayed`."""
    if way == "head":
        names = tuple(dict.fromkeys(own.meant))
        weight, bias = learn_head(own, replayed, labels, counts, gradient)

        def heard(seen: Seen) -> Scores:
            logits = unit(seen.features) @ weight.T + bias
            return _scores(logits, names, seen, SHARPNESS * seen.logits.max(1))

        return heard
    if way == "prototypes":
        prototypes = learn_prototypes(own.features, own.meant)
        return lambda seen: _scores(prototypes.similarities(seen.features), prototypes.commands, seen)
    directions = unit(own.features)
    return lambda seen: _scores(unit(seen.features) @ directions.T, own.meant, seen)


def _scores(close: np.ndarray, names: Sequence[str], seen: Seen, base: np.ndarray | float = 0.0) -> Scores:
    best = close.argmax(1)
    margin = close[np.arange(len(best)), best] - base
    return Scores(margin.astype(np.float32), np.array([names[b] == m for b, m in zip(best, seen.meant, strict=True)]))


def threshold_for(margin: np.ndarray, right: np.ndarray, most_loss: float) -> float:
    """The lowest threshold at which at most the share `most_loss` of all texts is taken of what the base gets right.

    Args:
        margin: of each text, [texts]: it is taken where that is above the threshold.
        right: whether the base gets the text right, bool [texts].
    """
    at_stake = np.sort(margin[right])[::-1]
    allowed = int(most_loss * len(right))
    if allowed >= len(at_stake):
        return float("-inf")
    return float(at_stake[allowed])


@dataclass(frozen=True)
class Heard:
    """A way and a replay share for one person: scores of phrases to judge by, and of the base's validation and test."""

    own: Scores
    validation: Scores
    test: Scores

    def at(
        self, right: Mapping[str, np.ndarray], most_loss: float | None, choose: Choose = threshold_for
    ) -> tuple[np.ndarray, np.ndarray]:
        """Which of the person's phrases are understood, and which of the base's test texts still are, both bool, with the
        threshold that costs at most `most_loss` of validation; None: with 0, as a head was learned. `right`: what the base
        gets right of either split."""
        threshold = 0.0 if most_loss is None else choose(self.validation.margin, right["validation"], most_loss)
        return self.own.command & (self.own.margin > threshold), right["test"] & (self.test.margin <= threshold)


def judged(
    people: Mapping[str, Heard],
    right: Mapping[str, np.ndarray],
    most_loss: float | None,
    choose: Choose = threshold_for,
) -> Judged:
    """Several people at one price: `.gained` and `.lost`, with intervals."""
    found = {name: heard.at(right, most_loss, choose) for name, heard in people.items()}
    own, base = ({name: both[i] for name, both in found.items()} for i in range(2))
    return Judged(own, base, right["test"])


def hear_nearest(seen: Mapping[str, Seen], name: str, learn: Callable[..., Prototypes] = learn_prototypes) -> Heard:
    """Prototypes of one person's phrases to learn from, alone."""
    learned = learn(seen[name].features, list(seen[name].meant))  # a list, as the exercise on it gives
    splits = (seen[split] for split in (f"{name} held out", "validation", "test"))
    return Heard(*(_scores(learned.similarities(each.features), learned.commands, each) for each in splits))


def hear(
    seen: Mapping[str, Seen],
    name: str,
    labels: Sequence[str],
    way: str,
    replay: float,
    weights: Weights,
    gradient: Gradient = head_gradient,
) -> Heard:
    """One person, learned from all phrases, and judged by those held out."""
    own, old = seen[name] + seen[f"{name} described"], seen["replayed"]
    heard = listen(way, own, old, labels, weights(_replayed(own, old), replay), gradient)
    return Heard(heard(seen[f"{name} held out"]), heard(seen["validation"]), heard(seen["test"]))


def hear_aside(
    seen: Mapping[str, Seen], name: str, labels: Sequence[str], way: str, replay: float, weights: Weights, fold: int
) -> Heard:
    """The same where every FOLDS-th phrase to learn from is set aside, and judged by: to choose with."""
    phrases = seen[name]
    aside = np.arange(len(phrases.meant)) % FOLDS == fold  # of each command equally many: their number is a multiple
    own = phrases.where(~aside) + seen[f"{name} described"]
    heard = listen(way, own, seen["replayed"], labels, weights(_replayed(own, seen["replayed"]), replay))
    return Heard(heard(phrases.where(aside)), heard(seen["validation"]), heard(seen["test"]))


def _replayed(own: Seen, old: Seen) -> np.ndarray:
    """Which rows are old ones, bool [own + old]."""
    return np.arange(len(own.meant) + len(old.meant)) >= len(own.meant)
