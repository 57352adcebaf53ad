"""What pauses do to waiting times, against a device that is stepped through."""

import numpy as np
import pytest

from edgelab.tiers.pauses import with_pauses


def stepped(arrivals, work, duty, period, step=0.01):
    """The same by walking through time in small steps."""
    waits, now, ticks = [], 0, round(period / step)
    awake = round(duty * period / step)
    for arrival, need in zip(arrivals, work, strict=True):
        now, left = max(now, round(arrival / step)), round(need / step)
        while left:
            left -= now % ticks < awake
            now += 1
        waits.append(now * step - arrival)
    return waits


@pytest.mark.parametrize("duty, period", [(0.5, 20.0), (0.1, 50.0), (0.75, 8.0)])
def test_it_is_what_a_device_does_step_by_step(duty, period):
    rng = np.random.default_rng(0)
    arrivals = np.cumsum(rng.exponential(15.0, 40)).round(2)
    work = rng.uniform(0.1, 6.0, 40).round(2)
    assert with_pauses(arrivals, work, duty, period) == pytest.approx(stepped(arrivals, work, duty, period), abs=0.02)


def test_a_device_that_never_pauses_is_a_queue():
    assert with_pauses([0, 1, 50], [3, 4, 1], 1.0, 20.0) == [3, 6, 1]


def test_done_just_in_time_is_done():
    assert with_pauses([5.0], [5.0], 0.5, 20.0) == [5.0]
    assert with_pauses([5.0], [5.5], 0.5, 20.0) == [15.5]
    assert with_pauses([10.0], [1.0], 0.5, 20.0) == [11.0]
    assert with_pauses([], [], 0.5, 20.0) == []
