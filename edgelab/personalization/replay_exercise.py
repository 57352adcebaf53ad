"""Cases and mistakes of the exercise on replay: `replay_weights`."""

from collections.abc import Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.personalization.replay import replay_weights


def _mixes(rng: np.random.Generator) -> Iterator[tuple]:
    for own, old in ((4, 12), (9, 3), (5, 5)):
        rows = rng.permutation(np.arange(own + old) < old)
        yield rows, float(rng.uniform(0.1, 0.45))
        yield rows, float(rng.uniform(0.55, 0.9))
    rows = rng.permutation(np.arange(11) < rng.integers(2, 9))
    yield rows, 0.0
    yield rows, 1.0
    yield np.zeros(int(rng.integers(2, 7)), bool), 0.5
    yield np.ones(int(rng.integers(2, 7)), bool), 0.5
    yield np.ones(int(rng.integers(2, 7)), bool), 0.0  # nothing would be left to scale


def _weighed(replayed: np.ndarray, old: float, mine: float) -> np.ndarray:
    return np.where(replayed, old, mine)


def _scaled(replayed: np.ndarray, share: float) -> np.ndarray:
    each = _weighed(replayed, share / max(replayed.sum(), 1), (1 - share) / max((~replayed).sum(), 1))
    return each / each.sum()


MISTAKES = (
    Mistake(
        "all alike",
        lambda replayed, share: np.full(len(replayed), 1 / len(replayed)),
        "share is not used: by this the many old texts drown the few new ones.",
    ),
    Mistake(
        "not divided",
        lambda replayed, share: _weighed(replayed, share, 1 - share),
        "share is what the replayed rows weigh TOGETHER: divide it among them, and the rest among the person's.",
    ),
    Mistake(
        "divided by all rows",
        lambda replayed, share: _weighed(replayed, share, 1 - share) / len(replayed),
        "divide the share by the number of REPLAYED rows, and the rest by the number of the person's.",
    ),
    Mistake(
        "the other way round",
        lambda replayed, share: replay_weights(replayed, 1 - share),
        "share is that of the replayed rows, not of the person's.",
    ),
    Mistake(
        "the person's not divided",
        lambda replayed, share: _weighed(replayed, share / max(replayed.sum(), 1), 1 - share),
        "the rest, 1 - share, is what the person's rows weigh TOGETHER, as share is for the replayed ones.",
    ),
    Mistake(
        "without one kind",
        lambda replayed, share: _weighed(
            replayed, share / max(replayed.sum(), 1), (1 - share) / max((~replayed).sum(), 1)
        ),
        "where one kind has no rows its part is lost: the other rows must weigh 1 together.",
    ),
    Mistake(
        "scaled up afterwards",
        _scaled,
        "old rows alone, and a share of 0: that divides 0 by 0. Ask first whether there is only one kind.",
    ),
    Mistake(
        "one on average",
        lambda replayed, share: replay_weights(replayed, share) * len(replayed),
        "the weights sum to 1, whatever the number of rows.",
    ),
    Mistake(
        "the old ones first",
        lambda replayed, share: replay_weights(np.sort(replayed)[::-1], share),
        "the rows keep their places: each gets the weight of its own kind, wherever it stands.",
    ),
)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        replay_weights,
        cases=_mixes,
        nudge="What do all weights sum to? And those of the replayed rows? And if there are none of one kind?",
        mistakes=MISTAKES,
    )
