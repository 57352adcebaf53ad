"""Cases and mistakes of the exercises on a threshold with a promise: `allowed_on_average`, `threshold_allowing`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.routing.thresholds import allowed_each_time, allowed_on_average, threshold_allowing

# --- allowed_on_average -------------------------------------------------------------------------


def _sizes(rng: np.random.Generator) -> Iterator[tuple]:
    yield from ((450, 0.05), (15, 0.05), (100, 0.001), (2000, 0.02), (100, 0.0), (30, 1.0), (99, 0.0499))
    yield from ((19, 0.05), (59, 0.05), (15, 0.25), (63, 0.125))  # (e + 1) / (n + 1) is alpha to the last bit
    for requests in rng.integers(20, 3000, size=8):
        yield int(requests), float((int(rng.integers(1, 20)) + rng.uniform(0.2, 0.8)) / (requests + 1))


ALLOWED = (
    Mistake(
        "nearly one more",
        lambda requests, alpha: int(np.floor(alpha * (requests + 1) + 0.1)) - 1,
        "nearly one more is none: (e + 1) / (n + 1) may be alpha to the last bit, and nothing above.",
    ),
    Mistake(
        "the next request forgotten",
        lambda requests, alpha: int(np.floor(alpha * requests + 1e-9)),
        "the promise is about the next request, which is none of these: (e + 1) / (n + 1) must be at most alpha.",
    ),
    Mistake(
        "the one below forgotten",
        lambda requests, alpha: int(np.floor(alpha * requests + 1e-9)) - 1,
        "the next request counts below the line, too: n + 1.",
    ),
    Mistake(
        "the one above forgotten",
        lambda requests, alpha: int(np.floor(alpha * (requests + 1) + 1e-9)),
        "the next request is taken as wrong: e + 1 above the line.",
    ),
    Mistake(
        "cut towards zero",
        lambda requests, alpha: int(alpha * (requests + 1) - 1),
        "where even e = 0 gives more than alpha the answer is -1; int() cuts towards 0 and makes 0 of -0.2.",
    ),
    Mistake(
        "rounded",
        lambda requests, alpha: round(alpha * (requests + 1)) - 1,
        "rounding up breaks the promise: the MOST errors with (e + 1) / (n + 1) at most alpha.",
    ),
    Mistake(
        "strictly below alpha",
        lambda requests, alpha: int(np.ceil(alpha * (requests + 1) - 1e-9)) - 2,
        "at most alpha: alpha itself is fine.",
    ),
    Mistake(
        "by Clopper and Pearson",
        lambda requests, alpha: allowed_each_time(requests, alpha) if alpha < 1 else requests,
        "that is the stronger sentence, each time: this one is on average.",
    ),
)


# --- threshold_allowing -------------------------------------------------------------------------


def _threshold_sets(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, allowed in ((60, 5), (600, 29), (15, 0), (15, -1)):
        score = rng.random(requests)
        yield score, rng.random(requests) < 0.4 * (1 - score), allowed
    score = rng.integers(12, size=200) / 12
    yield score, rng.random(200) < 0.4 * (1 - score), 15  # ties
    yield rng.integers(-5, 5, size=40).astype(float), rng.random(40) < 0.5, 4
    yield rng.random(40), np.arange(40) < 2, 2  # all may be kept, just
    yield rng.random(40), np.arange(40) < 3, 2  # and just not
    yield rng.random(26), np.zeros(26, dtype=bool), 0
    yield rng.random(9), np.ones(9, dtype=bool), 3
    yield np.array([0.2, 0.5, 0.9, 0.9]), np.array([False, False, True, False]), 0  # the surest is wrong
    yield np.array([rng.random()]), np.array([True]), 0


def _lowest(score: np.ndarray, fine: Callable[[float], bool]) -> float:
    """The lowest of the thresholds -inf, every score, inf that is fine."""
    for threshold in (-np.inf, *np.unique(score)):
        if fine(threshold):
            return float(threshold)
    return float("inf")


THRESHOLD = (
    Mistake(
        "one error fewer",
        lambda score, wrong, allowed: _lowest(score, lambda t: (wrong & (score >= t)).sum() < allowed),
        "at MOST so many: as many as are allowed are fine.",
    ),
    Mistake(
        "one error more",
        lambda score, wrong, allowed: _lowest(score, lambda t: (wrong & (score >= t)).sum() <= allowed + 1),
        "the next request has been counted already: at most `allowed`, not one more.",
    ),
    Mistake(
        "the wrong ones below",
        lambda score, wrong, allowed: _lowest(score, lambda t: (wrong & (score < t)).sum() <= allowed),
        "kept are the requests whose score is at least the threshold; those below it are escalated.",
    ),
    Mistake(
        "all the kept ones",
        lambda score, wrong, allowed: _lowest(score, lambda t: (score >= t).sum() <= allowed),
        "count the requests that are kept AND wrong: the right ones may all stay.",
    ),
    Mistake(
        "the score at the threshold escalated",
        lambda score, wrong, allowed: _lowest(score, lambda t: (wrong & (score > t)).sum() <= allowed),
        "a request whose score is the threshold is kept (>=): to let a wrong one go, take the next higher score.",
    ),
    Mistake(
        "everything escalated",
        lambda score, wrong, allowed: float("inf"),
        "escalating everything keeps the promise, too: the LOWEST threshold that keeps it is wanted.",
    ),
    Mistake(
        "the lowest score for minus infinity",
        lambda score, wrong, allowed: max(threshold_allowing(score, wrong, allowed), float(score.min())),
        "if all may be kept, the answer is -inf: the next request may score below all of these.",
    ),
    Mistake(
        "the highest score for infinity",
        lambda score, wrong, allowed: min(threshold_allowing(score, wrong, allowed), float(score.max())),
        "at the highest score one request is still kept: to keep nothing takes inf.",
    ),
    Mistake(
        "minus one taken as none",
        lambda score, wrong, allowed: threshold_allowing(score, wrong, max(0, allowed)),
        "-1 says that no threshold keeps the promise: then nothing may be kept, inf.",
    ),
)


def register(check: Checks) -> None:
    """Both, in the notebook's order."""
    check.function(
        allowed_on_average,
        cases=_sizes,
        nudge="Solve (e + 1) / (n + 1) <= alpha for e. Which whole number is the largest? And if there is none from 0 on?",
        mistakes=ALLOWED,
    )
    check.function(
        threshold_allowing,
        cases=_threshold_sets,
        nudge="Try the thresholds from the lowest on: how many requests are kept (score >= threshold) and wrong at each?",
        mistakes=THRESHOLD,
    )
