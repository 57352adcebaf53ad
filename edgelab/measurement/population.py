"""From one machine to a population of devices: latencies measured here, spread by published ratios; or the devices of a
room, drawn from what they reported to the device lab.

Which ratios are taken is a *reading*: the same public table says one thing of all models and another of those that ran on
the CPU alone. `data/figures/README.md` has the source, and what each reading assumes.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from edgelab.errors import UserError
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


PERCENTILES = {"p10_ms": 10, "p50_ms": 50, "p90_ms": 90, "p99_ms": 99}  # of `edgelab fleet report --csv`


class RoomError(UserError):
    """A file that does not hold a room's reports; the message says where and what was expected."""


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


def from_room(file: str | Path, *, number: int = 10_000, requests: int = 20, seed: int = 0) -> Population:
    """Devices drawn, with replacement, from a room's: what `edgelab fleet report --csv` wrote. A device's class is its kind
    and system; if it reported more than once, its last report counts.

    Each request is drawn by the device's own percentiles, in a straight line from one to the next. Nothing lies below its
    p10 and above its p99: that would be invented. Its browser took these times, which an app need not take. A `RoomError`
    where the file is no such one.
    """
    kinds, percentiles = _devices(Path(file))
    rng = np.random.default_rng(seed)
    drawn, at = rng.integers(len(kinds), size=number), 100 * rng.random((number, requests))
    latency_ms = np.empty((number, requests))
    for i, values in enumerate(percentiles):
        own = drawn == i
        latency_ms[own] = np.interp(at[own], list(PERCENTILES.values()), values)
    return Population(np.array(kinds)[drawn], latency_ms)


def _devices(file: Path) -> tuple[list[str], np.ndarray]:
    """The kind and system of each device, and its percentiles in ms [devices, PERCENTILES].

    Raises:
        RoomError: the file cannot be read, lacks a column or has no reports, or its percentiles are no rising numbers.
    """
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:  # a spreadsheet that saved it began it with a mark
            rows = list(csv.DictReader(opened))
    except OSError as error:
        raise RoomError(f"{file}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, csv.Error):
        raise RoomError(f"{file}: expected a room's reports as CSV, found something else") from None
    columns = ("device", "kind", "system", *PERCENTILES)
    if not rows:
        raise RoomError(f"{file}: expected a room's reports, found none")
    if missing := [name for name in columns if name not in rows[0]]:
        raise RoomError(f"{file}: expected the column {missing[0]}, as `edgelab fleet report --csv` writes it")
    last: dict[str, tuple[str, list[float]]] = {}
    for line, row in enumerate(rows, 2):
        try:
            values = [float(row[name]) for name in PERCENTILES]
        except (TypeError, ValueError):
            values = []
        if not values or not np.isfinite(values).all() or values[0] < 0 or values != sorted(values):
            raise RoomError(f"{file}, line {line}: expected rising numbers of ms in {', '.join(PERCENTILES)}")
        last[row["device"]] = f"{row['kind']}, {row['system']}", values
    kinds, percentiles = zip(*last.values(), strict=True)
    return list(kinds), np.array(percentiles)
