"""Cases and mistakes of the exercises on what a router recovers: `quality_curve`, `pgr`, `cpt`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.routing.by_hand import quality_curve
from edgelab.routing.tradeoff import cpt, pgr

Pair = tuple[np.ndarray, np.ndarray]

# --- quality_curve ------------------------------------------------------------------------------


def _routers(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, ties in ((30, False), (400, False), (200, True), (50, True)):
        score = (rng.integers(8, size=requests) - 4) / 8 if ties else rng.normal(size=requests)
        weak = rng.random(requests) < 0.5 + 0.4 * np.tanh(score)
        yield score, weak, rng.random(requests) < np.where(weak, 0.9, 0.8)
    yield np.zeros(12), rng.random(12) < 0.5, rng.random(12) < 0.9  # one score for all
    yield rng.random(1), np.array([False]), np.array([True])  # one request
    yield rng.random(20), np.ones(20, dtype=bool), rng.random(20) < 0.8  # escalating only spoils
    yield rng.random(20), rng.random(20) < 0.5, np.zeros(20, dtype=bool)


def _points(
    score: np.ndarray, thresholds: np.ndarray, quality: Callable[[np.ndarray], float], strict: bool = False
) -> Pair:
    """Share and quality at each threshold, of the requests whose score is at most that, or below it."""
    escalated = [np.asarray(score < t if strict else score <= t) for t in thresholds]
    return np.array([e.mean() for e in escalated]), np.array([quality(e) for e in escalated])


def _one_by_one(score: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> Pair:
    order = np.argsort(score)
    gain = np.append(0.0, np.cumsum(strong[order].astype(float) - weak[order]))
    return np.arange(len(score) + 1) / len(score), weak.mean() + gain / len(score)


def _with(start: Callable[..., Pair], change: Callable[[np.ndarray, np.ndarray, int, float], Pair]) -> Callable:
    """A curve, changed: `change` gets share, quality, the number of requests and what the device has right."""
    return lambda score, weak, strong: change(*start(score, weak, strong), len(score), float(weak.mean()))


CURVE = (
    Mistake(
        "the surest escalated first",
        lambda score, weak, strong: quality_curve(-score, weak, strong),
        "a high score means sure: it is the lowest scores that are escalated first.",
    ),
    Mistake(
        "ties parted",
        _one_by_one,
        "no threshold parts two requests of the same score: one point for each DISTINCT score.",
    ),
    Mistake(
        "none escalated left out",
        _with(quality_curve, lambda share, quality, n, weak: (share[1:], quality[1:])),
        "the curve begins where nothing is escalated: share 0, and what the device has right.",
    ),
    Mistake(
        "all escalated left out",
        lambda score, weak, strong: _points(
            score, np.unique(score), lambda e: float(np.mean(np.where(e, strong, weak))), strict=True
        ),
        "the curve ends where everything is escalated: a threshold above the highest score belongs to it.",
    ),
    Mistake(
        "the sides exchanged",
        lambda score, weak, strong: quality_curve(score, strong, weak),
        "what is escalated is answered by the cloud (strong), the rest by the device (weak).",
    ),
    Mistake(
        "losses left out",
        lambda score, weak, strong: quality_curve(score, weak, weak | strong),
        "where the device is right and the cloud wrong, escalating loses one: take what the cloud makes of it.",
    ),
    Mistake(
        "the kept ones alone",
        lambda score, weak, strong: _points(
            score,
            np.append(score.min() - 1, np.unique(score)),
            lambda e: float(weak[~e].mean()) if not e.all() else 0.0,
        ),
        "quality is the share of ALL requests that end well, by whoever answers them.",
    ),
    Mistake(
        "numbers instead of shares",
        _with(quality_curve, lambda share, quality, n, weak: (share * n, quality * n)),
        "shares lie between 0 and 1: divide by the number of requests.",
    ),
    Mistake(
        "what is gained",
        _with(quality_curve, lambda share, quality, n, weak: (share, quality - weak)),
        "that is what escalating adds: the share that ends well begins with what the device has right.",
    ),
    Mistake(
        "the pair the other way round",
        _with(quality_curve, lambda share, quality, n, weak: (quality, share)),
        "first the share escalated, then the quality.",
    ),
)


# --- pgr ----------------------------------------------------------------------------------------


def _qualities(rng: np.random.Generator) -> Iterator[tuple]:
    for points in (2, 9, 60):
        quality = rng.uniform(0.6, 0.95, points)  # falls below its start, and rises above its end
        yield (np.sort(quality),)
        quality[0], quality[-1] = 0.7, 0.9
        yield (quality,)
    yield (np.array([0.8, rng.uniform(0.5, 1), 0.8]),)  # no gap
    yield (np.array([0.9, 0.95, rng.uniform(0.5, 0.89)]),)  # the device is better
    yield (np.array([0.5, 0.9, 0.5]),)
    yield (np.array([0.9, 0.95, 0.902]),)  # a gap, if a small one
    yield (np.array([0.0, rng.random(), 1.0]),)


PGR = (
    Mistake("a small gap", lambda quality: _raising(quality, quality[-1] < quality[0] + 0.01), "a small gap is a gap."),
    Mistake(
        "no gap, no error",
        lambda quality: (quality - quality[0]) / (quality[-1] - quality[0]),
        "where the cloud is no better than the device there is no gap: raise a ValueError.",
    ),
    Mistake(
        "an error for a gap of zero alone",
        lambda quality: _raising(quality, quality[-1] == quality[0]),
        "where the cloud is WORSE there is no gap either: raise a ValueError there, too.",
    ),
    Mistake(
        "an error for a negative gap alone",
        lambda quality: _raising(quality, quality[-1] < quality[0]),
        "a gap of exactly 0 cannot be divided by: raise a ValueError there, too.",
    ),
    Mistake(
        "zeros where there is no gap",
        lambda quality: pgr(quality) if quality[-1] > quality[0] else np.zeros(len(quality)),
        "zeros say that nothing was recovered; that there is nothing to recover is said by a ValueError.",
    ),
    Mistake(
        "divided by the cloud",
        lambda quality: pgr(quality) * (quality[-1] - quality[0]) / quality[-1],
        "divide by the gap, cloud - device, not by what the cloud has right.",
    ),
    Mistake(
        "the device not subtracted",
        lambda quality: _raising(quality, not quality[-1] > quality[0], lambda q: q / q[-1]),
        "the device alone recovers nothing: its quality is subtracted above and below.",
    ),
    Mistake(
        "the best point is the top",
        lambda quality: _raising(quality, not quality[-1] > quality[0], lambda q: (q - q[0]) / (q.max() - q[0])),
        "1 is where everything is escalated, the last point: a mixture may be better than the cloud, and lie above 1.",
    ),
    Mistake(
        "from the lowest point",
        lambda quality: _raising(quality, not quality[-1] > quality[0], lambda q: (q - q.min()) / (q[-1] - q.min())),
        "0 is where nothing is escalated, the first point: a bad router may fall below it.",
    ),
    Mistake(
        "clipped",
        lambda quality: np.clip(pgr(quality), 0, 1),
        "a router may do worse than the device or better than the cloud: below 0 and above 1 are answers.",
    ),
    Mistake(
        "what is left",
        lambda quality: 1 - pgr(quality),
        "that is the part of the gap still open: 0 is all local, 1 all escalated.",
    ),
)


def _raising(
    quality: np.ndarray, when: bool, otherwise: Callable[[np.ndarray], np.ndarray] | None = None
) -> np.ndarray:
    if when:
        raise ValueError("no gap")
    return otherwise(quality) if otherwise else (quality - quality[0]) / (quality[-1] - quality[0])


# --- cpt ----------------------------------------------------------------------------------------


def _recoveries(rng: np.random.Generator) -> Iterator[tuple]:
    for points in (6, 9, 12, 20, 40, 80, 80, 160):
        share = np.append(0.0, np.sort(rng.choice(np.arange(1, 1000), points - 2, replace=False)) / 1000)
        walk = np.cumsum(rng.normal(size=points))  # up and down
        recovered = pgr(np.append(np.append(0.0, walk[1:-1]), max(1.0, 0.7 * walk[1:-1].max())))
        yield np.append(share, 1.0), recovered, rng.uniform(0.1, 0.95)
    eighths = np.arange(9) / 8  # exact: half of the gap is recovered, lost again, and recovered
    twice = np.array([0, 0.25, 0.5, 0.25, 0.0, 0.5, 0.75, 0.5, 1.0])
    yield from ((eighths, twice, level) for level in (0.0, 0.25, 0.5, 0.5001, 0.75, 0.8, 1.0))
    yield eighths, np.array([0, -0.5, 0, 0.5, 1.5, 1.25, 0.5, 0.75, 1.0]), rng.choice([0.6, 0.9, 1.0])
    yield np.array([0.0, 1.0]), np.array([0.0, 1.0]), rng.uniform(0.1, 1)  # one score for all


def _bisected(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    low, high = 0, len(share) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if recovered[middle] >= level else (middle + 1, high)
    return float(share[low])


def _for_good(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    below = np.flatnonzero(recovered < level)
    return float(share[below[-1] + 1]) if len(below) else 0.0


def _between(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    at = int(np.argmax(recovered >= level))
    return float(np.interp(level, recovered[at - 1 : at + 1], share[at - 1 : at + 1])) if at else float(share[0])


CPT = (
    Mistake(
        "nearly there",
        lambda share, recovered, level: cpt(share, recovered, level - 1e-3),
        "a point just below the level has not reached it.",
    ),
    Mistake(
        "a binary search",
        lambda share, recovered, level: float(share[min(np.searchsorted(recovered, level), len(share) - 1)]),
        "a search by halves needs values that only rise: this curve falls again. Look from the start.",
    ),
    Mistake(
        "a binary search, written out",
        _bisected,
        "halving the range supposes that once reached is reached for good; this curve falls again.",
    ),
    Mistake(
        "reached for good",
        _for_good,
        "the curve may fall again after it has reached the level: the first time counts.",
    ),
    Mistake(
        "strictly above",
        lambda share, recovered, level: (
            float(share[np.argmax(recovered > level)]) if (recovered > level).any() else 1.0
        ),
        "at LEAST the level: a point that lies on it has reached it.",
    ),
    Mistake(
        "the nearest point",
        lambda share, recovered, level: float(share[np.argmin(np.abs(recovered - level))]),
        "the nearest point may lie below the level, or far behind the first that reaches it.",
    ),
    Mistake(
        "between two points",
        _between,
        "between two points there is no threshold: the first POINT that reaches the level counts.",
    ),
    Mistake(
        "interpolated",
        lambda share, recovered, level: float(np.interp(level, recovered, share)),
        "np.interp needs values that only rise, and gives shares that no threshold has.",
    ),
    Mistake(
        "the curve read the other way",
        lambda share, recovered, level: float(np.interp(level, share, recovered)),
        "given is the share of the gap, wanted the share of the requests: you read it the other way round.",
    ),
    Mistake(
        "the number of the point",
        lambda share, recovered, level: float(np.argmax(recovered >= level)),
        "that is the point's place: take the share that stands there.",
    ),
    Mistake(
        "where it recovers most",
        lambda share, recovered, level: float(share[np.argmax(recovered)]),
        "that is where the curve is highest: the smallest share at which the LEVEL is reached is wanted.",
    ),
)


def register(check: Checks) -> None:
    """All of them, in the notebook's order."""
    check.function(
        quality_curve,
        cases=_routers,
        nudge="Take one threshold: which requests score at most that? They get the cloud's outcome, the others the device's.",
        mistakes=CURVE,
    )
    check.function(
        pgr,
        cases=_qualities,
        nudge="Where on the curve is everything local, where is everything escalated? And what if the latter is no better?",
        mistakes=PGR,
    )
    check.function(
        cpt,
        cases=_recoveries,
        nudge="Walk along the curve from share 0: where does it reach the level for the first time?",
        mistakes=CPT,
    )
