"""Cases and mistakes of the exercises on comparisons: `time_round`, `told_apart`."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.bundles import TEXTS
from edgelab.measurement.by_hand import percentile_bounds, time_round, told_apart
from edgelab.measurement.moody import Machine

# --- time_round ---------------------------------------------------------------------------------


def _machines(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, b_ms, warming, switch_ms in (
        (5, 1.3, 0.02, 0.0),
        (4, 0.8, 0.05, 0.3),
        (1, 1.0, 0.1, 0.0),
        (9, 1.1, 0, 0.5),
    ):
        machine = Machine(int(rng.integers(1_000_000)), stall=0.1, warming=warming, per_character=0.02)
        a, b = machine.model("A", 1.0, switch_ms), machine.model("B", b_ms, switch_ms)
        yield a, b, list(TEXTS[:texts]), machine.clock()


def _blocks(a: Callable, b: Callable, texts: Sequence[str], clock: Callable, order: str, middle: Callable) -> list:
    found = []
    for name in order:
        taken = []
        for text in texts:
            begin = clock()
            (a if name == "A" else b)(text)
            taken.append(clock() - begin)
        found.append(middle(taken))
    return found


def _round(
    combine: Callable[..., float], order: str = "ABBA", middle: Callable = np.median
) -> Callable[[Callable, Callable, Sequence[str], Callable], float]:
    """A round with something changed: the order, what stands for a block, or what is made of the four blocks."""
    return lambda a, b, texts, clock: combine(*_blocks(a, b, texts, clock, order, middle))


def _first_text(a: Callable, b: Callable, texts: Sequence[str], clock: Callable) -> float:
    """The same text each time."""
    return time_round(a, b, [texts[0]] * len(texts), clock)


def _backwards(a: Callable, b: Callable, texts: Sequence[str], clock: Callable) -> float:
    """In the second half the texts are reversed, too."""
    first, second = _blocks(a, b, texts, clock, "AB", np.median)
    third, fourth = _blocks(a, b, texts[::-1], clock, "BA", np.median)
    return _geometric(first, second, third, fourth)


def _text_by_text(a: Callable, b: Callable, texts: Sequence[str], clock: Callable) -> float:
    taken: dict[str, list[float]] = {"A": [], "B": []}
    for order in ("AB", "BA"):
        for text in texts:
            for name in order:
                begin = clock()
                (a if name == "A" else b)(text)
                taken[name].append(clock() - begin)
    return float(np.median(taken["B"]) / np.median(taken["A"]))


def _pooled(a: Callable, b: Callable, texts: Sequence[str], clock: Callable) -> float:
    """The median of both blocks of B over that of both blocks of A."""
    first, second, third, fourth = _blocks(a, b, texts, clock, "ABBA", list)
    return float(np.median(second + third) / np.median(first + fourth))


def _half(a: Callable, b: Callable, texts: Sequence[str], clock: Callable) -> float:
    first, second = _blocks(a, b, texts, clock, "AB", np.median)
    return second / first


def _geometric(first: float, second: float, third: float, fourth: float) -> float:
    return math.sqrt(second / first * third / fourth)


ROUND = (
    Mistake(
        "A B A B",
        _round(lambda first, second, third, fourth: math.sqrt(second / first * fourth / third), "ABAB"),
        "the second half comes in the REVERSE order, A B B A: else B always finds the machine a little warmer.",
    ),
    Mistake(
        "A A B B",
        _round(lambda first, second, third, fourth: math.sqrt(third / first * fourth / second), "AABB"),
        "all of A before all of B is what rounds are there to avoid: A B B A.",
    ),
    Mistake(
        "the mean of a block",
        _round(_geometric, middle=np.mean),
        "a block counts by its MEDIAN: one stall would carry a mean away.",
    ),
    Mistake(
        "the plain mean of both ratios",
        _round(lambda first, second, third, fourth: (second / first + third / fourth) / 2),
        "of 2 and 1/2 the plain mean is 1.25, though they cancel: take the geometric mean, sqrt(x * y).",
    ),
    Mistake(
        "A over B",
        _round(lambda first, second, third, fourth: math.sqrt(first / second * fourth / third)),
        "asked is B's time over A's: above 1 where B is the slower one.",
    ),
    Mistake(
        "half a round",
        _half,
        "that is A B. Whoever comes second always comes second then: go on with B A.",
    ),
    Mistake(
        "text by text",
        _text_by_text,
        "a block is ALL texts to one of them, and only then the other: its caches are to be warm.",
    ),
    Mistake(
        "the first text alone",
        _first_text,
        "a block goes through ALL texts: call the function with each of them, once.",
    ),
    Mistake(
        "the texts backwards",
        _backwards,
        "it is A and B that change places in the second half; the texts keep their order.",
    ),
    Mistake(
        "the difference",
        _round(lambda first, second, third, fourth: (second + third - first - fourth) / 2),
        "a difference in ms grows with the machine's mood; a ratio does not.",
    ),
    Mistake(
        "all of A, all of B",
        _pooled,
        "each of the four blocks counts by its own median: B's block over A's, once in each half.",
    ),
    Mistake(
        "not the root",
        _round(lambda first, second, third, fourth: second / first * third / fourth),
        "the geometric mean of two numbers is the square ROOT of their product.",
    ),
)


# --- told_apart ---------------------------------------------------------------------------------


def _races(rng: np.random.Generator) -> Iterator[tuple]:
    for shift, rounds in ((0.2, 30), (-0.2, 45), (0.0, 60), (0.015, 25), (-0.015, 25)):
        yield (np.exp(rng.normal(shift, 0.05, rounds)),)
    for sign in (-1, 1):  # told apart by little; and only with the later rounds
        yield (np.exp(rng.normal(0.004 * sign, 0.002, 30)),)
        yield (np.exp(np.concatenate([rng.normal(0, 0.05, 20), rng.normal(0.1 * sign, 0.05, 60)])),)
    above = 1 + rng.uniform(0.05, 0.4, 6)
    for ratios in (above[:5], above, 1 / above, 1 / above[:5]):  # of 5 rounds the interval has no ends
        yield (ratios,)
    for ratios in (above, 1 / above):  # an end at exactly 1
        yield (np.concatenate([ratios[:5], [1.0]]),)


def _by(bounds: Callable[[np.ndarray], Sequence[float]]) -> Callable[[np.ndarray], str]:
    """A verdict from other bounds."""

    def verdict(ratios: np.ndarray) -> str:
        low, high = bounds(ratios)
        return "slower" if low > 1 else "faster" if high < 1 else "not told apart"

    return verdict


def _at_one(ratios: np.ndarray) -> str:
    low, high = percentile_bounds(ratios, 50)
    return "slower" if low >= 1 else "faster" if high <= 1 else "not told apart"


def _beyond_1_percent(ratios: np.ndarray) -> str:
    low, high = percentile_bounds(ratios, 50)
    return "slower" if low > 1.01 else "faster" if high < 0.99 else "not told apart"


def _swapped(ratios: np.ndarray) -> str:
    return {"slower": "faster", "faster": "slower"}.get(told_apart(ratios), "not told apart")


VERDICT = (
    Mistake(
        "the median alone", _by(lambda r: [np.median(r)] * 2), "a median without its interval always differs from 1."
    ),
    Mistake(
        "an end at 1",
        _at_one,
        "where the interval ends exactly at 1, no difference is still in it: > and <, not >= and <=.",
    ),
    Mistake(
        "a margin",
        _beyond_1_percent,
        "a small difference is one, too: the interval alone decides, and 1 is where it counts.",
    ),
    Mistake("the words swapped", _swapped, "a ratio is B's time over A's: above 1 means that B takes longer."),
    Mistake(
        "faster is not known",
        lambda ratios: "slower" if percentile_bounds(ratios, 50)[0] > 1 else "not told apart",
        "B may be the faster one as well: there the upper end is below 1.",
    ),
    Mistake(
        "every round must agree",
        _by(lambda r: (r.min(), r.max())),
        "rounds scatter, and some contradict. The interval of their MEDIAN must lie on one side of 1.",
    ),
    Mistake(
        "half a percent",
        _by(lambda r: percentile_bounds(r, 0.5)),
        "percentile_bounds takes its percentile in percent, as q = 90 above: the median is 50.",
    ),
    Mistake(
        "where the rounds lie",
        _by(lambda r: np.percentile(r, [2.5, 97.5])),
        "that is where 95 % of the rounds lie; percentile_bounds(ratios, 50) says how far off their median may be.",
    ),
    Mistake(
        "by mean and deviation",
        _by(lambda r: r.mean() + np.array([-1.96, 1.96]) * r.std() / math.sqrt(len(r))),
        "rounds of a restless machine are far from normal: use percentile_bounds.",
    ),
)


def register(check: Checks) -> None:
    """Both exercises."""
    check.function(
        time_round,
        cases=_machines,
        nudge="Write down whom you ask in which order, and what of each block counts. Only then divide.",
        mistakes=ROUND,
    )
    check.function(
        told_apart,
        cases=_races,
        nudge="Where does the interval of the median lie, and where does 1?",
        mistakes=VERDICT,
    )
