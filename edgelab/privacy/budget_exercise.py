"""Cases and mistakes of the exercise on a budget that refuses: `granted`."""

from collections.abc import Callable, Iterator
from fractions import Fraction

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.privacy.budget import Budget, BudgetSpent

Requests = list[tuple[float, str]]


def granted(requests: Requests, limit: float) -> list[bool]:
    """Which of these reports may leave, in their order, each (epsilon, what it tells), by a budget of `limit`."""
    budget, answers = Budget(limit), []
    for epsilon, what in requests:
        try:
            budget.spend(epsilon, what)
        except BudgetSpent:
            answers.append(False)
        else:
            answers.append(True)
    return answers


# --- the exercise ----------------------------------------------------------------------------------

WHAT = ("crashes", "latency", "escalated")


def _sequences(rng: np.random.Generator) -> Iterator[tuple]:
    for number, limit in ((12, 2.0), (20, 3.7), (8, 1.0)):
        yield [(int(rng.integers(1, 9)) / 10, str(rng.choice(WHAT))) for _ in range(number)], limit
    yield [(0.1, "latency")] * int(rng.integers(4, 9)), 0.3  # three of 0.1 are 0.3, if one counts as people do
    yield [(1.0, "latency"), (5.0, "crashes"), (1.0, "latency"), (0.5, "latency")], 2.0  # refused, and later granted
    yield [(2.0, "crashes")], 2.0
    yield (
        [(1.25, "crashes"), *[(epsilon, "latency") for epsilon in (0.79, 0.754, 0.7502, 0.75)]],
        2.0,
    )  # a little too much
    yield (
        [(0.3001, "crashes"), (0.1, "latency"), (0.2, "latency"), (0.0001, "latency")],
        0.3,
    )  # a ten-thousandth too much
    yield [(2.5, "crashes")], 2.0
    yield [], 1.0


def _walk(
    fits: Callable[[Fraction, Fraction], bool] = lambda after, limit: after <= limit,
    *,
    stops: bool = False,
    apart: bool = False,
) -> Callable[..., list[bool]]:
    """The right answer with something changed: what fits, an end at the first refusal, a budget each."""

    def wrong(requests: Requests, limit: float) -> list[bool]:
        spent: dict[str, Fraction] = {}
        answers: list[bool] = []
        for epsilon, what in requests:
            key = what if apart else ""
            after = spent.get(key, Fraction(0)) + Fraction(str(epsilon))
            answers.append(fits(after, Fraction(str(limit))) and not (stops and False in answers))
            if answers[-1]:
                spent[key] = after
        return answers

    return wrong


def _in_floats(requests: Requests, limit: float) -> list[bool]:
    spent, answers = 0.0, []
    for epsilon, _ in requests:
        answers.append(spent + epsilon <= limit)
        spent += epsilon if answers[-1] else 0
    return answers


def register(check: Checks) -> None:
    """Add the exercise to a notebook's registry."""
    check.function(
        granted,
        cases=_sequences,
        nudge="What has left so far, in all? Does this one still fit beside it? And what does a refusal cost?",
        mistakes=(
            Mistake(
                "one by one",
                lambda requests, limit: [epsilon <= limit for epsilon, _ in requests],
                "each fits alone; but whoever collects has them all: add up what was granted before.",
            ),
            Mistake(
                "sums of floats",
                _in_floats,
                "0.1 + 0.1 + 0.1 is a little above 0.3 in floats: sum fractions.Fraction(str(epsilon)), or round the sum.",
            ),
            Mistake(
                "in tenths",
                _walk(lambda after, limit: round(10 * after) <= round(10 * limit)),
                "a request may cost hundredths, too: round far behind the point, or sum fractions.Fraction(str(epsilon)).",
            ),
            Mistake(
                "in thousandths",
                _walk(lambda after, limit: round(1000 * after) <= round(1000 * limit)),
                "0.3001 is more than 0.3: round further behind the point, or sum fractions.Fraction(str(epsilon)).",
            ),
            Mistake(
                "a little over",
                _walk(lambda after, limit: after <= limit + Fraction(15, 100_000)),
                "what is allowed beyond the limit must be smaller than any report: 0.3001 does not fit into 0.3.",
            ),
            Mistake(
                "the last drop kept",
                _walk(lambda after, limit: after < limit),
                "a budget may be spent to its end: as much as the limit is allowed, more is not.",
            ),
            Mistake(
                "refused for ever",
                _walk(stops=True),
                "a report that is refused tells nothing: a smaller one that still fits may leave after it.",
            ),
            Mistake(
                "reports counted",
                lambda requests, limit: [number <= limit for number in range(1, len(requests) + 1)],
                "reports may cost different epsilons: add epsilon, do not count.",
            ),
            Mistake(
                "a budget for each question",
                _walk(apart=True),
                "all answers are about the same person: one budget for all of them.",
            ),
            Mistake(
                "overspent once",
                _walk(lambda after, limit: after <= limit or after - limit < Fraction(1, 2)),
                "the last report granted must fit as well: look at the sum after it, not before.",
            ),
            Mistake(
                "everything granted",
                lambda requests, limit: [True for _ in requests],
                "a budget that refuses nothing is none.",
            ),
        ),
    )
