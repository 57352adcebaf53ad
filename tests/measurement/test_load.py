"""Open and closed load: by hand, against a simulated server and queueing theory, and with real threads and clocks."""

import time

import numpy as np
import pytest

from edgelab.measurement.load import (
    Load,
    closed_load,
    concurrent_load,
    open_latencies,
    open_load,
    poisson_arrivals,
    with_omitted,
)


class Clock:
    """A clock that work and sleep move; each request takes the next of `service_ms`."""

    def __init__(self, service_ms):
        self.now, self.service = 0.0, iter(service_ms)

    def __call__(self) -> int:
        return int(self.now * 1e6)

    def sleep(self, seconds: float) -> None:
        self.now += seconds * 1000

    def work(self, text: str) -> None:
        self.now += next(self.service)


def test_open_latencies_by_hand():
    """Due at 0, 10, 20, 30; the second takes 25 ms, so the third begins at 35, the fourth at 40."""
    assert open_latencies([0, 10, 20, 30], [5, 25, 5, 5]).tolist() == [5, 25, 20, 15]
    assert open_latencies([0, 0, 0], [1, 2, 3]).tolist() == [1, 3, 6]
    assert open_latencies([7], [2]).tolist() == [2]
    with pytest.raises(ValueError):
        open_latencies([0, 1], [1])


def test_open_latencies_follow_queueing_theory():
    """M/M/1: the mean time in the system is 1 / (mu - lambda) = 1 / (1 - 0.7) service times."""
    rng = np.random.default_rng(0)
    latencies = open_latencies(poisson_arrivals(700, 400_000, rng), rng.exponential(1.0, 400_000))
    assert latencies.mean() == pytest.approx(1 / 0.3, rel=0.05)
    assert np.percentile(latencies, 90) == pytest.approx(np.log(10) / 0.3, rel=0.05)


@pytest.mark.parametrize("seed", range(3))
def test_the_open_loop_does_what_the_recursion_says(seed):
    rng = np.random.default_rng(seed)
    arrivals, service = poisson_arrivals(100, 200, rng), rng.lognormal(1.8, 0.7, 200)
    clock = Clock(service)
    load = open_load(clock.work, ["t"] * 200, arrivals, clock=clock, sleep=clock.sleep)
    assert load.latency.milliseconds == pytest.approx(open_latencies(arrivals, service), abs=1e-4)
    assert load.service.milliseconds == pytest.approx(service, abs=1e-4)
    assert load.per_second == pytest.approx(1000 * 200 / (load.ended_ms[-1] - arrivals[0]))


def test_the_closed_loop_omits_whom_it_keeps_waiting():
    """One stall of a second among 100 requests, one each 10 ms: closed, one sample shows it; open, all that follow."""
    service = [1.0] * 10 + [1000.0] + [1.0] * 89
    clock = Clock(service)
    closed = closed_load(clock.work, ["t"] * 100, every_ms=10, clock=clock, sleep=clock.sleep)
    assert sorted(closed.latency.milliseconds) == pytest.approx(sorted(service), abs=1e-4)
    assert np.diff(closed.due_ms).min() >= 10 - 1e-4
    clock = Clock(service)
    late = open_load(clock.work, ["t"] * 100, 10.0 * np.arange(100), clock=clock, sleep=clock.sleep).latency
    assert sum(ms > 100 for ms in late.milliseconds) == 90 and closed.latency.percentile(90) < 2


def test_what_was_omitted_can_be_put_back():
    assert with_omitted([1.0, 35.0, 1.0], 10).tolist() == [1, 35, 25, 15, 1]
    assert with_omitted([30.0], 10).tolist() == [30, 20, 10]
    assert with_omitted([9.0, 10.0, 19.0], 10).tolist() == [9, 10, 19]
    with pytest.raises(ValueError, match="above 0 between requests, found 0"):
        with_omitted([1.0], 0)
    # Near the open load's own answer, where a stall is long against the gap.
    service = [1.0] * 10 + [1000.0] + [1.0] * 89
    truth = open_latencies(10.0 * np.arange(100), service)
    assert np.percentile(with_omitted(service, 10), 90) == pytest.approx(np.percentile(truth, 90), rel=0.15)


def test_arrivals_come_at_their_rate_with_exponential_gaps():
    gaps = np.diff(poisson_arrivals(50, 20_000, np.random.default_rng(0)))
    assert gaps.mean() == pytest.approx(20, rel=0.03) and gaps.std() == pytest.approx(20, rel=0.05) and gaps.min() > 0


def test_workers_ask_at_the_same_time():
    def wait(text):
        time.sleep(0.02)

    alone, three = (concurrent_load(wait, ["t"] * 12, workers) for workers in (1, 3))
    begun, ended = (np.array(x) for x in (three.begun_ms, three.ended_ms))
    under_way = [(begun <= t).sum() - (ended <= t).sum() for t in begun]
    assert max(under_way) == 3 and three.per_second > 1.5 * alone.per_second
    assert len(three.latency.milliseconds) == 12 and three.latency.percentile(0) >= 19


def test_with_real_clocks_an_answer_is_never_before_its_time():
    load = open_load(lambda text: None, ["t"] * 5, [0, 5, 10, 15, 20])
    assert all(b >= d - 0.01 for d, b in zip(load.due_ms, load.begun_ms, strict=True))
    assert load.ended_ms[-1] >= 20 and isinstance(load, Load)
