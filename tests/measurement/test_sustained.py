"""Sustained runs: windows, and a verdict that finds a slowdown where there is one."""

import numpy as np
import pytest

from edgelab.measurement.sustained import Sustained, limited, sustain


class Clock:
    """Only work moves it; `pace(seconds)` is how long a request then takes, in ms."""

    def __init__(self, pace):
        self.now, self.pace, self.texts = 0, pace, []

    def __call__(self) -> int:
        self.now += 1000  # a look at the clock takes 1 us
        return self.now

    def work(self, text: str) -> None:
        self.texts.append(text)
        self.now += int(1e6 * self.pace(self.now / 1e9))


def run(pace, seconds=30):
    clock = Clock(pace)
    return sustain(clock.work, ["a", "b", "c"], seconds, clock=clock), clock


def test_it_asks_until_the_time_is_over():
    found, clock = run(lambda s: 100, seconds=1)
    assert len(found.milliseconds) == 10 and clock.texts[:4] == ["a", "b", "c", "a"]
    assert found.milliseconds == pytest.approx([100] * 10, abs=0.01)
    assert found.seconds == pytest.approx(np.arange(10) / 10, abs=0.001)


def test_windows_by_hand():
    found = Sustained((0.1, 0.2, 0.9, 3.0, 3.5), (1.0, 2.0, 6.0, 4.0, 5.0))
    middles, medians = found.windows(1.0)
    assert (middles.tolist(), medians.tolist()) == ([0.5, 3.5], [2.0, 4.5])  # nothing in seconds 1 and 2


@pytest.mark.parametrize(
    ("pace", "verdict"),
    [
        (lambda s: 10, "steady"),
        (lambda s: 10 if s < 12 else 14, "throttled"),
        (lambda s: 10 + 0.2 * s, "throttled"),
        (lambda s: 10 if s < 12 else 10.5, "steady"),  # 5 %: below the margin
        (lambda s: 14 if s < 5 else 10, "steady"),  # it began slow
    ],
)
def test_the_verdict(pace, verdict):
    assert run(pace)[0].verdict() == verdict


def test_too_short_a_run_decides_nothing():
    assert run(lambda s: 10 if s < 5 else 20, seconds=15)[0].verdict() == "not decided"
    assert run(lambda s: 10 if s < 5 else 20, seconds=15)[0].verdict(0.5) == "throttled"


def test_restless_but_level_is_rarely_called_throttled():
    verdicts = []
    for seed in range(100):
        rng = np.random.default_rng(seed)
        verdicts.append(run(lambda s, rng=rng: 10 * rng.lognormal(0, 0.5), seconds=18)[0].verdict())
    assert verdicts.count("throttled") <= 3


def test_an_emulated_limit_comes_after_its_time():
    clock = Clock(lambda s: 10)
    found = sustain(limited(clock.work, 10, 0.4, clock=clock), ["t"], 30, clock=clock)
    early, late = (
        [ms for s, ms in zip(found.seconds, found.milliseconds, strict=True) if (s > 10.1) == hot] for hot in (0, 1)
    )
    assert np.median(early) == pytest.approx(10, rel=0.01) and np.median(late) == pytest.approx(14, rel=0.01)
    assert found.verdict() == "throttled"
