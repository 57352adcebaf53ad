"""The exercises of `00_start_here`."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from edgelab.course.by_hand import RUNS_WHERE, days_met, examples_needed, paired_draws, plausible
from edgelab.course.exercises import Case, Checks, Mistake

WHY = {
    "device": "a tool with a known set of answers, whatever is personal in it",
    "cloud": "no tool does it, and nothing in it is personal",
    "ask first": "no tool does it, and what is in it is personal",
}


def misplaced(where: dict[str, Any]) -> list[str]:
    """What is wrong with this border between device and cloud."""
    if unknown := [request for request in where if request not in RUNS_WHERE]:
        return [f"not one of the requests: {unknown[0]!r}"]
    if missing := [request for request in RUNS_WHERE if request not in where]:
        return [f"left out: {missing[0]!r}"]
    if other := [place for place in where.values() if not isinstance(place, str) or place not in WHY]:
        return [f"expected one of {', '.join(map(repr, WHY))}, got {other[0]!r}"]
    return [f"{request!r}: {WHY[right]}" for request, right in RUNS_WHERE.items() if where[request] != right]


def placed(**changes: str) -> dict[str, str]:
    """The course's own border with every place changed so."""
    return {request: changes.get(right.replace(" ", "_"), right) for request, right in RUNS_WHERE.items()}


def _shares(rng: np.random.Generator) -> Iterator[Case]:
    for examples in (12, 400):
        grid = rng.uniform(size=50)  # in no order: nothing says that there is one
        for right in (0, int(rng.integers(1, examples)), examples):
            yield np.concatenate([[0.0], grid, [1.0]]), right, examples
    yield np.array([0.5, 0.9]), int(rng.integers(1, 30)), 30


def _draws(rng: np.random.Generator) -> Iterator[Case]:
    for examples, draws in ((6, 3), (50, 20), (1, 2)):
        a, b = rng.random((2, examples)) < 0.7
        yield a, b, rng.integers(examples, size=(draws, examples))
    yield np.array([True, False]), np.array([False, False]), np.array([[0, 0]])


def _tails(rng: np.random.Generator) -> Iterator[Case]:
    yield from ((99.0, 100), (100.0, 7), (0.0, 3), (50.0, 0), (90.0, 1))
    yield from ((float(rng.uniform(80, 100)), int(rng.integers(2, 300))) for _ in range(4))


def _promises(rng: np.random.Generator) -> Iterator[Case]:
    yield from ((0.93, 0.9), (1.0, 0.9), (0.95, 0.5), (1.0, 0.1), (0.93, 0.92))  # from one example to thousands
    for _ in range(3):
        promise = float(rng.uniform(0.4, 0.9))
        yield promise + float(rng.uniform(0.05, 0.1)), promise


def _wald(shares: np.ndarray, right: int, examples: int) -> np.ndarray:
    counted = right / examples
    return np.abs(counted - shares) <= 1.96 * np.sqrt(counted * (1 - counted) / examples)


def _needed(z: float = 1.96, *, of_the_share: bool = False, down: bool = False) -> Any:
    def formula(share: float, promise: float) -> int:
        p = share if of_the_share else promise
        n = z**2 * p * (1 - p) / (share - promise) ** 2
        return int(np.floor(n)) if down else max(1, int(np.floor(n)) + 1)

    return formula


check = Checks(notebook="00_start_here")
check.design(
    "runs_where",
    RUNS_WHERE,
    judge=misplaced,
    nudge="Go request by request: does one of the tools do it? If none does: is there anything in it that is yours alone?",
    mistakes=(
        Mistake(
            "all on the device", dict.fromkeys(RUNS_WHERE, "device"), "an open question has no tool: who answers it?"
        ),
        Mistake(
            "all in the cloud", dict.fromkeys(RUNS_WHERE, "cloud"), "a timer needs no network, and no data centre."
        ),
        Mistake(
            "what is personal and hard is sent",
            placed(ask_first="cloud"),
            "a blood test leaves the phone here, and nobody was asked.",
        ),
        Mistake(
            "what is personal stays, though no tool does it",
            placed(ask_first="device"),
            "the device would have to answer what it cannot: none of its tools is a doctor.",
        ),
        Mistake(
            "asks before every open question",
            placed(cloud="ask first"),
            "vaccines are nobody's secret: who asks too often is no longer read.",
        ),
        Mistake(
            "asks whenever a person is named",
            placed() | {"text ana that i'm running late": "ask first", "send fifty euros to ben": "ask first"},
            "what a tool on the phone does leaves the phone to nobody but Ana: there is nothing to ask.",
        ),
        Mistake("the wrong way round", placed(device="cloud", cloud="device"), "which of the two knows all of Lisbon?"),
    ),
)
check.function(
    plausible,
    cases=_shares,
    nudge="Each of the shares has a spread of its own. How far does the count lie from each, in such spreads?",
    mistakes=(
        Mistake(
            "the spread of what was counted",
            _wald,
            "the spread is that of the true share in question, not of the counted one (at 12 of 12 that would be none).",
        ),
        Mistake(
            "no square root",
            lambda shares, right, n: np.abs(right / n - shares) <= 1.96 * shares * (1 - shares) / n,
            "that is the variance: the standard deviation is its square root.",
        ),
        Mistake(
            "not divided by the examples",
            lambda shares, right, n: np.abs(right / n - shares) <= 1.96 * np.sqrt(shares * (1 - shares)),
            "more examples, less spread: what divides p (1 - p) under the root?",
        ),
        Mistake(
            "one standard deviation",
            lambda shares, right, n: np.abs(right / n - shares) <= np.sqrt(shares * (1 - shares) / n),
            "one standard deviation holds 68 of 100: it takes 1.96 of them.",
        ),
        Mistake(
            "one side",
            lambda shares, right, n: right / n - shares <= 1.96 * np.sqrt(shares * (1 - shares) / n),
            "a share may also be too high: take the distance, whichever side.",
        ),
        Mistake(
            "the implausible ones",
            lambda shares, right, n: ~plausible(shares, right, n),
            "True is for those that could have given the count.",
        ),
        Mistake(
            "a count against a share",
            lambda shares, right, n: np.abs(right - shares) <= 1.96 * np.sqrt(shares * (1 - shares) / n),
            "right is a count: its share is right / examples.",
        ),
        Mistake(
            "sorted",
            lambda shares, right, n: plausible(np.sort(shares), right, n),
            "one answer for each share, in the order in which they came.",
        ),
        Mistake(
            "the edge left out",
            lambda shares, right, n: np.abs(right / n - shares) < 1.96 * np.sqrt(shares * (1 - shares) / n),
            "none right of twelve: a true share of 0 gives just that. `at most`, not `less than`.",
        ),
    ),
)
check.function(
    paired_draws,
    cases=_draws,
    nudge="a[drawn] has a row for each draw. Over which axis is the mean?",
    mistakes=(
        Mistake(
            "b is not drawn",
            lambda a, b, drawn: a[drawn].mean(axis=1) - b.mean(),
            "the same examples are drawn for both: that is what pairs them.",
        ),
        Mistake(
            "b is drawn anew",
            lambda a, b, drawn: a[drawn].mean(axis=1) - b[drawn[::-1]].mean(axis=1),
            "b must be asked the very examples that a was asked in that draw.",
        ),
        Mistake(
            "one number for all draws",
            lambda a, b, drawn: a[drawn].mean() - b[drawn].mean(),
            "one difference for each draw: take the mean within it, axis=1.",
        ),
        Mistake(
            "over the draws",
            lambda a, b, drawn: a[drawn].mean(axis=0) - b[drawn].mean(axis=0),
            "axis 0 runs over the draws; the examples of a draw are axis 1.",
        ),
        Mistake(
            "the other way round",
            lambda a, b, drawn: b[drawn].mean(axis=1) - a[drawn].mean(axis=1),
            "above 0 should mean that a is better: a minus b.",
        ),
        Mistake(
            "counts",
            lambda a, b, drawn: a[drawn].sum(axis=1) - b[drawn].sum(axis=1),
            "shares, not counts: the mean of True and False is the share of True.",
        ),
        Mistake(
            "how often they differ",
            lambda a, b, drawn: (a[drawn] != b[drawn]).mean(axis=1),
            "where they differ one of the two is better: keep the sign.",
        ),
    ),
)
check.function(
    days_met,
    cases=_tails,
    nudge="How probable is a day without any slow request?",
    mistakes=(
        Mistake(
            "how many to expect",
            lambda percentile, requests: requests * (1 - percentile / 100),
            "that is how many slow ones a day has on average: some days have two, others none.",
        ),
        Mistake(
            "that, but at most 1",
            lambda percentile, requests: min(1.0, requests * (1 - percentile / 100)),
            "a hundred requests at p99 do not meet a slow one every day: think of the days without.",
        ),
        Mistake(
            "a day without one",
            lambda percentile, requests: (percentile / 100) ** requests,
            "that is the share of days on which nothing is slow.",
        ),
        Mistake(
            "all of them slow",
            lambda percentile, requests: (1 - percentile / 100) ** requests,
            "that is a day on which every request is slow.",
        ),
        Mistake(
            "in percent",
            lambda percentile, requests: 100 - 100 * (percentile / 100) ** requests,
            "a share, from 0 to 1.",
        ),
        Mistake(
            "exactly one",
            lambda percentile, requests: requests * (1 - percentile / 100) * (percentile / 100) ** max(0, requests - 1),
            "at least one, so two or ten count as well.",
        ),
    ),
)
check.function(
    examples_needed,
    cases=_promises,
    nudge="Count up from one example, and ask plausible about the promise each time.",
    mistakes=(
        Mistake(
            "of what was counted",
            _needed(of_the_share=True),
            "the spread is that of the promise: the question is whether *it* could have given the count.",
        ),
        Mistake("one too few", _needed(down=True), "there the promise is plausible still: one more."),
        Mistake("one sigma", _needed(1.0), "plausible allows 1.96 standard deviations."),
        Mistake("one side", _needed(1.645), "1.645 is for one side: plausible allows 1.96 on either."),
        Mistake(
            "the first at which it is plausible",
            lambda share, promise: 1,
            "with one example everything is plausible: go on while it is.",
        ),
        Mistake(
            "not from one on",
            lambda share, promise: max(2, examples_needed(share, promise)),
            "where the two lie far apart, a single example may tell: begin at one.",
        ),
        Mistake(
            "in steps of ten",
            lambda share, promise: -(-examples_needed(share, promise) // 10) * 10,
            "the fewest: count one by one.",
        ),
    ),
)
