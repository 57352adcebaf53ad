"""From one machine to a fleet: latencies measured here, spread over devices by published ratios."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from edgelab.workspace import data_home

FIGURES = "device_speed_and_fallback.csv"
Z90 = 1.2815515655446004  # the 90th percentile of the standard normal distribution

# What people carry, by a device of each class with published ratios. The shares are an assumption: nobody publishes those
# of your users. Replace them by what your own app counts.
CLASSES = {
    "this year's flagship": "Snapdragon 8 Elite Gen 5 QRD",
    "last year's flagship": "Samsung Galaxy S25",
    "older flagship": "Samsung Galaxy S24",
    "mid-range": "Snapdragon 7 Gen 4 QRD",
    "entry": "Dragonwing Q-6690 MTP",
}
ASSUMED_MIX = {
    "this year's flagship": 0.05,
    "last year's flagship": 0.15,
    "older flagship": 0.25,
    "mid-range": 0.35,
    "entry": 0.20,
}


@dataclass(frozen=True)
class Device:
    """Latency relative to the reference device over the models that were published for both: median, p10, p90."""

    name: str
    median: float
    p10: float
    p90: float


@dataclass(frozen=True)
class Fleet:
    """Simulated: each device's class [devices] and the latency of each of its requests in ms [devices, requests]."""

    kind: np.ndarray
    latency_ms: np.ndarray

    def percentile(self, q: float) -> float:
        """Of all requests of all devices, in ms."""
        return float(np.percentile(self.latency_ms, q))

    def share_within(self, budget_ms: float, q: float = 95) -> float:
        """The share of devices whose own q-th percentile keeps the budget."""
        return float(np.mean(np.percentile(self.latency_ms, q, axis=1) <= budget_ms))


@cache
def devices() -> dict[str, Device]:
    """The published ratios by device (`data/figures/README.md` has the source)."""
    import csv

    with open(data_home() / "figures" / FIGURES, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return {
        r["device"]: Device(r["device"], float(r["median_latency_vs_galaxy_s25"]), float(r["p10"]), float(r["p90"]))
        for r in rows
    }


def ratios(device: Device, standard_normal: np.ndarray) -> np.ndarray:
    """Relative latencies of an app on such a device, as many as the draws: log-normal on either side of the published
    median, each side as wide as the published p10 and p90 say. Nothing lies beyond those two: that would be invented."""
    low, high = (np.log(device.median / device.p10) / Z90, np.log(device.p90 / device.median) / Z90)
    z = np.clip(standard_normal, -Z90, Z90)
    return device.median * np.exp(z * np.where(z < 0, low, high))


def simulate(
    lab_ms: np.ndarray,
    mix: Mapping[str, float],
    *,
    number: int = 10_000,
    requests: int = 20,
    seed: int = 0,
) -> Fleet:
    """A fleet whose devices answer as the lab does, but each at its own pace.

    Args:
        lab_ms: latencies measured in the lab, [samples], taken as those of the reference device.
        mix: share of each of `CLASSES`, summing to 1.

    A device's class is drawn by the mix, its pace once from the class's published ratios (what an app's pace is there is a
    draw: the ratios scatter over models, most of all where some fall back to the CPU), each of its requests from `lab_ms`.

    Raises:
        ValueError: shares that are negative, or do not sum to 1, or of no known class.
    """
    kinds, shares = list(mix), np.array(list(mix.values()), dtype=float)
    if unknown := set(kinds) - set(CLASSES):
        raise ValueError(f"expected classes of {', '.join(CLASSES)}, found {', '.join(sorted(unknown))}")
    if (shares < 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"expected shares from 0 that sum to 1, found {dict(mix)}")
    rng = np.random.default_rng(seed)
    drawn, pace = rng.choice(len(kinds), number, p=shares / shares.sum()), rng.standard_normal(number)
    for i, kind in enumerate(kinds):
        own = drawn == i
        pace[own] = ratios(devices()[CLASSES[kind]], pace[own])
    return Fleet(np.array(kinds)[drawn], pace[:, None] * rng.choice(np.asarray(lab_ms), (number, requests)))
