"""Cases and mistakes of the exercises on tiers: `price_ladder` and `coverage`."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from edgelab.course.exercises import Checks, Mistake
from edgelab.tiers.figures import TIERS
from edgelab.tiers.install_base import Needs, coverage, verdicts
from edgelab.tiers.ladder import price_ladder

# --- price_ladder ----------------------------------------------------------------------------------


_WIDTHS = ("float", "w8a16", "w8a8")


def _models(rng: np.random.Generator) -> Iterator[tuple]:
    for number, widths in ((30, _WIDTHS), (12, _WIDTHS[:2]), (7, _WIDTHS[1:])):
        tiers, precisions = rng.choice([*TIERS, "board"], number), rng.choice(widths, number).tolist()
        if number == 7:  # a precision that no phone has
            tiers[0], precisions[0] = "board", "w4a16"
        table = pd.DataFrame({"model": "bert", "component": "bert", "precision": precisions, "tier": tiers})
        table["runtime"] = rng.choice(["onnx", "qnn_dlc", "tflite"], number)
        table["device"] = [f"{tier} {rng.integers(1, 3)}" for tier in tiers]
        table["latency_ms"] = np.arange(number) + rng.uniform(0.1, 0.9, number)
        table["cpu_share"] = rng.choice([0.0, 0.04, 1.0], number, p=(0.6, 0.2, 0.2))
        table = table.iloc[rng.permutation(number)].reset_index(drop=True)
        accelerated = table[(table["cpu_share"] == 0) & table["tier"].isin(TIERS)]
        limit = float(accelerated["latency_ms"].median()) if len(accelerated) else 5.0
        yield table, float(accelerated["latency_ms"].min()) if number == 12 and len(accelerated) else limit


def _climbed(
    rows: pd.DataFrame,
    limit: float,
    *,
    fallen: bool = False,
    all_precisions: bool = False,
    slowest: bool = False,
    strict: bool = False,
) -> pd.DataFrame:
    """The ladder with something changed: rows that fell back taken for the best, precisions mixed, the slowest row, a limit
    that may not be reached."""
    found = []
    for precision in sorted(rows["precision"].unique()):
        for tier in TIERS:
            here = rows["tier"] == tier
            published = rows[here] if all_precisions else rows[here & (rows["precision"] == precision)]
            taken = published if fallen else published[published["cpu_share"] <= 0]
            best = (taken.nlargest if slowest else taken.nsmallest)(1, "latency_ms")
            value = float(best["latency_ms"].iloc[0]) if len(best) else float("nan")
            who = best[["runtime", "device"]].iloc[0].tolist() if len(best) else ["", ""]
            meets = value < limit if strict else value <= limit
            found.append([precision, tier, len(published), len(taken), value, *who, meets])
    columns = ["precision", "tier", "published", "accelerated", "best", "runtime", "device", "meets"]
    return pd.DataFrame(found, columns=columns)


def _quick_enough(rows: pd.DataFrame, limit: float) -> pd.DataFrame:
    return price_ladder(rows[(rows["latency_ms"] <= limit) | (rows["precision"] == "none")], limit)


def _boards_too(rows: pd.DataFrame, limit: float) -> pd.DataFrame:
    return price_ladder(rows.assign(tier=rows["tier"].replace("board", "entry")), limit)


# --- coverage --------------------------------------------------------------------------------------


_NEEDS = Needs(latency_ms=20.0, memory_mb=300.0, accuracy=0.8, cpu_share=0.05)
_MILDER = Needs(latency_ms=20.5, memory_mb=301.0, accuracy=0.79, cpu_share=0.06)


def _shipped(rng: np.random.Generator, devices: Mapping[str, int]) -> pd.DataFrame:
    """So many devices of each tier, with one to three published rows each: about half of them meet each need."""
    rows = []
    for tier, number in devices.items():
        for device in range(number):
            for _ in range(rng.integers(1, 4)):
                rows.append({"tier": tier, "device": f"{tier} {device}"})
    table, number = pd.DataFrame(rows, columns=["tier", "device"]), len(rows)
    table["model"] = table["component"] = "bert"
    table["latency_ms"] = rng.choice([3.0, 12.0, 20.0, 20.5, 40.0], number, p=(0.3, 0.2, 0.3, 0.1, 0.1))
    table["memory_mb"] = rng.choice([100.0, 300.0, 301.0, np.nan], number, p=(0.4, 0.3, 0.2, 0.1))
    table["accuracy"] = rng.choice([0.9, 0.8, 0.79, np.nan], number, p=(0.4, 0.3, 0.1, 0.2))
    table["cpu_share"] = rng.choice([0.0, 0.05, 0.06, 1.0], number, p=(0.5, 0.3, 0.1, 0.1))
    return table


def _bases(rng: np.random.Generator) -> Iterator[tuple]:
    for devices in ((3, 2, 2), (5, 1, 4)):
        mix = rng.dirichlet((2, 2, 2)).round(3)
        installed = dict(zip(TIERS, (*mix[:2].tolist(), round(1 - float(mix[:2].sum()), 3)), strict=True))
        yield _shipped(rng, dict(zip(TIERS, devices, strict=True))), _NEEDS, installed
    yield _shipped(rng, {"flagship": 6, "mid-range": 5, "entry": 4}), _MILDER, installed
    # A tier for which nothing is published.
    yield _shipped(rng, {"flagship": 8}), _NEEDS, {"flagship": 0.25, "mid-range": 0.5, "entry": 0.25}


def _counted(
    rows: pd.DataFrame,
    needs: Needs,
    installed: Mapping[str, float],
    *,
    met: Callable[[pd.DataFrame, Needs], Any] = lambda rows, needs: verdicts(rows, needs)["meets"],
    device: str | None = "any",
    published: bool = False,
) -> float:
    """Coverage with something changed: which rows meet, what makes a device reached, which tiers weigh."""
    met_by = rows.assign(met=met(rows, needs))
    by_device = met_by if device is None else met_by.groupby(["tier", "device"], as_index=False)["met"].agg(device)
    reached = by_device.groupby("tier")["met"].mean()
    weight = sum(share for tier, share in installed.items() if tier in reached) if published else 1.0
    return float(sum(share * reached.get(tier, 0.0) for tier, share in installed.items()) / max(weight, 1e-9))


def _any_need(rows: pd.DataFrame, needs: Needs) -> Any:
    fine = rows["latency_ms"] <= needs.latency_ms
    fine |= rows["memory_mb"] <= needs.memory_mb
    return fine | (rows["accuracy"] >= needs.accuracy) | (rows["cpu_share"] <= needs.cpu_share)


def _unpublished_is_fine(rows: pd.DataFrame, needs: Needs) -> Any:
    late, large = rows["latency_ms"] > needs.latency_ms, rows["memory_mb"] > needs.memory_mb
    return ~(late | large | (rows["accuracy"] < needs.accuracy) | (rows["cpu_share"] > needs.cpu_share))


def _below_the_limit(rows: pd.DataFrame, needs: Needs) -> Any:
    quick, small = rows["latency_ms"] < needs.latency_ms, rows["memory_mb"] < needs.memory_mb
    return quick & small & (rows["accuracy"] > needs.accuracy) & (rows["cpu_share"] < needs.cpu_share)


def _without_accuracy(rows: pd.DataFrame, needs: Needs) -> Any:
    quick, small = rows["latency_ms"] <= needs.latency_ms, rows["memory_mb"] <= needs.memory_mb
    return quick & small & (rows["cpu_share"] <= needs.cpu_share)


def _speed_alone(rows: pd.DataFrame, needs: Needs) -> Any:
    return rows["latency_ms"] <= needs.latency_ms


def _unweighed(rows: pd.DataFrame, needs: Needs, installed: Mapping[str, float]) -> float:
    return coverage(rows, needs, dict.fromkeys(installed, 1 / len(installed)))


def register(check: Checks) -> None:
    """Add the exercises to a notebook's registry."""
    check.function(
        price_ladder,
        cases=_models,
        nudge="For each precision, for each tier: the published rows, those without a layer on the CPU, the quickest of these.",
        mistakes=(
            Mistake(
                "who fell back counts",
                lambda rows, limit: _climbed(rows, limit, fallen=True),
                "a row with layers on the CPU did not do it on the accelerator: leave it out before you take the best.",
            ),
            Mistake(
                "precisions mixed",
                lambda rows, limit: _climbed(rows, limit, all_precisions=True),
                "each precision has rows of its own: the best of w8a8 says nothing of w8a16.",
            ),
            Mistake(
                "the slowest",
                lambda rows, limit: _climbed(rows, limit, slowest=True),
                "the best is the quickest: the least latency.",
            ),
            Mistake(
                "the limit itself refused",
                lambda rows, limit: _climbed(rows, limit, strict=True),
                "within the limit: exactly the limit is met, too.",
            ),
            Mistake(
                "only where something is published",
                lambda rows, limit: price_ladder(rows, limit).query("published > 0"),
                "a tier without rows is a result, too: 0 published, best NaN, not met.",
            ),
            Mistake(
                "only where the limit is met",
                lambda rows, limit: price_ladder(rows, limit).query("meets"),
                "the ladder has a row for each precision and tier; meets says where the limit holds.",
            ),
            Mistake(
                "too slow is not published",
                _quick_enough,
                "count all published rows, not only those within the limit.",
            ),
            Mistake(
                "precisions of phones alone",
                lambda rows, limit: price_ladder(rows[rows["tier"].isin(TIERS)], limit),
                "each precision that occurs: one that is published for boards alone has its rows, too, of 0 published.",
            ),
            Mistake(
                "rounded",
                lambda rows, limit: price_ladder(rows, limit).round({"best": 2}),
                "best is that row's latency as it stands: round where it is shown.",
            ),
            Mistake(
                "boards are no phones",
                _boards_too,
                "TIERS names the tiers of phones; rows of other devices belong to none of them.",
            ),
        ),
    )
    check.function(
        coverage,
        cases=_bases,
        nudge="First which rows meet all four needs, then which devices have such a row, then what share of each tier they are.",
        mistakes=(
            Mistake(
                "one need is enough",
                lambda rows, needs, installed: _counted(rows, needs, installed, met=_any_need),
                "all four needs at once: a row that is quick but too large is not shipped.",
            ),
            Mistake(
                "speed alone",
                lambda rows, needs, installed: _counted(rows, needs, installed, met=_speed_alone),
                "a latency is one need of four: memory, accuracy and the share on the CPU are the others.",
            ),
            Mistake(
                "accuracy forgotten",
                lambda rows, needs, installed: _counted(rows, needs, installed, met=_without_accuracy),
                "the accuracy must be at least the need's; the other three are at most theirs.",
            ),
            Mistake(
                "unpublished is fine",
                lambda rows, needs, installed: _counted(rows, needs, installed, met=_unpublished_is_fine),
                "a NaN is nothing that was measured: ask whether a need is met, not whether it is broken.",
            ),
            Mistake(
                "below the limit",
                lambda rows, needs, installed: _counted(rows, needs, installed, met=_below_the_limit),
                "at most means that the limit itself will do: <= and >=.",
            ),
            Mistake(
                "every row must do",
                lambda rows, needs, installed: _counted(rows, needs, installed, device="all"),
                "a device has several published rows and gets the best: one that meets all is enough.",
            ),
            Mistake(
                "rows counted, not devices",
                lambda rows, needs, installed: _counted(rows, needs, installed, device=None),
                "a device with three rows is one device: first ask of each device whether any row will do.",
            ),
            Mistake(
                "tiers alike",
                _unweighed,
                "the tiers weigh as the install base says: multiply each tier's share by what is reached of it.",
            ),
            Mistake(
                "limits of one's own",
                lambda rows, needs, installed: coverage(rows, _NEEDS, installed),
                "the limits are the fields of needs, needs.latency_ms and so on: no numbers of your own.",
            ),
            Mistake(
                "only what is published",
                lambda rows, needs, installed: _counted(rows, needs, installed, published=True),
                "a tier for which nothing is published is not reached, but it is still in the install base.",
            ),
        ),
    )
