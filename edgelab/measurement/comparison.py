"""Is the difference real? Two subjects compared in pairs, round by round; how many rounds that takes."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from edgelab.measurement.latency import measure_latency
from edgelab.stats.intervals import Z95, Interval, percentile_interval
from edgelab.stats.samples import LatencySamples

BLOCK = 5  # requests that a subject answers in a row
PILOT_ROUNDS = 100  # enough to know the spread, of a restless machine, too
LEAST_ROUNDS = 20  # with fewer, few steps lie between "never" and "always", and the formula below promises too much
MEDIAN_ERROR = math.sqrt(math.pi / 2)  # a median's standard error, relative to that of a mean: normal distribution


@dataclass(frozen=True)
class Comparison:
    """How much time `b` takes relative to `a`, in each round."""

    a: str
    b: str
    ratios: tuple[float, ...]

    @property
    def ratio(self) -> Interval:
        """The median of the rounds' ratios with its 95 % order-statistic interval."""
        return percentile_interval(self.ratios, 50)

    @property
    def verdict(self) -> str:
        """`b` is `slower` or `faster` where the whole interval lies on one side of 1, else `not told apart`."""
        interval = self.ratio
        return "slower" if interval.low > 1 else "faster" if interval.high < 1 else "not told apart"


def compare(a: LatencySamples, b: LatencySamples, *, block: int = BLOCK) -> Comparison:
    """The samples of `measure_latency(..., block=block)`, compared round by round.

    The interval is the median's, of ratios of whole rounds. If `a` and `b` were the same program, then swapping their
    names would turn a round's ratio into its inverse and leave all else as likely as it was: each round is a fair coin,
    whatever the noise and however long its moods last. So the 5 % hold (Fisher 1935, chapter II; the sign test).
    """
    return Comparison(a.name, b.name, tuple(round_ratios(a.milliseconds, b.milliseconds, block).tolist()))


def round_ratios(a: Sequence[float] | np.ndarray, b: Sequence[float] | np.ndarray, block: int) -> np.ndarray:
    """Time of `b` over time of `a` in each round, [rounds].

    A round is two blocks of the same requests, the second in the reverse order of subjects: what it costs to come
    first cancels in the geometric mean of both. Each block counts by its median. What fills no round is left out.

    Raises:
        ValueError: other requests, or too few for a round.
    """
    rounds = len(a) // (2 * block)
    if len(a) != len(b) or rounds == 0:
        raise ValueError(f"expected latencies of the same {2 * block} requests or more, found {len(a)} and {len(b)}")

    def medians(milliseconds: Sequence[float] | np.ndarray) -> np.ndarray:
        """Of each block, [rounds, 2]."""
        whole = np.asarray(milliseconds, dtype=float)[: rounds * 2 * block]
        return np.median(whole.reshape(rounds, 2, block), axis=2)

    return np.exp(np.log(medians(b) / medians(a)).mean(axis=1))


def race(
    a: Callable[[str], object],
    b: Callable[[str], object],
    texts: Sequence[str],
    *,
    rounds: int,
    block: int = BLOCK,
    warmup: int = 20,
    seed: int = 0,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> Comparison:
    """Time two subjects for so many rounds, `texts` over and over, and compare them."""
    asked = [texts[i % len(texts)] for i in range(rounds * 2 * block)]
    taken = measure_latency({"a": a, "b": b}, asked, warmup=warmup, block=block, seed=seed, clock=clock)
    return compare(taken["a"], taken["b"], block=block)


# --- how many rounds ----------------------------------------------------------------------------


def spread(ratios: Sequence[float] | np.ndarray) -> float:
    """How far the rounds' ratios scatter: the standard deviation of their logarithms, from the 10th and the 90th
    percentile. Restless rounds count, a few wild ones do not decide it."""
    low, high = np.percentile(np.log(ratios), [10, 90])
    return float(high - low) / (2 * NormalDist().inv_cdf(0.9))


def rounds_needed(ratios: Sequence[float] | np.ndarray, effect: float, power: float = 0.95) -> int:
    """How many rounds find a true difference of `effect` (0.05: 5 % more time) with a probability of `power`.

    Args:
        ratios: of a pilot's rounds; their spread alone counts.

    With s the spread and a median's standard error of sqrt(pi/2) s / sqrt(n), the estimate must lie (1.96 + z) errors
    from 0, z the normal distribution's quantile at `power`: n = ((1.96 + z) sqrt(pi/2) s / |log(1 + effect)|)^2.

    Raises:
        ValueError: an effect of 0, or one that no time can have.
    """
    if effect <= -1 or effect == 0:
        raise ValueError(f"expected an effect above -1 and other than 0, found {effect:g}")
    errors = Z95 + NormalDist().inv_cdf(power)
    needed = (errors * MEDIAN_ERROR * spread(ratios) / math.log1p(effect)) ** 2
    return max(LEAST_ROUNDS, math.ceil(needed))


def power(spread: float, effect: float, rounds: int) -> float:
    """The probability that so many rounds find a true difference of `effect`: `rounds_needed` turned round."""
    if spread == 0:
        return float(effect != 0)
    distance = abs(math.log1p(effect)) * math.sqrt(rounds) / (MEDIAN_ERROR * spread)
    normal = NormalDist()
    return normal.cdf(distance - Z95) + normal.cdf(-distance - Z95)


def slowed(
    subject: Callable[[str], object], share: float, *, clock: Callable[[], int] = time.perf_counter_ns
) -> Callable[[str], object]:
    """The same subject, truly slower: after each answer it spins for `share` of the time that this answer took. A
    difference of known size, to see whether a measurement finds it."""

    def slower(text: str) -> object:
        begin = clock()
        answer = subject(text)
        end = clock()
        until = end + share * (end - begin)
        while clock() < until:
            pass
        return answer

    return slower
