"""Arithmetic of costs."""

from dataclasses import fields, replace

import pytest

from edgelab.selection.costs import (
    ASSUMPTIONS,
    Prices,
    Way,
    battery_share,
    break_even,
    cost_per_million,
    fixed,
    joules,
    running,
)

EDGE = Way("edge", 0.0, wrong=0.05, bundle_mb=3.0, device_ms=2.0)
CLOUD = Way("cloud", 1.0, wrong=0.02)
HYBRID = Way("hybrid", 0.2, wrong=0.03, bundle_mb=3.0, device_ms=2.0)
ZERO = replace(
    Prices(),
    **{f.name: 0.0 for f in fields(Prices)}
    | {"requests_a_device": 1, "battery_wh": 1, "battery_cycles": 1, "months": 1},
)


def test_every_assumption_is_named_with_its_unit_and_where_it_comes_from():
    assert list(ASSUMPTIONS) == [f.name for f in fields(Prices)]
    assert all(unit and origin for unit, origin in ASSUMPTIONS.values())


@pytest.mark.parametrize(
    ("way", "prices", "item", "dollars"),
    [
        (CLOUD, {"cloud_in": 2.0, "tokens_in": 500}, "cloud", 1000.0),  # 500 million tokens of $2 a million
        (HYBRID, {"cloud_out": 3.0, "tokens_out": 100}, "cloud", 60.0),
        (EDGE, {"cloud_in": 2.0, "tokens_in": 500}, "cloud", 0.0),
        # 10,000 devices a month of 100 requests each, a third of an update a month: 3 MB x 10,000 / 3 = 10 GB
        (EDGE, {"delivery_gb": 0.5, "updates_a_year": 4, "requests_a_device": 100}, "delivery", 5.0),
        (CLOUD, {"delivery_gb": 0.5, "updates_a_year": 4, "requests_a_device": 100}, "delivery", 0.0),
        # 2 ms of 1.8 W are 3.6 mJ: a million are 3,600 J, a thousandth of a kWh
        (EDGE, {"device_watts": 1.8, "electricity_kwh": 0.3}, "electricity", 0.0003),
        # 3,600 J are 1 Wh: a tenth of a battery of 10 Wh, of which 100 cycles cost $50
        (EDGE, {"device_watts": 1.8, "battery": 50, "battery_wh": 10, "battery_cycles": 100}, "battery", 0.05),
        (CLOUD, {"radio_joules": 3.6, "electricity_kwh": 0.5}, "electricity", 0.5),
        (EDGE, {"wrong": 0.01}, "wrong answers", 500.0),
    ],
)
def test_an_item_by_hand(way, prices, item, dollars):
    found = running(way, replace(ZERO, **prices))
    assert found.pop(item) == pytest.approx(dollars)
    assert set(found.values()) == {0.0}


def test_what_is_fixed():
    prices = replace(
        ZERO, engineer_day=100, edge_days=24, cloud_days=12, months=12, edge_days_a_month=2, cloud_days_a_month=1
    )
    assert fixed(EDGE, prices) == {"building": 200.0, "keeping": 200.0}
    assert fixed(CLOUD, prices) == {"building": 100.0, "keeping": 100.0}
    assert fixed(HYBRID, prices) == {"building": 300.0, "keeping": 300.0}  # both parts
    whole = cost_per_million(EDGE, prices, 2_000_000)
    assert whole["building"] == 100.0 and sum(whole.values()) == pytest.approx(
        sum(running(EDGE, prices).values()) + 200
    )


def test_the_battery_of_a_day():
    prices = Prices(device_watts=2.0, radio_joules=1.0, battery_wh=10.0)
    assert joules(HYBRID, prices) == pytest.approx(0.004 + 0.2)
    assert battery_share(CLOUD, prices, 36) == pytest.approx(0.001)


def test_at_the_break_even_both_cost_the_same():
    prices = Prices()
    volume = break_even(EDGE, CLOUD, prices)
    assert 0 < volume < float("inf")
    edge, cloud = (sum(cost_per_million(way, prices, volume).values()) for way in (EDGE, CLOUD))
    assert edge == pytest.approx(cloud)
    for factor, cheaper in ((2, EDGE), (0.5, CLOUD)):
        totals = {w.name: sum(cost_per_million(w, prices, factor * volume).values()) for w in (EDGE, CLOUD)}
        assert min(totals, key=lambda name: totals[name]) == cheaper.name


def test_there_may_be_none():
    same = replace(Prices(), edge_days=0, edge_days_a_month=0)
    assert break_even(EDGE, CLOUD, same) == 0  # nothing more to build: cheaper at any volume
    dear = replace(Prices(), wrong=1.0)  # its wrong answers cost more than the cloud
    assert break_even(EDGE, CLOUD, dear) == float("inf")
    assert break_even(EDGE, EDGE, Prices()) == float("inf")
    with pytest.raises(ValueError, match=r"it is below [\d,]+ a month only"):
        break_even(CLOUD, EDGE, Prices())


@pytest.mark.parametrize("bad", [{"wrong": -1}, {"months": 0}, {"requests_a_device": 0}, {"cloud_in": float("nan")}])
def test_prices_that_mean_nothing_are_refused(bad):
    with pytest.raises(ValueError, match=next(iter(bad))):
        Prices(**bad)


def test_nor_ways_and_volumes():
    for bad in ({"escalated": 1.2}, {"escalated": 0.0, "wrong": -0.1}, {"escalated": 0.0, "bundle_mb": -1}):
        with pytest.raises(ValueError, match="expected shares"):
            Way("way", **bad)
    with pytest.raises(ValueError, match="above 0"):
        cost_per_million(EDGE, Prices(), 0)
