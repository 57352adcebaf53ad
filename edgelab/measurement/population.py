"""From one machine to a population of devices: latencies measured here, spread by published ratios.

Which ratios are taken is a *reading*: the same public table says one thing of all models and another of those that ran on
the CPU alone. `data/figures/README.md` has the source, and what each reading assumes.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from edgelab.workspace import data_home

RATIOS = "ratios_to_galaxy_s25.csv"
REFERENCE = "Samsung Galaxy S25"
Z90 = 1.2815515655446004  # the 90th percentile of the standard normal distribution

# What people carry, by a device of each class with published ratios. The shares are an assumption: nobody publishes those
# of your users. Replace them by what your own app counts.
CLASSES = {
    "this year's flagship": "Snapdragon 8 Elite Gen 5 QRD",
    "last year's flagship": REFERENCE,
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
class Ratios:
    """Latencies on a device over those on the reference device: p10, median and p90 of so many `pairs`.

    A pair is the same model, precision and runtime on both devices. In `same_units` of them the same kinds of unit (NPU,
    GPU, CPU) ran the layers on both, too: only those differ in nothing but the device.
    """

    pairs: int
    same_units: int
    p10: float
    median: float
    p90: float


@dataclass(frozen=True)
class Population:
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
def readings() -> dict[str, dict[str, Ratios]]:
    """The published ratios by reading, then by class of device."""
    with open(data_home() / "figures" / RATIOS, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = {device: kind for kind, device in CLASSES.items()}
    found: dict[str, dict[str, Ratios]] = {}
    for row in rows:
        counts = int(row["pairs"]), int(row["same_units"])
        ratios = Ratios(*counts, float(row["p10"]), float(row["median"]), float(row["p90"]))
        found.setdefault(row["reading"], {})[kinds[row["device"]]] = ratios
    return found


def paces(ratios: Ratios, standard_normal: np.ndarray) -> np.ndarray:
    """How many times longer an app takes on such a device, as many as the draws: log-normal on either side of the published
    median, each side as wide as the published p10 and p90 say. Nothing lies beyond those two: that would be invented."""
    low, high = np.log(ratios.median / ratios.p10) / Z90, np.log(ratios.p90 / ratios.median) / Z90
    z = np.clip(standard_normal, -Z90, Z90)
    return ratios.median * np.exp(z * np.where(z < 0, low, high))


def simulate(
    lab_ms: np.ndarray,
    mix: Mapping[str, float],
    reading: str,
    *,
    number: int = 10_000,
    requests: int = 20,
    seed: int = 0,
) -> Population:
    """Devices that answer as the lab does, but each at its own pace.

    Args:
        lab_ms: latencies measured in the lab, [samples], taken as those of the reference device.
        mix: share of each of `CLASSES`, summing to 1.
        reading: one of `readings()`: which published ratios stand for the app's.
        number: of devices.
        requests: of each device.
        seed: of the draws.

    A device's class is drawn by the mix, its pace once from the class's ratios (what an app's pace is there is a draw: the
    ratios scatter over models), each of its requests from `lab_ms`.

    Raises:
        ValueError: shares that are negative, or do not sum to 1, or of no known class; no such reading.
    """
    kinds, shares = list(mix), np.array(list(mix.values()), dtype=float)
    if unknown := set(kinds) - set(CLASSES):
        raise ValueError(f"expected classes of {', '.join(CLASSES)}, found {', '.join(sorted(unknown))}")
    if (shares < 0).any() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"expected shares from 0 that sum to 1, found {dict(mix)}")
    if reading not in readings():
        raise ValueError(f"expected a reading of {', '.join(readings())}, found {reading}")
    rng = np.random.default_rng(seed)
    drawn, pace = rng.choice(len(kinds), number, p=shares / shares.sum()), rng.standard_normal(number)
    for i, kind in enumerate(kinds):
        own = drawn == i
        pace[own] = paces(readings()[reading][kind], pace[own])
    return Population(np.array(kinds)[drawn], pace[:, None] * rng.choice(np.asarray(lab_ms), (number, requests)))
