"""Cases and mistakes of the exercises on comparisons: `time_round`, `told_apart`, `found_share`."""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.measurement.bundles import TEXTS
from edgelab.measurement.by_hand import found_share, percentile_bounds, time_round, told_apart
from edgelab.measurement.moody import Machine

# --- time_round ---------------------------------------------------------------------------------


def _machines(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, b_ms, warming, switch_ms in (
        (5, 1.3, 0.02, 0.0),
        (4, 0.8, 0.05, 0.3),
        (1, 1.0, 0.1, 0.0),
        (9, 1.1, 0, 0.5),
    ):
        machine = Machine(int(rng.integers(1_000_000)), stall=0.1, warming=warming)
        a, b = machine.model("A", 1.0, switch_ms), machine.model("B", b_ms, switch_ms)
        yield a, b, list(TEXTS[:texts]), machine.clock()


def _blocks(
    a: Callable, b: Callable, texts: Sequence[str], clock: Callable, order: str, middle: Callable
) -> list[float]:
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


def _text_by_text(a: Callable, b: Callable, texts: Sequence[str], clock: Callable) -> float:
    taken: dict[str, list[float]] = {"A": [], "B": []}
    for order in ("AB", "BA"):
        for text in texts:
            for name in order:
                begin = clock()
                (a if name == "A" else b)(text)
                taken[name].append(clock() - begin)
    return float(np.median(taken["B"]) / np.median(taken["A"]))


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
        "the difference",
        _round(lambda first, second, third, fourth: (second + third - first - fourth) / 2),
        "a difference in ms grows with the machine's mood; a ratio does not.",
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


# --- found_share --------------------------------------------------------------------------------


def _pilots(rng: np.random.Generator) -> Iterator[tuple]:
    # Effects of both signs, found by some of the runs and not by others, the last one in the wrong direction by a few; a pilot
    # whose middle is not 1, and skewed.
    for size, effect, runs, rounds in (
        (60, 0.05, 60, 25),
        (100, -0.03, 70, 50),
        (40, 0.02, 40, 60),
        (80, -0.10, 30, 8),
        (50, 0.004, 200, 30),
    ):
        pilot = 1.04 * np.exp(0.06 * rng.standard_normal(size) + 0.05 * rng.exponential(size=size))
        yield pilot, effect, rng.integers(size, size=(runs, rounds))


def _share(
    pilot: np.ndarray,
    drawn: np.ndarray,
    effect: float,
    *,
    middle: Callable = np.median,
    found: Sequence[str] | None = None,
) -> float:
    """The share with something changed: what is called the middle, or what counts as found."""
    runs = (1 + effect) * (pilot / middle(pilot))[drawn]
    wanted = found or ["slower" if effect > 0 else "faster"]
    return sum(told_apart(run) in wanted for run in runs) / len(runs)


SHARE = (
    Mistake(
        "without its sign",
        lambda pilot, effect, drawn: _share(pilot, drawn, abs(effect)),
        "an effect of -0.03 makes B FASTER: multiply by 1 + effect as it is, and look for that verdict.",
    ),
    Mistake(
        "slower alone",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, found=["slower"]),
        "where the effect is negative, what is to be found is 'faster'.",
    ),
    Mistake(
        "either verdict counts",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, found=["slower", "faster"]),
        "who is told that a slower build is faster has not found it: the direction must be right.",
    ),
    Mistake(
        "the pilot as it is",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, middle=lambda _: 1.0),
        "the pilot compared a thing with itself, so its median should be 1: divide by it first.",
    ),
    Mistake(
        "centred by the mean",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect, middle=np.mean),
        "the verdict is on the median, so the pilot's MEDIAN is what must become 1.",
    ),
    Mistake(
        "how many, not which share",
        lambda pilot, effect, drawn: _share(pilot, drawn, effect) * len(drawn),
        "return a share, from 0 to 1: divide by the number of runs.",
    ),
    Mistake(
        "runs and rounds exchanged",
        lambda pilot, effect, drawn: _share(pilot, drawn.T, effect),
        "drawn is [runs, rounds]: each ROW is one run.",
    ),
    Mistake(
        "divided by the effect",
        lambda pilot, effect, drawn: _share(
            pilot, drawn, 1 / (1 + effect) - 1, found=["slower" if effect > 0 else "faster"]
        ),
        "5 % more time is a ratio of 1.05: multiply by 1 + effect.",
    ),
)


def register(check: Checks) -> None:
    """The three exercises."""
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
    check.function(
        found_share,
        cases=_pilots,
        nudge="Make the pilot a machine without a difference, give it the one asked about, and judge each run.",
        mistakes=SHARE,
    )
