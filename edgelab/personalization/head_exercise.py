"""Cases and mistakes of the exercises on a head: `threshold_for`, `head_gradient`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.personalization.heads import head_gradient, threshold_for
from edgelab.stats.softmax import softmax

# --- threshold_for ---------------------------------------------------------------------------------


def _margins(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, loss in ((40, 0.1), (25, 0.1), (60, 0.03), (40, 0.0), (30, 0.5)):
        yield rng.normal(size=texts), rng.random(texts) < 0.8, loss
    yield np.round(rng.normal(size=30), 0), rng.random(30) < 0.7, 0.2  # ties
    few = np.arange(20) < 6
    yield rng.normal(size=20), rng.permutation(few), 0.3  # as many may go as are right
    yield rng.normal(size=20), rng.permutation(few), 0.25
    yield rng.normal(size=5), np.zeros(5, bool), 0.1  # nothing is at stake


def _cut(stake: np.ndarray, allowed: int) -> float:
    """The threshold where so many of these margins may be taken."""
    ordered = np.sort(stake)[::-1]
    return float(ordered[allowed]) if 0 <= allowed < len(ordered) else float("-inf")


THRESHOLD = (
    Mistake(
        "all texts at stake",
        lambda margin, right, most_loss: _cut(margin, int(most_loss * len(right))),
        "what the base gets wrong anyway cannot be lost: only the margins where right is True are at stake.",
    ),
    Mistake(
        "a share of the right ones",
        lambda margin, right, most_loss: _cut(margin[right], int(most_loss * right.sum())),
        "most_loss is a share of ALL texts, as accuracy is: count len(right), not right.sum().",
    ),
    Mistake(
        "one too few",
        lambda margin, right, most_loss: _cut(margin[right], max(0, int(most_loss * len(right)) - 1)),
        "one more may be taken: at a threshold equal to a margin that text itself is NOT taken.",
    ),
    Mistake(
        "one too many",
        lambda margin, right, most_loss: _cut(margin[right], int(most_loss * len(right)) + 1),
        "that takes one more than is allowed: count what lies ABOVE the threshold.",
    ),
    Mistake(
        "from the wrong end",
        lambda margin, right, most_loss: -_cut(-margin[right], int(most_loss * len(right))),
        "the largest margins are taken first: sort from the top.",
    ),
    Mistake(
        "rounded up",
        lambda margin, right, most_loss: _cut(margin[right], int(np.ceil(most_loss * len(right)))),
        "at MOST that share: round down.",
    ),
    Mistake(
        "nothing may be lost",
        lambda margin, right, most_loss: _cut(margin[right], 0),
        "most_loss is not used: this threshold takes nothing at all from the base.",
    ),
    Mistake(
        "just below",
        lambda margin, right, most_loss: float(np.nextafter(threshold_for(margin, right, most_loss), -np.inf)),
        "a text at the threshold is not taken, so the threshold is that margin itself: just below it one more is taken.",
    ),
)

# --- head_gradient ---------------------------------------------------------------------------------


def _rows(rng: np.random.Generator) -> Iterator[tuple]:
    for rows, labels, commands, width in ((6, 3, 2, 4), (9, 5, 3, 7), (1, 2, 1, 3)):
        wanted = rng.permutation(np.arange(rows) % (labels + commands))
        values = (rng.normal(size=shape) for shape in ((rows, width), (rows, labels), (commands, width), commands))
        counts = rng.uniform(0.1, 1, rows)
        yield *values, wanted, counts / counts.sum()
    zero = rng.normal(size=(4, 3)), 40 * rng.normal(size=(4, 2)), np.zeros((2, 3)), np.zeros(2)  # where a head begins
    yield *zero, np.array([0, 1, 2, 3]), np.array([0.0, 0.5, 0.5, 0.0])
    large = rng.normal(size=(4, 3)), 900 + rng.normal(size=(4, 3)), rng.normal(size=(2, 3)), 900 + rng.normal(size=2)
    yield *large, np.array([3, 0, 4, 1]), rng.uniform(1, 9, 4)  # exponentials overflow; the counts sum to more than 1


def _unshifted(logits: np.ndarray) -> np.ndarray:
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


def _otherwise(
    features: np.ndarray,
    base_logits: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    wanted: np.ndarray,
    counts: np.ndarray,
    *,
    apart: bool = False,
    summed: bool = True,
    unbiased: bool = False,
    uphill: bool = False,
    target: bool = True,
    whole: bool = False,
    share: bool = False,
    chances_of: Callable[[np.ndarray], np.ndarray] = softmax,
) -> tuple[np.ndarray, np.ndarray]:
    """The gradient with something changed: a softmax over the commands alone, no counts, no bias, uphill, no target,
    the base's columns as well, counts made to sum to 1, another softmax."""
    counts = counts / counts.sum() if share else counts
    labels, own = base_logits.shape[1], features @ weight.T + (0 if unbiased else bias)
    if apart:
        chances = np.concatenate([np.zeros_like(base_logits), softmax(own)], axis=1)
    else:
        chances = chances_of(np.concatenate([base_logits, own], axis=1))
    if target:
        chances[np.arange(len(wanted)), wanted] -= 1
    wrong = ((counts[:, None] if summed else 1.0) * chances)[:, 0 if whole else labels :] * (-1 if uphill else 1)
    return wrong.T @ features, wrong.sum(0)


GRADIENT = (
    Mistake(
        "the commands alone",
        lambda *given: _otherwise(*given, apart=True),
        "one softmax over base and commands TOGETHER: else an old request teaches nothing, and replay is in vain.",
    ),
    Mistake(
        "counts not used",
        lambda *given: _otherwise(*given, summed=False),
        "counts is not used: each row's part must be multiplied by how much it counts.",
    ),
    Mistake("no bias", lambda *given: _otherwise(*given, unbiased=True), "the bias belongs to the commands' logits."),
    Mistake(
        "uphill",
        lambda *given: _otherwise(*given, uphill=True),
        "the sign: it is the chance MINUS 1 at the wanted place.",
    ),
    Mistake(
        "no target",
        lambda *given: _otherwise(*given, target=False),
        "wanted is not used: at that place 1 must be taken off.",
    ),
    Mistake(
        "a mean for the bias",
        lambda *given: (head_gradient(*given)[0], head_gradient(*given)[1] / len(given[0])),
        "the bias's gradient is a sum over rows, no mean: counts say how much each weighs.",
    ),
    Mistake(
        "counts made whole",
        lambda *given: _otherwise(*given, share=True),
        "take counts as they are, whatever they sum to.",
    ),
    Mistake(
        "exponentials too large",
        lambda *given: _otherwise(*given, chances_of=_unshifted),
        "the exponential of a large logit is infinite: subtract each row's largest first, as edgelab's softmax does.",
    ),
    Mistake(
        "for the base as well",
        lambda *given: _otherwise(*given, whole=True),
        "the base does not learn: only the columns behind its labels are the commands'.",
    ),
    Mistake(
        "the bias forgotten",
        lambda *given: head_gradient(*given)[0],
        "return two things: the gradient of the weight and that of the bias.",
    ),
)


def register_threshold(check: Checks) -> None:
    """Add the exercise on the price of being heard."""
    check.function(
        threshold_for,
        cases=_margins,
        nudge="Which texts can be lost at all? Sort their margins: how many may lie above the threshold?",
        mistakes=THRESHOLD,
        rtol=0,  # it is one of the margins: near it, a text more is taken
        atol=0,
    )


def register_gradient(check: Checks) -> None:
    """Add the exercise on learning a head."""
    check.function(
        head_gradient,
        cases=_rows,
        nudge="Over which logits is the softmax taken? And which columns of chance minus target belong to the commands?",
        mistakes=GRADIENT,
    )
