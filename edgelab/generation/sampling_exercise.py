"""Cases and mistakes of the exercise on sampling: `probabilities`."""

from collections.abc import Callable, Iterator

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.generation.decode import probabilities


def _draws(rng: np.random.Generator) -> Iterator[dict]:
    for vocab, temperature, top_k, top_p in (
        (8, 1.0, 0, 1.0),
        (30, 0.5, 5, 1.0),
        (30, 1.7, 0, 0.8),
        (12, 0.8, 6, 0.6),
        (9, 1.0, 1, 1.0),
        (5, 1.0, 9, 1.0),  # more than there are
        (6, 0.0, 0, 1.0),  # refused: dividing by 0
    ):
        yield {"logits": rng.normal(0, 2, vocab), "temperature": temperature, "top_k": top_k, "top_p": top_p}
    yield {"logits": rng.normal(0, 2, 60)}  # with what stands in the first line
    tied = rng.permutation([2.0, 2.0, 2.0, 1.0, 1.0, 0.0, -1.0])
    yield {"logits": tied, "top_k": 2}  # of equal ones the first stay
    yield {"logits": tied, "top_k": 4, "top_p": 0.95}
    four = {"logits": np.log(rng.permutation([0.4, 0.3, 0.2, 0.1]))}
    yield four
    yield four | {"top_p": 0.55}
    yield four | {"top_k": 2, "top_p": 0.55}  # of the two that stay, one is enough
    yield {"logits": rng.normal(0, 900, 6), "top_p": 0.9}  # exponentials that overflow


def _likely(
    *,
    divide: bool = True,
    cut_k: bool = True,
    cut_p: bool = True,
    keep: int = 0,
    again: bool = True,
    before: bool = False,
    late: bool = False,
) -> Callable[..., np.ndarray]:
    """The probabilities with something forgotten: the temperature, top_k, top_p, the one that reaches it, that what is left
    sums to 1; or top_p reckoned before top_k; or the last of equal logits first."""

    def answer(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
        if temperature <= 0:
            raise ValueError("expected a temperature above 0")
        scaled = logits / temperature if divide else logits * temperature
        order = np.argsort(scaled, kind="stable")[::-1] if late else np.argsort(-scaled, kind="stable")
        likely = np.exp(scaled[order] - scaled[order[0]])
        if top_k and cut_k and not before:
            likely[top_k:] = 0
        whole = likely.sum()
        likely = likely / whole
        if cut_p and top_p < 1:
            reached = np.cumsum(likely)
            likely[1:][(reached >= top_p)[1:] if keep else (reached[:-1] >= top_p)] = 0
        if top_k and cut_k and before:
            likely[top_k:] = 0
        drawn = np.zeros(len(scaled))
        drawn[order] = likely / likely.sum() if again else likely
        return drawn

    return answer


def _sorted(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    return np.sort(probabilities(logits, temperature, top_k, top_p))[::-1]


def _all_equal(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    least = np.sort(logits)[-min(top_k or len(logits), len(logits))]
    return probabilities(np.where(logits >= least, logits, -np.inf), temperature, 0, top_p)


def _fifty(logits: np.ndarray, temperature: float = 1.0, top_k: int = 50, top_p: float = 1.0) -> np.ndarray:
    return probabilities(logits, temperature, top_k, top_p)


def _unrefused(logits: np.ndarray, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0) -> np.ndarray:
    if temperature > 0:
        return probabilities(logits, temperature, top_k, top_p)
    return (np.arange(len(logits)) == logits.argmax()).astype(float)


PROBABILITIES_MISTAKES = (
    Mistake(
        "times the temperature",
        _likely(divide=False),
        "the temperature DIVIDES the logits: above 1 it makes them more alike.",
    ),
    Mistake("no top_k", _likely(cut_k=False), "of the logits, only the top_k largest stay (0: all)."),
    Mistake("no top_p", _likely(cut_p=False), "of what is left, only the fewest that have top_p together stay."),
    Mistake("one too few", _likely(keep=1), "the token by which top_p is reached stays, too."),
    Mistake("not made whole again", _likely(again=False), "what is left must sum to 1 again."),
    Mistake("top_p first", _likely(before=True), "top_k comes first: top_p is a share of what it left."),
    Mistake("sorted", _sorted, "the probabilities stand in the order of the logits, not of their size."),
    Mistake("all equal ones", _all_equal, "top_k keeps exactly so many: of equal logits the first stay."),
    Mistake(
        "the last of equal ones",
        _likely(late=True),
        "of equal logits the first stay: sort minus the logits, stably, rather than turn a sorted list round.",
    ),
    Mistake("another first line", _fifty, "leave the first line as it is: without top_k all tokens stay."),
    Mistake("zero is greedy", _unrefused, "temperature 0 is greedy's business: raise a ValueError."),
)


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        probabilities,
        cases=_draws,
        nudge="Sort the logits first: then top_k cuts by place, and top_p by the sum before each place.",
        mistakes=PROBABILITIES_MISTAKES,
    )
