"""The explorers of measurement: each pure function over its grid, and what is shown of it."""

from itertools import pairwise, product

import numpy as np
import pytest

from edgelab.measurement.widgets import (
    ARRIVALS,
    compute_load,
    compute_power,
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
EXPLORERS = {
    "power": lambda: show_power(RATIOS),
    "load": lambda: show_load(SERVICE),
    "fleet": lambda: show_population(SERVICE["small"]),
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
