"""The explorers of measurement: each pure function over its grid, and what is shown of it."""

from itertools import pairwise, product

import numpy as np
import pytest

from edgelab.measurement.population import ASSUMED_MIX, CLASSES, readings
from edgelab.measurement.widgets import (
    ARRIVALS,
    busiest,
    compute_load,
    compute_population,
    compute_power,
    least_budget,
    mix,
    show_load,
    show_population,
    show_power,
)
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

RATIOS = np.exp(np.random.default_rng(1).normal(0, 0.08, 100))
SERVICE = {
    "small": np.random.default_rng(2).lognormal(-2, 0.3, 300),
    "large": np.random.default_rng(3).lognormal(2, 0.5, 300),
}
LAB = SERVICE["small"]
P95 = float(np.percentile(LAB, 95))
EXPLORERS = {
    "power": lambda: show_power(RATIOS),
    "load": lambda: show_load(SERVICE),
    "population": lambda: show_population(SERVICE["small"]),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


def test_power_over_its_grid():
    """More rounds find more, and a larger difference is found more often; the rule's own number reaches 95 %."""
    seen = {}
    for effect, rounds in product((0.01, 0.02, 0.2), (20, 100, 1000)):
        row = compute_power(RATIOS, effect, rounds).iloc[0]
        assert (row["true difference, %"], row["rounds"]) == (f"{100 * effect:.1f}", rounds)
        assert row["requests to each"] == 10 * rounds
        seen[effect, rounds] = float(row["found, % of runs"])
        assert (seen[effect, rounds] >= 94.9) == (rounds >= row["rounds for 95 %"])
    for effect, rounds in product((0.01, 0.02), (20, 100)):
        assert seen[effect, rounds] < seen[effect, 1000] and seen[effect, rounds] < seen[0.2, rounds]


def test_the_power_explorer_shows_what_is_computed():
    box = show_power(RATIOS)
    effect, rounds = controls_of(box)
    for effect.value, rounds.value in product((0.5, 20), (20, 1000)):
        words, _, table = parts(box)
        expected = compute_power(RATIOS, effect.value / 100, int(rounds.value))
        assert_shows(table, expected)
        row = expected.iloc[0]
        assert words == (
            f"{rounds.value:.0f} rounds find {effect.value:.1f} % in {row['found, % of runs']} % of runs; "
            f"for 95 % it takes {row['rounds for 95 %']} rounds."
        )


def test_the_wait_grows_with_the_load_and_the_work_does_not():
    for model, arrivals in product(SERVICE, ARRIVALS):
        waits, work = [], set()
        for busy in (0.05, 0.3, 0.6, 0.9):
            table = compute_load(SERVICE[model], busy, arrivals)
            assert table["percentile"].tolist() == ["p50", "p90", "p99"]
            waits.append(table["what people wait, ms"].astype(float).to_numpy())
            work.add(tuple(table["the work, ms"]))
        assert len(work) == 1 and all((b >= a).all() for a, b in pairwise(waits))
        assert waits[-1][2] > 1.3 * float(next(iter(work))[2])
    people, timer = (compute_load(SERVICE["large"], 0.9, a)["what people wait, ms"].astype(float) for a in ARRIVALS)
    assert (people > timer).all()  # who comes at random comes in bunches


def test_the_load_explorer_shows_what_is_computed():
    box = show_load(SERVICE)
    model, arrivals, busy = controls_of(box)
    for model.value, arrivals.value, busy.value in product(SERVICE, ARRIVALS, (5, 95)):
        words, _, table = parts(box)
        expected = compute_load(SERVICE[model.value], busy.value / 100, arrivals.value)
        assert_shows(table, expected)
        assert words == (
            f"{model.value}, busy {busy.value:.0f} % of the time: p99 of the work {expected.iloc[2, 1]} ms, "
            f"of the wait {expected.iloc[2, 2]} ms."
        )


# --- a population -------------------------------------------------------------------------------


@pytest.mark.parametrize("cheaper", [0, 0.25, 0.55, 1])
def test_a_mix_has_so_many_cheaper_devices(cheaper):
    shares = mix(cheaper)
    assert list(shares) == list(CLASSES) and sum(shares.values()) == pytest.approx(1)
    assert shares["mid-range"] + shares["entry"] == pytest.approx(cheaper)
    assert shares["mid-range"] * ASSUMED_MIX["entry"] == pytest.approx(shares["entry"] * ASSUMED_MIX["mid-range"])
    flagship, older = shares["this year's flagship"], shares["older flagship"]
    assert flagship * 5 == pytest.approx(older)  # 5 % and 25 % are assumed


def test_the_assumed_mix_is_the_one_it_starts_with():
    assert mix(0.55) == pytest.approx(ASSUMED_MIX)


def test_more_cheaper_devices_are_slower_and_a_larger_budget_holds_more():
    for reading in readings():
        few, many = (compute_population(LAB, reading, cheaper, P95)[0] for cheaper in (0.0, 1.0))
        assert float(many["p95, ms"][0]) > float(few["p95, ms"][0])
        assert "entry" not in few["devices"].tolist() and "older flagship" not in many["devices"].tolist()
        within = [float(compute_population(LAB, reading, 0.55, t * P95)[0].iloc[0, 4]) for t in (0.1, 1, 2, 100)]
        assert within == sorted(within) and (within[0], within[-1]) == (0, 100)


def test_each_reading_says_what_its_ratios_say():
    """A budget of three times the lab's p95: hardly anybody breaks it on the CPU, every entry device on its NPU."""
    within = {}
    for reading in readings():
        table = compute_population(LAB, reading, 0.55, 3 * P95)[0].set_index("devices")["within the budget, %"]
        within[reading] = (float(table["mid-range"]), float(table["entry"]))
    assert within["CPU on both"][0] == 100 and within["CPU on both"][1] > 90  # of 20 requests a device: p95 scatters
    assert within["text encoders"] == (100, pytest.approx(100, abs=1))
    assert within["NPU on both"][0] > 80 and within["NPU on both"][1] == 0
    assert within["all models"][0] < 70 and within["all models"][1] == 0


def test_the_population_explorer_shows_what_is_computed():
    box = show_population(LAB)
    reading, cheaper, times = box.children[:3]
    assert reading.options == tuple(readings()) and (cheaper.value, times.value) == (55, 3)
    for reading.value, cheaper.value, times.value in product(readings(), (0, 55, 100), (1, 50)):
        words, _, shown = parts(box)
        table, own = compute_population(LAB, reading.value, cheaper.value / 100, times.value * P95)
        assert len(own) == 2000 and (np.diff(own) >= 0).all()
        assert_shows(shown, table)
        row = table.iloc[0]
        assert words == (
            f"{reading.value}: p95 here {P95:.3f} ms, of this fleet {row['p95, ms']} ms; "
            f"{row['within the budget, %']} % of devices keep {times.value * P95:.3f} ms."
        )


# --- the tasks ----------------------------------------------------------------------------------


def test_the_tasks_answers_are_those_that_the_explorers_show():
    share = busiest(SERVICE["small"])
    p99 = [float(compute_load(SERVICE["small"], s / 100, ARRIVALS[0])["times"].iloc[2]) for s in (share, share + 5)]
    assert 5 < share < 95 and p99[0] <= 5 < p99[1]
    assert busiest(SERVICE["small"], times=0.5) == 0
    budget = least_budget(LAB, "CPU on both")
    within = [
        float(compute_population(LAB, "CPU on both", 0.55, times * P95)[0].iloc[0, 4])
        for times in (budget, budget - 0.5)
    ]
    assert 1 < budget < 4 and within[0] >= 95 > within[1] - 0.5
    assert least_budget(np.r_[np.ones(100), 1e-9], "all models") is None or least_budget(LAB, "all models") > 10
