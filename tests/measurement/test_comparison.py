"""A/B: the 5 % hold under noise with moods, a known difference is found, and the planned rounds suffice."""

import math
import os
from types import SimpleNamespace

import numpy as np
import pytest

from edgelab.bundle.predict import Bundle
from edgelab.measurement.bundles import TEXTS
from edgelab.measurement.comparison import (
    LEAST_ROUNDS,
    PILOT_ROUNDS,
    Comparison,
    compare,
    power,
    race,
    round_ratios,
    rounds_needed,
    slowed,
    spread,
)
from edgelab.measurement.latency import measure_latency, speedup
from edgelab.measurement.moody import Machine
from edgelab.stats.samples import LatencySamples
from edgelab.workspace import data_home


def restless(seed: int, **kind) -> Machine:
    """A machine that stalls now and then."""
    return Machine(seed, **({"stall": 0.01} | kind))


def clock_of(machine: Machine):
    """Its time in ns, as `measure_latency` takes it."""
    return lambda: round(1e6 * machine.now_ms)


def samples(name, values):
    return LatencySamples(name, tuple(float(v) for v in values))


# --- rounds -------------------------------------------------------------------------------------


def test_a_round_by_hand():
    """Blocks of 1: ratios 2 and 8, geometric mean 4; what fills no round is left out."""
    assert round_ratios([1, 2, 5], [2, 16, 5], 1) == pytest.approx([4])
    # Blocks of 3: medians 2 and 4 against 4 and 4: ratios 2 and 1.
    assert round_ratios([1, 2, 99, 4, 4, 4], [4, 4, 1, 4, 99, 1], 3) == pytest.approx([math.sqrt(2)])
    assert round_ratios([1, 1, 1, 1], [2, 2, 3, 3], 1) == pytest.approx([2, 3])


def test_other_requests_are_refused():
    with pytest.raises(ValueError, match="same 10 requests or more, found 9 and 9"):
        round_ratios([1.0] * 9, [1.0] * 9, 5)
    with pytest.raises(ValueError, match="found 10 and 20"):
        round_ratios([1.0] * 10, [1.0] * 20, 5)


def test_the_verdict_follows_the_interval():
    """Of 6 rounds the interval runs from the least to the largest ratio."""
    for ratios, verdict in (
        ((1.01, 1.2, 1.3, 1.1, 1.4, 1.2), "slower"),
        ((0.99, 1.2, 1.3, 1.1, 1.4, 1.2), "not told apart"),
        ((0.9, 0.8, 0.7, 0.99, 0.8, 0.9), "faster"),
        ((1.5,) * 5, "not told apart"),  # five coins may fall alike
    ):
        assert Comparison("a", "b", ratios).verdict == verdict
    assert Comparison("a", "b", (1.01, 1.2, 1.3, 1.1, 1.4, 1.2)).ratio.value == pytest.approx(1.2)


def test_compare_takes_samples_as_measured():
    found = compare(samples("old", [1, 2] * 30), samples("new", [2, 4] * 30), block=5)
    assert (found.a, found.b, len(found.ratios)) == ("old", "new", 6) and found.ratio.value == pytest.approx(2)
    assert found.verdict == "slower"


def test_what_it_costs_to_come_first_cancels():
    """1 ms of work, and 0.5 ms more after a change of subject: 30 % of a block's time with blocks of 1."""
    machine = Machine(0, mood=0)
    a, b = machine.model("a", 1, 0.5), machine.model("b", 1, 0.5)
    found = race(a, b, TEXTS, rounds=40, block=1, clock=clock_of(machine))
    assert found.verdict == "not told apart" and found.ratio.low > 0.7 and found.ratio.high < 1.5


# --- the level, under noise that is not independent ---------------------------------------------


def alarms(decide, machine, runs: int) -> int:
    """How often the same work, measured twice, is called different."""
    return sum(decide(machine(seed), seed) for seed in range(runs))


def by_rounds(machine, seed):
    a, b = machine.model("a", 1.0), machine.model("b", 1.0)
    return race(a, b, TEXTS, rounds=40, warmup=0, seed=seed, clock=clock_of(machine)).verdict != "not told apart"


def one_after_the_other(machine, seed):
    """All of a, then all of b, and the bootstrap of the ratio of medians as if the samples were independent."""
    taken = [
        measure_latency({n: machine.model(n, 1.0)}, ["t"] * 400, warmup=0, clock=clock_of(machine))[n]
        for n in ("a", "b")
    ]
    interval = speedup(*taken, resamples=200, seed=seed)
    return not interval.low <= 1 <= interval.high


@pytest.mark.parametrize(
    "kind", [{}, {"memory": 0.0}, {"mood": 1.0, "memory": 0.999}, {"warming": 0.002}, {"stall": 0.1}], ids=str
)
def test_the_same_work_twice_is_called_different_as_rarely_as_promised(kind):
    """5 % or less of 200 runs: 17 or more of them have a chance below 3 %."""
    assert alarms(by_rounds, lambda seed: restless(seed, **kind), 200) <= 17


def test_the_machine_of_these_tests_does_fool_the_usual_way():
    assert alarms(one_after_the_other, restless, 60) > 30


def test_neighbours_drawn_together_leave_a_wider_interval():
    """A mood of the machine falls on many samples: drawn one by one they look like more than they are."""
    rng, mood = np.random.default_rng(0), [0.0]
    for _ in range(1999):
        mood.append(0.99 * mood[-1] + 0.05 * rng.standard_normal())
    a, b = samples("a", np.exp(mood)), samples("b", np.ones(2000))
    alone, together = speedup(a, b), speedup(a, b, block=200)
    assert together.high - together.low > 3 * (alone.high - alone.low)
    assert speedup(a, b, block=1) == alone
    with pytest.raises(ValueError, match="a block of 1 to 2000 requests, found 2001"):
        speedup(a, b, block=2001)


# --- how many rounds ----------------------------------------------------------------------------


def test_rounds_by_hand():
    """Spread 0.1, effect 5 %, power 95 %: ((1.96 + 1.645) x 1.2533 x 0.1 / 0.04879)^2 = 85.7."""
    ratios = np.exp(0.1 * np.linspace(-1.2815515655, 1.2815515655, 11) / 0.8)  # p10 and p90 at -+1.28155 x 0.1
    assert spread(ratios) == pytest.approx(0.1)
    assert rounds_needed(ratios, 0.05) == 86
    assert rounds_needed(ratios, 0.05, power=0.5) == 26  # 1.96 instead of 3.605
    assert rounds_needed(ratios, 0.5) == LEAST_ROUNDS
    assert rounds_needed(np.ones(20), 0.01) == LEAST_ROUNDS
    assert rounds_needed(ratios, -0.05) == pytest.approx(86 * (math.log(1.05) / math.log(0.95)) ** 2, abs=1)


@pytest.mark.parametrize("effect", [0, -1, -2])
def test_no_effect_needs_no_number(effect):
    with pytest.raises(ValueError, match="above -1 and other than 0"):
        rounds_needed([1.0, 1.1], effect)


def test_power_is_the_rule_turned_round():
    ratios = np.exp(np.random.default_rng(1).normal(0, 0.08, 500))
    for effect in (0.01, 0.02, -0.03):
        n = rounds_needed(ratios, effect, power=0.8)
        assert power(spread(ratios), effect, n) >= 0.8 > power(spread(ratios), effect, n - 1)
    assert power(0.1, 1e-12, 100) == pytest.approx(0.05)
    assert power(0.0, 0.01, 10) == 1.0 and power(0.0, 0.0, 10) == 0.0


@pytest.mark.parametrize("tails", ["normal", "heavy"])
def test_the_planned_rounds_find_what_they_were_planned_for(tails):
    """Simulated ratios around a true 5 %: a pilot, the rule, as many fresh rounds, 300 times over."""
    rng, found = np.random.default_rng(0), 0

    def draw(n):
        noise = rng.standard_normal(n) if tails == "normal" else rng.standard_t(3, n)
        return 1.05 * np.exp(0.06 * noise)

    for _ in range(300):
        ratios = draw(rounds_needed(draw(PILOT_ROUNDS), 0.05))
        found += Comparison("a", "b", tuple(ratios)).verdict == "slower"
    assert 0.88 <= found / 300 <= 1


def test_a_slowed_subject_takes_its_share_longer():
    clock = SimpleNamespace(now=0)

    def tick():
        clock.now += 1000  # a look at the clock takes 1 us
        return clock.now

    def work(text):
        clock.now += 1_000_000
        return text.upper()

    slower, before = slowed(work, 0.25, clock=tick), clock.now
    assert slower("a") == "A"
    assert clock.now - before == pytest.approx(1_250_000, abs=5000)


# --- on this machine, now -----------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.timed
def test_the_same_bundle_twice_is_rarely_called_different(capsys):
    """The level is 5 %: of 200 runs 17 at most may be called different (18 or more have a chance of 1 %)."""
    bundle = Bundle.load(data_home() / "bundles" / "pocket")
    verdicts = [race(bundle.predict, bundle.predict, TEXTS, rounds=40, seed=seed).verdict for seed in range(200)]
    wrong = sum(verdict != "not told apart" for verdict in verdicts)
    with capsys.disabled():
        print(f"\nthe same bundle twice: called different in {wrong} of 200 runs", end="")
    assert wrong <= 17


@pytest.mark.slow
@pytest.mark.timed
def test_a_true_slowdown_of_a_tenth_is_found_with_the_planned_rounds(capsys):
    """Real work: after each answer the slower one spins for 10 % of that answer's time. A pilot, the rule, fresh rounds."""
    bundle = Bundle.load(data_home() / "bundles" / "pocket")
    slower, verdicts, rounds = slowed(bundle.predict, 0.10), [], []
    for run in range(100):
        pilot = race(bundle.predict, slower, TEXTS, rounds=PILOT_ROUNDS, seed=1000 + run)
        rounds.append(rounds_needed(pilot.ratios, 0.10))
        verdicts.append(race(bundle.predict, slower, TEXTS, rounds=rounds[-1], seed=run).verdict)
    found = verdicts.count("slower")
    with capsys.disabled():
        span = f"{min(rounds)} to {max(rounds)}, median {np.median(rounds):.0f}"
        print(
            f"\n10 % slower: found in {found} of 100 runs, planned rounds {span}; load {os.getloadavg()[0]:.1f}", end=""
        )
    assert found >= 85 and verdicts.count("faster") == 0
