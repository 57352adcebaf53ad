"""Latency with a clock of our own: who is asked when, what is kept; ratios of latencies against scipy."""

import numpy as np
import pytest

from edgelab.measurement.latency import measure_latency, speedup
from edgelab.stats.intervals import (
    Interval,
)
from edgelab.stats.samples import LatencySamples


class Clock:
    """A clock that only work moves: each subject takes its own time, in ns."""

    def __init__(self):
        self.now, self.calls = 0, []

    def __call__(self) -> int:
        return self.now

    def subject(self, name: str, milliseconds: float):
        def work(text: str) -> None:
            self.calls.append((name, text))
            self.now += int(milliseconds * 1e6)

        return work


def test_every_text_goes_to_every_subject_and_the_warm_up_is_not_kept():
    clock = Clock()
    subjects = {"small": clock.subject("small", 0.25), "big": clock.subject("big", 4)}
    taken = measure_latency(subjects, ["a", "b", "c"], warmup=2, clock=clock)
    assert taken["small"] == LatencySamples("small", (0.25,) * 3) and taken["big"] == LatencySamples("big", (4.0,) * 3)
    assert [text for _, text in clock.calls] == list("aabbaabbcc")
    assert [{name for name, _ in clock.calls[i : i + 2]} for i in range(0, 10, 2)] == [{"small", "big"}] * 5


def test_a_slow_moment_falls_on_all_alike():
    """The machine is ten times slower for a while: all subjects lose about the same number of samples to it."""
    clock = Clock()

    def subject(text: str) -> None:
        clock.now += 10_000_000 if 60e6 <= clock.now < 160e6 else 1_000_000

    taken = measure_latency({"a": subject, "b": subject, "c": subject}, ["t"] * 100, warmup=0, clock=clock)
    slow = [sum(ms > 5 for ms in taken[name].milliseconds) for name in "abc"]
    assert sum(slow) == 10 and max(slow) - min(slow) <= 2


def test_no_subject_always_runs_right_after_the_same_other():
    """Who follows a large model finds the caches cold: that must not fall on one of them."""
    clock = Clock()
    subjects = {name: clock.subject(name, 1) for name in "abcd"}
    measure_latency(subjects, ["t"] * 600, warmup=0, clock=clock)
    names = [name for name, _ in clock.calls]
    followers = [names[i + 1] for i in range(len(names) - 1) if names[i] == "a" and (i + 1) % 4]
    assert len(followers) == pytest.approx(450, abs=40)
    assert all(followers.count(name) == pytest.approx(150, abs=40) for name in "bcd")


def test_every_other_block_turns_the_order_round():
    clock = Clock()
    measure_latency({name: clock.subject(name, 1) for name in "abc"}, ["t"] * 40, warmup=0, clock=clock)
    rounds = ["".join(name for name, _ in clock.calls[i : i + 3]) for i in range(0, 120, 3)]
    assert (
        all(second == first[::-1] for first, second in zip(rounds[::2], rounds[1::2], strict=True))
        and len(set(rounds)) > 2
    )


def test_another_seed_is_another_order():
    orders = set()
    for seed in (0, 0, 1, 2):
        clock = Clock()
        measure_latency({name: clock.subject(name, 1) for name in "abc"}, ["t"] * 20, seed=seed, clock=clock)
        orders.add("".join(name for name, _ in clock.calls))
    assert len(orders) == 3


def test_a_block_goes_to_one_subject_after_the_other():
    clock = Clock()
    subjects = {"small": clock.subject("small", 1), "big": clock.subject("big", 4)}
    taken = measure_latency(subjects, ["a", "b", "c"], warmup=0, block=2, clock=clock)
    assert taken["small"].milliseconds == (1.0,) * 3 and taken["big"].milliseconds == (4.0,) * 3
    assert [text for _, text in clock.calls] == list("ababcc")
    assert [{name for name, _ in pair} for pair in (clock.calls[:2], clock.calls[2:4])] in (
        [{"small"}, {"big"}],
        [{"big"}, {"small"}],
    )


def test_samples_keep_the_order_taken():
    clock, spans = Clock(), iter([9.0, 1.0, 2.0, 3.0])

    def subject(text: str) -> None:
        clock.now += int(next(spans) * 1e6)

    assert measure_latency({"a": subject}, ["t", "u", "v"], warmup=1, clock=clock)["a"].milliseconds == (1.0, 2.0, 3.0)


def test_fewer_texts_than_warm_up_are_all_measured():
    clock = Clock()
    taken = measure_latency({"a": clock.subject("a", 1)}, ["t", "u"], clock=clock)
    assert len(taken["a"].milliseconds) == 2 and len(clock.calls) == 4


def test_with_the_real_clock_the_slower_one_is_slower():
    taken = measure_latency({"idle": len, "busy": lambda text: sum(range(20_000))}, ["text"] * 30, warmup=3)
    assert 0 < taken["idle"].percentile(50) < taken["busy"].percentile(50)


def test_a_speedup_is_the_ratio_of_medians_drawn_in_pairs():
    rng = np.random.default_rng(0)
    moment = rng.lognormal(sigma=1, size=400)  # the machine's mood, the same for both
    slow, fast = LatencySamples("slow", tuple(6 * moment)), LatencySamples("fast", tuple(2 * moment))
    assert speedup(slow, fast) == Interval(*[pytest.approx(3)] * 3)  # unpaired draws would leave a wide interval
    noisy = LatencySamples("noisy", tuple(2 * moment * rng.lognormal(sigma=0.3, size=400)))
    ratio = speedup(slow, noisy, q=90)
    assert ratio.value == slow.percentile(90) / noisy.percentile(90)
    assert ratio.low < ratio.value < ratio.high and ratio.high / ratio.low < 2


def test_the_speedups_interval_is_scipys_paired_bootstrap():
    from scipy.stats import bootstrap

    rng = np.random.default_rng(1)
    a, b = rng.lognormal(1, 0.5, 200), rng.lognormal(0, 0.5, 200)
    ours = speedup(LatencySamples("a", tuple(a)), LatencySamples("b", tuple(b)), resamples=4000)

    def statistic(x, y, axis=-1):
        return np.median(x, axis=axis) / np.median(y, axis=axis)

    theirs = bootstrap((a, b), statistic, paired=True, n_resamples=4000, method="percentile", rng=2)
    assert ours.low == pytest.approx(theirs.confidence_interval.low, rel=0.03)
    assert ours.high == pytest.approx(theirs.confidence_interval.high, rel=0.03)


def test_a_speedup_needs_the_same_requests():
    with pytest.raises(ValueError, match="same requests, found 2 and 1"):
        speedup(LatencySamples("a", (1.0, 2.0)), LatencySamples("b", (1.0,)))
