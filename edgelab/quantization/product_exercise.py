"""Cases and mistakes of the exercises on what changes and what saturates: `moves`, `saturating_matmul`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.quantization.arithmetic import saturating_matmul
from edgelab.quantization.by_hand import moves

# --- moves -----------------------------------------------------------------------------------------


def _answers(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, labels in ((41, 5), (27, 3)):  # their shares are no round numbers
        before = rng.normal(size=(requests, labels))
        gold = np.where(rng.random(requests) < 0.7, before.argmax(1), rng.integers(labels, size=requests))
        yield before + rng.normal(scale=0.8, size=before.shape), before, gold
        yield before + rng.normal(scale=0.01, size=before.shape), before, gold  # moved, hardly an answer changed
    yield before.copy(), before, gold  # nothing moved
    eye = 5 * np.eye(4)
    yield eye[[1, 1, 2, 3]], eye[[0, 1, 0, 2]], rng.permutation([1, 1, 1, 1])
    yield eye[[1, 2, 3]], eye[[0, 0, 0]], np.array([0, 0, 0])  # all broken
    yield eye[[0, 0, 0, 0]], eye[[1, 2, 3, 0]], np.array([0, 0, 0, 0])  # all repaired
    yield eye[[1, 2]], eye[[2, 1]], np.array([0, 3])  # all wrong in another way
    yield eye[[2]], eye[[2]], np.array([int(rng.integers(4))])  # one request


def _groups(after: np.ndarray, before: np.ndarray, gold: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Whether it was right, whether it is, and whether the answer is another."""
    old, new = before.argmax(1), after.argmax(1)
    return old == gold, new == gold, old != new


def _told(count: Callable[[np.ndarray, np.ndarray, np.ndarray], tuple]) -> Callable:
    return lambda after, before, gold: count(*_groups(after, before, gold))


MOVES = (
    Mistake(
        "before and after swapped",
        lambda after, before, gold: moves(before, after, gold),
        "that is the way back: broken means right BEFORE and wrong after.",
    ),
    Mistake(
        "wrong and still wrong",
        _told(lambda was, now, other: ((was & ~now).mean(), (~was & now).mean(), (~was & ~now).mean())),
        "the third share counts only those wrong ones whose answer is ANOTHER than before.",
    ),
    Mistake(
        "all flips third",
        _told(lambda was, now, other: ((was & ~now).mean(), (~was & now).mean(), other.mean())),
        "the third share is not all flips: those that broke or were repaired are counted already.",
    ),
    Mistake(
        "of the right ones",
        _told(
            lambda was, now, other: (
                (was & ~now).sum() / max(was.sum(), 1),
                (~was & now).sum() / max((~was).sum(), 1),
                (~was & ~now & other).sum() / max((~was).sum(), 1),
            )
        ),
        "shares of ALL requests: divide each by the same number.",
    ),
    Mistake(
        "numbers of requests",
        _told(lambda was, now, other: tuple(int(x.sum()) for x in (was & ~now, ~was & now, ~was & ~now & other))),
        "shares are asked for, numbers between 0 and 1: np.mean of True and False gives one.",
    ),
    Mistake(
        "percent",
        _told(lambda was, now, other: tuple(100 * x.mean() for x in (was & ~now, ~was & now, ~was & ~now & other))),
        "shares from 0 to 1, not percent.",
    ),
    Mistake(
        "rounded",
        lambda after, before, gold: tuple(round(share, 3) for share in moves(after, before, gold)),
        "the shares themselves are asked for: round only what you print.",
    ),
    Mistake(
        "the net change",
        _told(
            lambda was, now, other: (
                max(was.mean() - now.mean(), 0.0),
                max(now.mean() - was.mean(), 0.0),
                (~was & ~now & other).mean(),
            )
        ),
        "that is the change of accuracy, in which broken and repaired cancel out: count each by itself.",
    ),
    Mistake(
        "repaired means right now",
        _told(lambda was, now, other: ((~now).mean(), now.mean(), (~was & ~now & other).mean())),
        "who is right now may have been right before: look at both.",
    ),
)

# --- saturating_matmul -----------------------------------------------------------------------------


def _integers(rng: np.random.Generator) -> Iterator[tuple]:
    for m, k, n in ((1, 4, 3), (3, 16, 5)):
        yield rng.integers(100, 256, (m, k)).astype(np.uint8), rng.integers(-127, 128, (k, n)).astype(np.int8)
        yield rng.integers(200, 256, (m, k)).astype(np.uint8), rng.integers(90, 128, (k, n)).astype(np.int8)
        yield rng.integers(200, 256, (m, k)).astype(np.uint8), rng.integers(-127, -90, (k, n)).astype(np.int8)
        yield rng.integers(0, 256, (m, k)).astype(np.uint8), rng.integers(-64, 65, (k, n)).astype(np.int8)  # 7 bits
    a = np.array([[255, int(rng.integers(250, 256))]], np.uint8)
    yield a, np.array([[127, -127, 127, 64], [127, -127, -127, 64]], np.int8)  # beyond both ends, 0, just below
    edge = np.array([[129, 128], [129, 129], [128, 128]], np.uint8)  # 2 x 128 x 128 = 32,768 is one too many
    yield edge, np.array([[127, -127], [int(rng.integers(126, 128)), -127]], np.int8)
    half = np.array([[255, 2, 255, int(rng.integers(200, 256))]], np.uint8)
    yield half, np.array([[127], [127], [127], [-127]], np.int8)


def _pairs(a: np.ndarray, b: np.ndarray, squeeze: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    products = a[:, :, None].astype(np.int64) * b[None].astype(np.int64)
    return np.asarray(squeeze(products[:, 0::2] + products[:, 1::2]).sum(1))


def _one_by_one(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The whole sum is held in 16 bits, after each pair."""
    products = a[:, :, None].astype(np.int64) * b[None].astype(np.int64)
    total = np.zeros((len(a), b.shape[1]), dtype=np.int64)
    for first in range(0, a.shape[1], 2):
        total = np.clip(total + products[:, first] + products[:, first + 1], -32768, 32767)
    return total


SATURATING = (
    Mistake(
        "exact",
        lambda a, b: _pairs(a, b, lambda pairs: pairs),
        "that is the exact product. One product alone always fits: clip the sum of each two neighbours.",
    ),
    Mistake(
        "clipped at the end",
        lambda a, b: np.clip(_pairs(a, b, lambda pairs: pairs), -32768, 32767),
        "you clip the whole sum: only the sum of each *pair* is held in 16 bits, the rest in 32.",
    ),
    Mistake(
        "held all the way",
        _one_by_one,
        "you hold the running total in 16 bits: only the sum of each pair is, and the pairs are added in 32.",
    ),
    Mistake(
        "wrapped around",
        lambda a, b: _pairs(a, b, lambda pairs: pairs.astype(np.int16).astype(np.int64)),
        "a sum wrapped around in 16 bits: NumPy multiplies uint8 by int8 in int16. Widen a and b first, then clip.",
    ),
    Mistake(
        "halves instead of neighbours",
        lambda a, b: saturating_matmul(
            np.stack(np.split(a, 2, 1), 2).reshape(a.shape), np.stack(np.split(b, 2), 1).reshape(b.shape)
        ),
        "the pairs are neighbours, 0 and 1, 2 and 3, ...: slice with 0::2 and 1::2.",
    ),
    Mistake(
        "only above",
        lambda a, b: _pairs(a, b, lambda pairs: np.minimum(pairs, 32767)),
        "sums stick at the lower end as well, at -32,768.",
    ),
    Mistake(
        "one too few below",
        lambda a, b: _pairs(a, b, lambda pairs: np.clip(pairs, -32767, 32767)),
        "16 bits reach one further below: from -32,768 to 32,767.",
    ),
    Mistake(
        "held at 8 bits",
        lambda a, b: _pairs(a, b, lambda pairs: np.clip(pairs, -128, 127)),
        "the sum of a pair has 16 bits, not 8.",
    ),
    Mistake(
        "65,535",
        lambda a, b: _pairs(a, b, lambda pairs: np.clip(pairs, -32768, 65535)),
        "the 16 bits have a sign: they end at 32,767.",
    ),
)


def register_moves(check: Checks) -> None:
    """Add the exercise on what accuracy hides to a notebook's registry."""
    check.function(
        moves,
        cases=_answers,
        nudge="Two questions for each request: right before? right now? What is left to ask where both say no?",
        mistakes=MOVES,
    )


def register_saturating(check: Checks) -> None:
    """Add the exercise on integer products."""
    check.function(
        saturating_matmul,
        cases=_integers,
        nudge="Three steps: all products in a wide type, sums of neighbours clipped to the 16 bits' range, then the sum of those.",
        mistakes=SATURATING,
    )
