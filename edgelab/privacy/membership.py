"""Membership inference: was this phrase among those that a person taught? Asked of what the device keeps (prototypes, an
adapter), and scored as Carlini et al. 2022 ask for: true positives at a low rate of false ones, not only on average.

The game is fair: of each command's phrases a random half is taught, the other half is not; the attacker, who has what was
learned, gives each phrase a score. No phrase is easier than another but by chance. A score is *calibrated*: how well a phrase
fits what was learned, less how well it fits what others of the command's phrases would have taught.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from edgelab.personalization.prototypes import learn_prototypes, unit
from edgelab.stats.bootstrap import draws, percentile_bounds
from edgelab.stats.intervals import Interval
from edgelab.stats.ranking import auroc
from edgelab.workspace import build_once

if TYPE_CHECKING:
    from edgelab.models.trained import Trained
    from edgelab.personalization.adapters import Adapter
    from edgelab.personalization.learning import LearningPlan
    from edgelab.personalization.users import User

RESAMPLES = 400
REFERENCES = 16  # other halves that the attacker compares with


@dataclass(frozen=True)
class Game:
    """Of each phrase in each game, [phrases, games]: the attacker's `scores`, whether it `was_taught`, and whether it is
    `understood`, taken for its command by what was learned."""

    scores: np.ndarray
    was_taught: np.ndarray
    understood: np.ndarray

    @property
    def taught(self) -> np.ndarray:
        """The scores of taught phrases, of all games."""
        return self.scores[self.was_taught]

    @property
    def others(self) -> np.ndarray:
        """The scores of the other phrases, of all games."""
        return self.scores[~self.was_taught]

    @property
    def useful(self) -> np.ndarray:
        """Whether each phrase that was not taught is understood all the same: what learning is for, and a defence costs."""
        return self.understood[~self.was_taught]

    @property
    def usefulness(self) -> Interval:
        """The share of those."""
        return self._by_phrase(lambda scores, taught, understood: understood[~taught].mean())

    @property
    def auc(self) -> Interval:
        """The probability that a taught phrase scores higher than another; 0.5 is guessing."""
        return self._by_phrase(lambda scores, taught, understood: auroc(scores, taught))

    def caught(self, false_alarms: float = 0.05) -> Interval:
        """The share of taught phrases that are recognized where that share of the others is taken for taught."""

        def share(scores: np.ndarray, taught: np.ndarray, understood: np.ndarray) -> float:
            return float((scores[taught] > np.quantile(scores[~taught], 1 - false_alarms)).mean())

        return self._by_phrase(share)

    def _by_phrase(self, statistic: Callable[[np.ndarray, np.ndarray, np.ndarray], float]) -> Interval:
        """Phrases are drawn anew with all their games: games of the same phrases are no new evidence of other phrases. A
        draw of taught ones alone, or of none, says nothing and is left out."""

        def of(rows: np.ndarray) -> float:
            scores, taught, understood = (
                part[rows].ravel() for part in (self.scores, self.was_taught, self.understood)
            )
            return float("nan") if taught.all() or not taught.any() else statistic(scores, taught, understood)

        resampled = [of(rows) for rows in draws(len(self.scores), RESAMPLES, seed=0)]
        return percentile_bounds(of(np.arange(len(self.scores))), resampled)


def halves(commands: Sequence[str], generator: np.random.Generator) -> np.ndarray:
    """A random half of each command's phrases, bool [phrases]; of an odd number the smaller half.

    Raises:
        ValueError: a command has one phrase alone: no half of it is left.
    """
    of, chosen = np.array(commands), np.zeros(len(commands), bool)
    for name in dict.fromkeys(commands):
        places = np.flatnonzero(of == name)
        if len(places) < 2:
            raise ValueError(f"expected two phrases or more of each command, found {len(places)} of {name!r}")
        chosen[generator.permutation(places)[: len(places) // 2]] = True
    return chosen


def prototype_game(
    features: np.ndarray, commands: Sequence[str], *, games: int = 50, noise: float = 0.0, bits: int = 32, seed: int = 0
) -> Game:
    """Attack the prototypes of a person: the score is a phrase's cosine to its command's prototype, less the mean of what it
    is to prototypes of random other phrases of the command.

    Args:
        features: of all phrases, [phrases, width].
        noise: a defence: standard deviation of the normal noise that is added to each number of a prototype of length 1,
            before it is kept.
        bits: 16: prototypes are kept at half precision, as `save_prototypes` does; a defence that does nothing.
    """
    generator, of, directions = np.random.default_rng(seed), np.array(commands), unit(features)
    names = tuple(dict.fromkeys(commands))
    expected = _usual_fit(directions, of, np.random.default_rng(seed + 1))
    scores, taught, understood = (np.empty((len(of), games), kind) for kind in (float, bool, bool))
    for game in range(games):
        taught[:, game] = half = halves(commands, generator)
        made = learn_prototypes(directions[half], of[half].tolist())
        vectors = made.vectors[[made.commands.index(name) for name in names]]
        kept = unit(vectors + noise * generator.normal(size=vectors.shape))
        kept = kept.astype(np.float16).astype(np.float32) if bits == 16 else kept
        fits = directions @ kept.T  # [phrases, commands]
        own = fits[np.arange(len(of)), [names.index(name) for name in of]]
        scores[:, game] = own - expected
        understood[:, game] = np.array(names)[fits.argmax(1)] == of
    return Game(scores, taught, understood)


def _usual_fit(directions: np.ndarray, of: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """How near each phrase is to the means of random other phrases of its command, [phrases]: what the attacker expects of
    one that was not taught."""
    expected = np.empty(len(of))
    for i in range(len(of)):
        others = np.flatnonzero((of == of[i]) & (np.arange(len(of)) != i))
        size = max(1, (len(others) + 1) // 2)
        means = [directions[generator.permutation(others)[:size]].mean(0) for _ in range(REFERENCES)]
        expected[i] = (unit(np.stack(means)) @ directions[i]).mean()
    return expected


def adapter_game(base: "Trained", user: "User", plan: "LearningPlan", *, pairs: int = 1, seed: int = 0) -> Game:
    """Attack a person's adapter: of the phrases to learn from one half is taught to one adapter, the other half to another,
    and each is the other's reference. The score is the logarithm of the probability that the command gets from the one, less
    what it gets from the other. Two games a pair of adapters, `2 * pairs` in all; kept once played: an adapter takes seconds
    to learn.
    """
    from edgelab.personalization.base import fingerprint

    def build(folder: Path) -> None:
        generator, phrases = np.random.default_rng(seed), user.learn
        games = []
        for pair in range(pairs):
            half = halves(phrases.labels, generator)
            fits, right = zip(*(_fit(base, user, plan, side, seed + pair) for side in (half, ~half)), strict=True)
            games += [(fits[0] - fits[1], half, right[0]), (fits[1] - fits[0], ~half, right[1])]
        columns = [np.stack(column, axis=1) for column in zip(*games, strict=True)]
        np.savez(folder / "game.npz", scores=columns[0], was_taught=columns[1], understood=columns[2])

    digest = hashlib.sha256(json.dumps([user.learn.texts, user.learn.labels, user.descriptions.texts]).encode())
    inputs = {
        "base": fingerprint(base),
        "user": digest.hexdigest(),
        "plan": asdict(plan),
        "pairs": pairs,
        "seed": seed,
    }
    with np.load(build_once("membership", build, inputs=inputs).path / "game.npz") as kept:
        return Game(kept["scores"], kept["was_taught"], kept["understood"])


def _fit(
    base: "Trained", user: "User", plan: "LearningPlan", half: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Of each of a person's phrases, what an adapter that was taught this half makes of it: the log-probability of its
    command, and whether that is the likeliest answer, both [phrases]."""
    from edgelab.datasets.dataset import joined
    from edgelab.personalization.learning import calls, learn_adapter
    from edgelab.stats.softmax import log_softmax

    phrases, called = user.learn, calls(user.commands)
    own = joined([phrases.where(lambda i: bool(half[i])), user.descriptions])
    learned = learn_adapter(base, own, called, plan, seed=seed)
    logits, labels = _logits(base, learned.adapter, plan.rank, phrases.texts), len(base.dataset.labels)
    logits = logits[:, : labels + len(called)]
    places = [labels + user.names.index(name) for name in phrases.labels]
    return log_softmax(logits)[np.arange(len(places)), places], logits.argmax(1) == places


def _logits(base: "Trained", adapter: "Adapter", rank: int, texts: tuple[str, ...]) -> np.ndarray:
    """What a base that wears an adapter says of texts, [texts, labels + places]."""
    import torch

    from edgelab.models.tokens import encode
    from edgelab.models.training import make_batch
    from edgelab.personalization.adaptable import adaptable

    model = adaptable(base, rank).eval()
    model.wear(adapter.parameters)
    batch = make_batch(encode(base.tokenizer(), texts), np.arange(len(texts)))
    with torch.no_grad():
        intent, *_, own, _ = model(batch.ids, batch.mask)
    return torch.cat([intent, own], 1).numpy()
