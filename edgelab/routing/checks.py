"""The exercises of `04_routing`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.routing.calibration import calibration_error, part_of
from edgelab.routing.policy_exercise import POLICY_MISTAKES, PRODUCT_POLICY, judge_policy
from edgelab.routing.thresholds import conformal_threshold
from edgelab.routing.tradeoff import cpt

check = Checks()


# --- calibration_error --------------------------------------------------------------------------


def _confidences(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, bins in ((40, 5), (600, 15)):
        confidence = rng.beta(4, 1, requests)
        yield confidence, rng.random(requests) < confidence**2, bins
    confidence = rng.random(200)
    yield confidence, rng.random(200) < confidence, 4  # no part is empty
    ends = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.95])
    yield ends, np.array([0, 1, 0, 1, 1, rng.random() < 0.5]) > 0, 5


def _by_part(
    confidence: np.ndarray, right: np.ndarray, bins: int, combine: Callable[[np.ndarray, np.ndarray, int], float]
) -> float:
    """What `combine` makes of each part's confidence, outcomes and the number of all requests, summed."""
    part = part_of(confidence, bins)
    found = [(confidence[part == i], right[part == i]) for i in np.unique(part)]
    return float(sum(combine(c, r, len(confidence)) for c, r in found))


check.function(
    calibration_error,
    cases=_confidences,
    nudge="One part at a time: which requests are in it, what is their mean confidence, what share of them is right?",
    mistakes=(
        Mistake(
            "parts weighed alike",
            lambda confidence, right, bins: (
                _by_part(confidence, right, bins, lambda c, r, n: abs(c.mean() - r.mean()))
                / len(np.unique(part_of(confidence, bins)))
            ),
            "a part with three requests counts as much as one with three hundred: weigh each by its share of requests.",
        ),
        Mistake(
            "signs kept",
            lambda confidence, right, bins: float((confidence - right).mean()),
            "too sure in one part and too modest in another cancel: take the absolute gap of each part first.",
        ),
        Mistake(
            "each request its own part",
            lambda confidence, right, bins: float(np.abs(confidence - right).mean()),
            "a single request is right or wrong, never 80 % right: average within a part before taking the gap.",
        ),
        Mistake(
            "the lower end included",
            lambda confidence, right, bins: _lower_included(confidence, right, bins),
            "a part holds its upper end, not its lower one: 0.4 belongs to the part from 0.2 to 0.4.",
        ),
        Mistake(
            "both ends included",
            lambda confidence, right, bins: _both_included(confidence, right, bins),
            "a request at an end is counted in two parts: a part holds its upper end only.",
        ),
        Mistake(
            "the mean of an empty part",
            lambda confidence, right, bins: (
                calibration_error(confidence, right, bins)
                if len(np.unique(part_of(confidence, bins))) == bins
                else float("nan")
            ),
            "a part may be empty, and then it has no mean: leave it out.",
        ),
        Mistake(
            "the middle of the part",
            lambda confidence, right, bins: _by_part(
                confidence,
                right,
                bins,
                lambda c, r, n: abs((part_of(c, bins)[0] + 0.5) / bins - r.mean()) * len(r) / n,
            ),
            "compare the accuracy with the mean confidence of the requests in the part, not with the middle of the part.",
        ),
    ),
)


def _lower_included(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    part = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs((confidence - right)[part == i].sum()) for i in range(bins)) / len(part))


def _both_included(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    ends = np.linspace(0, 1, bins + 1)
    parts = [(confidence >= low) & (confidence <= high) for low, high in zip(ends[:-1], ends[1:], strict=True)]
    return float(sum(abs((confidence - right)[part].sum()) for part in parts) / len(confidence))


# --- cpt ----------------------------------------------------------------------------------------


def _routers(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, ties in ((30, False), (400, False), (200, True)):
        score = rng.integers(8, size=requests) / 8 if ties else rng.random(requests)
        weak = rng.random(requests) < 0.2 + 0.7 * score
        strong = rng.random(requests) < np.where(weak, 0.95, 0.9)
        gap = int(strong.sum()) - int(weak.sum())
        # between two counts, so that no rounding decides
        yield score, weak, strong, (int(gap * rng.choice([0.5, 0.8, 0.95])) + 0.5) / gap
    weak = np.array([0, 0, 1, 0, 0, 0, 1, 0], dtype=bool)
    strong = np.array([1, 1, 0, 1, 1, 1, 1, 0], dtype=bool)
    one_by_one, together = np.arange(8) / 8, np.array([0, 0, 0, 1, 1, 1, 2, 2]) / 8
    # eighths are exact; half of the gap is recovered, lost again, and recovered
    yield from ((score, weak, strong, level) for score in (one_by_one, together) for level in (0.0, 0.5))


def _walk(score: np.ndarray, weak: np.ndarray, strong: np.ndarray, step: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Shares and recovered gaps, request by request, those of equal score in the order given."""
    order = np.argsort(step * np.asarray(score))  # as a learner would write it, ties as they come
    gain = (strong.astype(float) - weak)[order]
    share = np.arange(len(score) + 1) / len(score)
    return share, np.append(0.0, np.cumsum(gain)) / gain.sum()


def _first(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    return float(share[np.argmax(recovered >= level - 1e-12)])


check.function(
    cpt,
    cases=_routers,
    nudge="Escalate the least sure requests first; after how many has the share `recovered` of the gap been closed?",
    mistakes=(
        Mistake(
            "the surest escalated first",
            lambda score, weak, strong, recovered: cpt(-score, weak, strong, recovered),
            "a high score means sure: it is the lowest scores that are escalated first.",
        ),
        Mistake(
            "the surest escalated first, ties parted",
            lambda score, weak, strong, recovered: _first(*_walk(score, weak, strong, step=-1), recovered),
            "a high score means sure: the lowest scores are escalated first, and equal ones together.",
        ),
        Mistake(
            "ties parted",
            lambda score, weak, strong, recovered: _first(*_walk(score, weak, strong), recovered),
            "no threshold parts two requests of the same score: look only after the last one of each score.",
        ),
        Mistake(
            "one request short",
            lambda score, weak, strong, recovered: _one_short(*_walk(score, weak, strong), recovered),
            "an index starts at 0: the gain at index i is that of i + 1 requests, and none escalated comes before it.",
        ),
        Mistake(
            "losses left out",
            lambda score, weak, strong, recovered: cpt(score, weak & strong, strong, recovered),
            "where the device is right and the cloud wrong, escalating loses one: the gain is strong - weak, -1 there.",
        ),
        Mistake(
            "a number of requests",
            lambda score, weak, strong, recovered: len(score) * cpt(score, weak, strong, recovered),
            "a share lies between 0 and 1: divide by the number of requests.",
        ),
        Mistake(
            "accuracy, not the gap",
            lambda score, weak, strong, recovered: _first(
                *_accuracy(*_walk(score, weak, strong), weak, strong), recovered
            ),
            "what must reach the level is the share of the gap, (router - weak) / (strong - weak), not the accuracy.",
        ),
        Mistake(
            "the recovered share at that share",
            lambda score, weak, strong, recovered: float(
                np.interp(recovered, *_walk(score, weak, strong)),
            ),
            "that reads the curve the other way round: given is the share of the gap, wanted the share of the requests.",
        ),
    ),
)


def _accuracy(
    share: np.ndarray, recovered: np.ndarray, weak: np.ndarray, strong: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    return share, weak.mean() + recovered * (strong.mean() - weak.mean())


def _one_short(share: np.ndarray, recovered: np.ndarray, level: float) -> float:
    return _first(share, recovered[1:], level)


# --- conformal_threshold ------------------------------------------------------------------------


def _calibration_sets(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, alpha in ((60, 0.1), (600, 0.05), (15, 0.05)):
        score = rng.random(requests)
        yield score, rng.random(requests) < 0.4 * (1 - score), alpha
    score = rng.integers(12, size=200) / 12
    yield score, rng.random(200) < 0.4 * (1 - score), 0.08
    yield rng.random(40), np.arange(40) < 2, 0.2  # all may be kept
    yield rng.random(26), np.arange(26) < 14, 0.3
    yield rng.random(15), np.arange(15) < 8, 0.25  # (3 + 1) / (15 + 1) is alpha to the last bit


def _lowest(score: np.ndarray, fine: Callable[[float], bool]) -> float:
    """The lowest of the thresholds -inf, every score, inf that is fine."""
    for threshold in (-np.inf, *np.unique(score)):
        if fine(threshold):
            return float(threshold)
    return float("inf")


check.function(
    conformal_threshold,
    cases=_calibration_sets,
    nudge="Count the kept and wrong requests at a threshold, add the one to come as if it were wrong, divide by n + 1.",
    mistakes=(
        Mistake(
            "the next request forgotten",
            lambda score, wrong, alpha: _lowest(score, lambda t: (wrong & (score >= t)).sum() <= alpha * len(score)),
            "the promise is about the next request, which is none of these: (errors + 1) / (n + 1) <= alpha.",
        ),
        Mistake(
            "the error among the kept",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: wrong[score >= t].sum() + 1 <= alpha * ((score >= t).sum() + 1)
            ),
            "what is bounded is the joint error: kept and wrong, divided by all requests, not by the kept ones.",
        ),
        Mistake(
            "the others kept",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: (wrong & (score < t)).sum() + 1 <= alpha * (len(score) + 1)
            ),
            "kept are the requests whose score is at least the threshold; those below it are escalated.",
        ),
        Mistake(
            "the highest instead of the lowest",
            lambda score, wrong, alpha: float("inf"),
            "escalating everything keeps the promise, too: the lowest threshold that keeps it is wanted.",
        ),
        Mistake(
            "the score at the threshold escalated",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: (wrong & (score > t)).sum() + 1 <= alpha * (len(score) + 1)
            ),
            "a request whose score is the threshold is kept: compare with >=, not with >.",
        ),
        Mistake(
            "divided by n",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: (wrong & (score >= t)).sum() + 1 <= alpha * len(score)
            ),
            "the next request counts below the line, too: (errors + 1) / (n + 1).",
        ),
        Mistake(
            "below alpha",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: (wrong & (score >= t)).sum() + 1 < alpha * (len(score) + 1)
            ),
            "at most alpha: alpha itself is fine.",
        ),
        Mistake(
            "the lowest score for minus infinity",
            lambda score, wrong, alpha: max(conformal_threshold(score, wrong, alpha), float(score.min())),
            "if all may be kept, the answer is -inf: the next request may score below all of these.",
        ),
        Mistake(
            "the highest score for infinity",
            lambda score, wrong, alpha: min(conformal_threshold(score, wrong, alpha), float(score.max())),
            "at the highest score one request is still kept: to keep nothing takes inf.",
        ),
    ),
)


# --- product_policy -----------------------------------------------------------------------------

check.design(
    "product_policy",
    PRODUCT_POLICY,
    judge=judge_policy,
    nudge="Go through the brief line by line: which key of the policy answers it?",
    mistakes=POLICY_MISTAKES,
)
