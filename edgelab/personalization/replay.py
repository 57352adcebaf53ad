"""Replay: while a model learns a person's phrases it is shown old ones, too, so that it does not forget them.

(Robins 1995; the share is what the trade-off curve is drawn over.)
"""

from collections.abc import Iterator

import numpy as np

TOGETHER = 50  # batches drawn at once, so that texts of one length can stand in one batch


def mixed_rows(own: int, replayed: int, share: float, count: int, generator: np.random.Generator) -> np.ndarray:
    """`count` rows to learn from, in random order: of them `round(share * count)` replayed ones, the others the person's.

    The person's phrases are rows 0 to `own` - 1, the replayed ones the `replayed` rows behind them. Each is drawn with
    replacement: there are few of the first, and many of the second. Without any of one kind, all are of the other.
    """
    old = round(share * count) if replayed else 0
    old = count if not own else old
    mine = generator.integers(0, max(own, 1), count - old)
    return generator.permutation(np.concatenate([mine, own + generator.integers(0, max(replayed, 1), old)]))


def replay_batches(
    lengths: np.ndarray, own: int, share: float, batch_size: int, generator: np.random.Generator
) -> Iterator[np.ndarray]:
    """Batches of mixed rows, each of texts of similar length: little padding. `lengths` [rows] are of the person's phrases
    and, behind them, of the replayed ones."""
    rows = mixed_rows(own, len(lengths) - own, share, TOGETHER * batch_size, generator)
    rows = rows[np.argsort(lengths[rows], kind="stable")].reshape(TOGETHER, batch_size)
    yield from generator.permutation(rows)


def replay_weights(replayed: np.ndarray, share: float) -> np.ndarray:
    """How much each row counts in a loss over all of them, [rows], 1 in sum: those that are `replayed`, bool [rows],
    together `share`, the person's the rest; rows of one kind count alike. Without any of one kind the others count all."""
    old, mine = replayed.sum(), (~replayed).sum()
    if not old or not mine:
        return np.full(len(replayed), 1 / max(len(replayed), 1))
    return np.where(replayed, share / old, (1 - share) / mine)
