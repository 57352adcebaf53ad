"""Cases and mistakes of the exercises on how sure a model is: `energy`, `calibration_error`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.routing.calibration import calibration_error, part_of
from edgelab.routing.scores import energy

# --- energy -------------------------------------------------------------------------------------


def _logits(rng: np.random.Generator) -> Iterator[tuple]:
    yield (3 * rng.normal(size=(6, 5)),)
    yield (rng.normal(size=(40, 27)),)
    yield (rng.normal(size=(1, 2)),)
    yield (rng.normal(size=(4, 1)),)
    yield (rng.normal(size=(5, 5)),)
    yield (rng.normal(size=(3, 4)) + 1000,)  # the exponential of 1,000 is no number
    yield (rng.normal(size=(3, 4)) - 1000,)  # and that of -1,000 is 0
    yield (rng.normal(size=(3, 4)) + np.array([[1000.0], [0.0], [-1000.0]]),)
    yield (rng.permuted([[1000.0, -1000.0, rng.normal()], [-900.0, 3.0, 900.0]], axis=1),)  # both in one request


def _safe(logits: np.ndarray, part: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> np.ndarray:
    """What `part` makes of each row's largest logit and of the sum of the exponentials of the differences from it."""
    largest = logits.max(-1)
    return part(largest, np.exp(logits - largest[:, None]).sum(-1))


ENERGY = (
    Mistake(
        "too large for a number",
        lambda logits: np.log(np.exp(logits).sum(-1)),
        "the exponential of 1,000 is infinite, that of -1,000 is 0: subtract something from the logits first, add it after.",
    ),
    Mistake(
        "one largest for all requests",
        lambda logits: logits.max() + np.log(np.exp(logits - logits.max()).sum(-1)),
        "each request has its own largest logit: beside one of 1,000 the exponentials of the others' vanish.",
    ),
    Mistake(
        "what was subtracted is lost",
        lambda logits: _safe(logits, lambda largest, total: np.log(total)),
        "what you subtract before the exponential has to be added to its logarithm again.",
    ),
    Mistake(
        "over the requests",
        lambda logits: logits.max(0) + np.log(np.exp(logits - logits.max(0)).sum(0)),
        "sum over the labels of one request (the last axis): one number a request.",
    ),
    Mistake(
        "one number for all",
        lambda logits: float(logits.max() + np.log(np.exp(logits - logits.max()).sum())),
        "one number a request is wanted: sum along the last axis only.",
    ),
    Mistake(
        "the sign of the physicists",
        lambda logits: -energy(logits),
        "here higher means surer, so the logarithm stays as it is, without a minus.",
    ),
    Mistake(
        "the mean",
        lambda logits: _safe(logits, lambda largest, total: largest + np.log(total / logits.shape[-1])),
        "the SUM of the exponentials: a mean subtracts the logarithm of the number of labels.",
    ),
    Mistake(
        "the largest logit",
        lambda logits: logits.max(-1),
        "that is the largest alone: all the labels' logits count, however little.",
    ),
    Mistake(
        "of the probabilities",
        lambda logits: np.zeros(len(logits)),
        "probabilities sum to 1, whose logarithm is 0: the softmax has divided away what is asked for.",
    ),
    Mistake(
        "the sum without the logarithm",
        lambda logits: np.exp(logits).sum(-1),
        "the logarithm of that sum is wanted.",
    ),
)


# --- calibration_error --------------------------------------------------------------------------


def _confidences(rng: np.random.Generator) -> Iterator[tuple]:
    for requests, bins in ((40, 5), (600, 15)):
        confidence = rng.beta(4, 1, requests)
        yield confidence, rng.random(requests) < confidence**2, bins
    confidence = rng.random(200)
    yield confidence, rng.random(200) < confidence, 4  # no part is empty
    ends = np.array([0.1, 0.2, 0.3, 0.4, 0.9, 0.95])
    yield ends, np.array([0, 1, 0, 1, 1, rng.random() < 0.5]) > 0, 5
    quarters = np.array([0.25, 0.3, 0.5, 0.6, 0.75, 0.8, 1.0])
    yield quarters, np.array([0, 1, 1, 0, 1, 0, rng.random() < 0.5]) > 0, 4
    yield rng.uniform(0.3, 1, 30), rng.random(30) < 0.5, 1  # one part
    yield rng.uniform(0.3, 1, 1), np.array([rng.random() < 0.5]), 10  # one request
    yield np.ones(8), np.arange(8) < rng.integers(1, 8), 10  # as sure as can be


def _by_part(
    confidence: np.ndarray, right: np.ndarray, bins: int, combine: Callable[[np.ndarray, np.ndarray, int], float]
) -> float:
    """What `combine` makes of each part's confidence, outcomes and the number of all requests, summed."""
    part = part_of(confidence, bins)
    found = [(confidence[part == i], right[part == i]) for i in np.unique(part)]
    return float(sum(combine(c, r, len(confidence)) for c, r in found))


def _lower_included(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    part = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs((confidence - right)[part == i].sum()) for i in range(bins)) / len(part))


def _both_included(confidence: np.ndarray, right: np.ndarray, bins: int) -> float:
    ends = np.linspace(0, 1, bins + 1)
    parts = [(confidence >= low) & (confidence <= high) for low, high in zip(ends[:-1], ends[1:], strict=True)]
    return float(sum(abs((confidence - right)[part].sum()) for part in parts) / len(confidence))


CALIBRATION = (
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
        _lower_included,
        "a part holds its upper end, not its lower one: 0.4 belongs to the part from 0.2 to 0.4.",
    ),
    Mistake(
        "both ends included",
        _both_included,
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
    Mistake(
        "the largest gap",
        lambda confidence, right, bins: max(
            abs(float((confidence - right)[part_of(confidence, bins) == i].mean()))
            for i in np.unique(part_of(confidence, bins))
        ),
        "that is the worst part's gap: add up all of them, each weighed by its share of the requests.",
    ),
    Mistake(
        "fifteen parts, always",
        lambda confidence, right, bins: calibration_error(confidence, right, 15),
        "the number of parts is an argument: bins.",
    ),
)


def register(check: Checks) -> None:
    """Both, in the notebook's order."""
    check.function(
        energy,
        cases=_logits,
        nudge="What does np.exp(1000) give? And what stays the same if every logit of a request is made smaller by the same?",
        mistakes=ENERGY,
    )
    check.function(
        calibration_error,
        cases=_confidences,
        nudge="One part at a time: which requests are in it, what is their mean confidence, what share of them is right?",
        mistakes=CALIBRATION,
    )
