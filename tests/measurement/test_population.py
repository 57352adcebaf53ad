"""The simulated fleet: published ratios come out as they went in; by hand where all devices are alike."""

import numpy as np
import pytest

from edgelab.measurement.population import ASSUMED_MIX, CLASSES, Device, devices, ratios, simulate

LAB = np.random.default_rng(0).lognormal(0, 0.3, 500)


def only(kind):
    return {name: float(name == kind) for name in CLASSES}


def test_the_published_table_is_read():
    published = devices()
    assert len(published) == 14 and published["Samsung Galaxy S25"] == Device("Samsung Galaxy S25", 1.0, 1.0, 1.0)
    assert published["Snapdragon 7 Gen 4 QRD"] == Device("Snapdragon 7 Gen 4 QRD", 2.65, 1.91, 52.58)
    assert set(CLASSES.values()) <= set(published) and sum(ASSUMED_MIX.values()) == pytest.approx(1)


@pytest.mark.parametrize("name", CLASSES.values())
def test_the_published_percentiles_come_out(name):
    device = devices()[name]
    drawn = ratios(device, np.random.default_rng(1).standard_normal(200_000))
    assert np.percentile(drawn, [10, 50, 90]) == pytest.approx([device.p10, device.median, device.p90], rel=0.03)


def test_a_fleet_of_the_lab_is_the_lab():
    fleet = simulate(LAB, only("last year's flagship"), number=2000, requests=50)
    assert fleet.latency_ms.shape == (2000, 50) and set(fleet.kind) == {"last year's flagship"}
    for q in (50, 95):
        assert fleet.percentile(q) == pytest.approx(np.percentile(LAB, q), rel=0.02)


def test_ten_thousand_devices_by_their_shares():
    fleet = simulate(LAB, ASSUMED_MIX)
    assert fleet.latency_ms.shape == (10_000, 20)
    for kind, share in ASSUMED_MIX.items():
        assert np.mean(fleet.kind == kind) == pytest.approx(share, abs=0.015)
    assert np.array_equal(fleet.latency_ms, simulate(LAB, ASSUMED_MIX).latency_ms)
    assert not np.array_equal(fleet.latency_ms, simulate(LAB, ASSUMED_MIX, seed=1).latency_ms)


def test_a_device_keeps_its_pace():
    """Within a device requests vary as in the lab, between devices as published."""
    fleet = simulate(np.full(10, 2.0), only("entry"), number=500)
    assert (fleet.latency_ms.std(axis=1) < 1e-9).all() and np.median(fleet.latency_ms) == pytest.approx(32.6, rel=0.2)


def test_the_share_within_a_budget():
    fleet = simulate(np.array([10.0]), only("last year's flagship"), number=100)
    assert (fleet.share_within(9.9), fleet.share_within(10.0)) == (0, 1)
    mixed = simulate(np.array([10.0]), {"last year's flagship": 0.5, "entry": 0.5}, number=4000)
    assert mixed.share_within(10.0) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize(
    ("mix", "words"),
    [
        ({"entry": 0.5}, "sum to 1"),
        ({"entry": 1.5, "mid-range": -0.5}, "from 0"),
        ({"tablet": 1.0}, "found tablet"),
    ],
)
def test_a_mix_that_is_none_is_refused(mix, words):
    with pytest.raises(ValueError, match=words):
        simulate(LAB, mix)
