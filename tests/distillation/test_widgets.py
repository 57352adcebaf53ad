"""The explorers of distillation: each pure function over its grid, and what is shown of it."""

from itertools import pairwise, product

import numpy as np
import pytest

from edgelab.distillation.family import Measured
from edgelab.distillation.losses import soften
from edgelab.distillation.notebook import falls_below, highest_bar
from edgelab.distillation.widgets import compute_size, compute_temperature, show_size, show_temperature
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples
from tests.explorers import assert_controls, assert_moves, assert_shows, controls_of, parts

LABELS = ("alarm", "timer", "music", "call", "cloud", "list")
LOGITS = {
    "wake me": np.array([6.0, 4.0, -1.0, 0.0, 1.0, -2.0]),
    "who <is> it": np.array([0.0, 1.0, 2.0, 3.0, 4.0, 5.0]),
}
FAMILY = {
    name: Measured(size, LatencySamples(name, (p50,)), np.ones(1), np.ones(1), Interval(*retention))
    for name, size, retention, p50 in (
        ("teacher", 90_000_000, (1, 1, 1), 9.0),
        ("transformer", 22_000_000, (0.99, 0.975, 1.0), 2.0),
        ("convolution", 3_000_000, (0.98, 0.955, 1.0), 0.1),
        ("static", 600_000, (0.93, 0.905, 0.95), 0.05),
    )
}
EXPLORERS = {
    "temperature": lambda: show_temperature(LOGITS, LABELS),
    "size": lambda: show_size(FAMILY),
}


@pytest.mark.parametrize("name", EXPLORERS)
def test_an_explorer_has_few_bounded_controls_and_each_moves_all_it_shows(name):
    assert_controls(EXPLORERS[name]())
    assert_moves(EXPLORERS[name]())


@pytest.mark.parametrize("request_text", LOGITS)
def test_temperature_over_its_grid(request_text):
    logits, best = LOGITS[request_text], []
    for temperature in np.arange(1, 10.5, 0.5):
        table = compute_temperature(logits, LABELS, temperature)
        order = sorted(range(6), key=lambda i: -logits[i])[:5]
        assert table["label"].tolist() == [LABELS[i] for i in order]
        assert table["T = 1"].tolist() == [f"{p:.4f}" for p in soften(logits, 1)[order]]
        assert table["softened"].tolist() == [f"{p:.4f}" for p in soften(logits, temperature)[order]]
        best.append(float(table["softened"][0]))
    assert all(a > b for a, b in pairwise(best)) and best[-1] > 1 / 6
    assert len(compute_temperature(logits, LABELS, 2, best=2)) == 2
    assert len(compute_temperature(logits[:2], LABELS[:2], 2)) == 2


def test_the_temperature_explorer_shows_what_is_computed():
    box = show_temperature(LOGITS, LABELS)
    menu, slider = controls_of(box)
    for request, temperature in product(LOGITS, (1.0, 2.5, 10.0)):
        menu.value, slider.value = request, temperature
        words, _, table = parts(box)
        expected = compute_temperature(LOGITS[request], LABELS, temperature)
        assert_shows(table, expected)
        assert words == f"At T = {temperature:.1f} the best label keeps {expected['softened'][0]} of the probability."


def test_what_ships_over_the_whole_grid():
    """By a plain search: of those within the budget whose lower end clears the bar, the smallest."""
    for bar, budget in product(np.arange(0.80, 1.005, 0.01), (0.5, 0.6, 1, 3, 10, 22, 50, 90, 100)):
        table = compute_size(FAMILY, bar, budget)
        clears = [n for n, m in FAMILY.items() if m.size_bytes <= budget * 1e6 and m.retention.low >= bar]
        expected = min(clears, key=lambda name: FAMILY[name].size_bytes) if clears else None
        ships = table.loc[table["verdict"] == "ships", "model"].tolist()
        assert ships == ([expected] if expected else [])
        for member, verdict in zip(FAMILY.values(), table["verdict"], strict=True):
            assert (verdict == "too big") == (member.size_bytes > budget * 1e6)
            assert (verdict == "below the bar") == (member.size_bytes <= budget * 1e6 and member.retention.low < bar)
    assert table["size, MB"].tolist() == ["90.00", "22.00", "3.00", "0.60"]
    assert table["its lower end"].tolist() == ["1.000", "0.975", "0.955", "0.905"]


def test_the_size_explorer_follows_bar_and_budget():
    box = show_size(FAMILY)
    bar, budget = controls_of(box)
    seen = []
    for value, megabytes in ((0.95, 30), (0.97, 30), (0.90, 30), (0.97, 10), (1.0, 100)):
        bar.value, budget.value = value, megabytes
        words, _, table = parts(box)
        assert_shows(table, compute_size(FAMILY, value, megabytes))
        seen.append(words)
    assert seen == [
        "convolution ships.",
        "transformer ships.",
        "static ships.",
        "Nothing clears the bar within the budget.",
        "teacher ships.",
    ]


def test_the_tasks_answers_are_what_the_explorers_show():
    for logits in LOGITS.values():
        shown = {t: float(compute_temperature(logits, LABELS, t)["softened"][0]) for t in np.arange(1, 10.5, 0.5)}
        assert falls_below(logits, 0.3) == next(t for t, p in shown.items() if p < 0.3)
    assert falls_below(np.array([900.0, 0.0]), 0.5) == 10.0  # not on this slider
    ships = [
        bar
        for bar in np.arange(80, 101) / 100
        if "ships" in compute_size(FAMILY, bar, 100)["verdict"].iloc[-1:].tolist()
    ]
    assert highest_bar(FAMILY) == max(ships) == 0.90
    assert highest_bar({"teacher": FAMILY["teacher"]}) == 1.0
