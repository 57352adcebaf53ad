"""The explorer of `05_measurement` that spreads the lab over a population, by each reading of the published ratios."""

import html
import re
from itertools import product

import ipywidgets
import numpy as np
import pytest

from edgelab.measurement.population import ASSUMED_MIX, CLASSES, readings
from edgelab.measurement.widgets import compute_population, mix, show_population

LAB = np.random.default_rng(2).lognormal(-2, 0.3, 300)
P95 = float(np.percentile(LAB, 95))


def shown(box):
    """Words and the cells of the table."""
    words, table = [w.value for w in box.children if isinstance(w, ipywidgets.HTML)]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)[1:]
    return html.unescape(re.sub("<[^>]+>", "", words)), [re.findall(r"<td>(.*?)</td>", row) for row in rows]


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


def test_the_explorer_shows_what_is_computed():
    box = show_population(LAB)
    reading, cheaper, times = box.children[:3]
    assert reading.options == tuple(readings()) and (cheaper.value, times.value) == (55, 3)
    for reading.value, cheaper.value, times.value in product(readings(), (0, 55, 100), (1, 50)):
        words, rows = shown(box)
        table, own = compute_population(LAB, reading.value, cheaper.value / 100, times.value * P95)
        assert len(own) == 2000 and (np.diff(own) >= 0).all()
        assert [[html.unescape(c) for c in row] for row in rows] == table.to_numpy().tolist()
        row = table.iloc[0]
        assert words == (
            f"{reading.value}: p95 here {P95:.3f} ms, of this fleet {row['p95, ms']} ms; "
            f"{row['within the budget, %']} % of devices keep {times.value * P95:.3f} ms."
        )
