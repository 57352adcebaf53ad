"""Membership inference: was this phrase among those that a person taught? Asked of what the device keeps (prototypes, an
adapter), scored as Carlini et al. 2022 ask for: true positives at a low rate of false ones, not accuracy alone.

The game is fair: of each command's phrases a random half is taught, the other half is not; the attacker, who has what was
learned, gives each phrase a score. No phrase is easier than another but by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgelab.stats.intervals import Interval


@dataclass(frozen=True)
class Game:
    """The scores that the attacker gave to taught phrases and to others, each [phrases of all games]; and `useful`: whether
    each phrase that was not taught is taken for its command, bool [others]: what a defence costs its owner."""

    taught: np.ndarray
    others: np.ndarray
    useful: np.ndarray

    @property
    def auc(self) -> Interval:
        """The probability that a taught phrase scores higher than another; 0.5 is guessing."""
        raise NotImplementedError

    def caught(self, false_alarms: float = 0.05) -> Interval:
        """The share of taught phrases that are recognized where that share of the others is taken for taught."""
        raise NotImplementedError


def prototype_game(
    features: np.ndarray, commands: Sequence[str], *, games: int = 50, noise: float = 0.0, bits: int = 32, seed: int = 0
) -> Game:
    """Attack the prototypes of a person (`personalization.learn_prototypes`) by the cosine of each phrase to its command's,
    less what it is to prototypes of other halves (a calibrated attack needs no more than other phrases).

    Args:
        features: of all phrases, [phrases, width].
        noise: a defence: standard deviation of normal noise that is added to each number of a prototype of length 1, before
            it is kept.
        bits: 16: prototypes are kept at half precision, as `save_prototypes` does; a defence that does nothing.
    """
    raise NotImplementedError
