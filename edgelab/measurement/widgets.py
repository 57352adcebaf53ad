"""The explorers of `05_measurement`: rounds and power, arrivals and waiting, a population's mix and its percentiles."""

from collections.abc import Sequence

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider
from edgelab.measurement.comparison import BLOCK, power, rounds_needed, spread
from edgelab.measurement.load import open_latencies
from edgelab.measurement.population import ASSUMED_MIX, CLASSES, readings, simulate

QUANTILES = (50, 90, 99)
ARRIVALS = ("at random, as people ask", "evenly, as a timer asks")
REQUESTS = 4000
DEVICES = 2000


def compute_power(ratios: Sequence[float], effect: float, rounds: int) -> pd.DataFrame:
    """What so many rounds find of a true difference, given a pilot's `ratios`; and how many it would take."""
    needed = rounds_needed(ratios, effect)
    return pd.DataFrame(
        {
            "true difference, %": [f"{100 * effect:.1f}"],
            "rounds": [rounds],
            "requests to each": [rounds * 2 * BLOCK],
            "found, % of runs": [f"{100 * power(spread(ratios), effect, rounds):.1f}"],
            "rounds for 95 %": [needed],
        }
    )


def show_power(ratios: Sequence[float]) -> ipywidgets.VBox:
    """Move the true difference and the number of rounds; `ratios` are those of a pilot."""
    counts = np.unique(np.geomspace(20, 1000, 40).round())

    def draw(percent: float, rounds: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_power(ratios, percent / 100, int(rounds))
        found = [100 * power(spread(ratios), percent / 100, int(n)) for n in counts]
        figure = plots.curves(
            {f"{percent:.1f} % slower": (counts.tolist(), found)},
            "rounds (log scale)",
            "found, % of runs",
            mark=(rounds, float(table["found, % of runs"][0])),
            reference=95,
            log="x",
        )
        figure.axes[0].set_xticks([20, 50, 100, 200, 500, 1000])
        row = table.iloc[0]
        words = f"{rounds:.0f} rounds find {percent:.1f} % in {row['found, % of runs']} % of runs; "
        return figure, f"{words}for 95 % it takes {row['rounds for 95 %']} rounds.", table

    return explorer(
        [
            slider("true difference, %", 5, 0.5, 20, 0.5, ".1f"),
            slider("rounds", 100, 20, 1000, 20, ".0f"),
        ],
        draw,
    )


def compute_load(service_ms: Sequence[float], busy: float, arrivals: str) -> pd.DataFrame:
    """Percentiles of the work alone and of what people wait, where requests come so often that the server is `busy` for
    this share of the time; `service_ms` are drawn from, in an order that is always the same."""
    rng = np.random.default_rng(0)
    service = rng.choice(np.asarray(service_ms), REQUESTS)
    gaps = rng.exponential(1.0, REQUESTS) if arrivals == ARRIVALS[0] else np.ones(REQUESTS)
    latencies = open_latencies((np.cumsum(gaps) * service.mean() / busy).tolist(), service.tolist())
    return pd.DataFrame(
        {
            "percentile": [f"p{q}" for q in QUANTILES],
            "the work, ms": [f"{np.percentile(service, q):.3f}" for q in QUANTILES],
            "what people wait, ms": [f"{np.percentile(latencies, q):.3f}" for q in QUANTILES],
            "times": [f"{np.percentile(latencies, q) / np.percentile(service, q):.1f}" for q in QUANTILES],
        }
    )


def busiest(service_ms: Sequence[float], *, times: float = 5.0) -> int:
    """The largest share of the time, in steps of 5 %, that a server may be busy before the p99 of what people wait, who ask
    at random, exceeds so many times that of the work; 0 if none is small enough."""
    shares = range(5, 100, 5)
    found = [compute_load(service_ms, share / 100, ARRIVALS[0])["times"].iloc[-1] for share in shares]
    return max((share for share, p99 in zip(shares, found, strict=True) if float(p99) <= times), default=0)


def show_load(service_ms: dict[str, Sequence[float]]) -> ipywidgets.VBox:
    """Choose a model and how requests arrive, move how busy the server is; `service_ms` by model."""

    def draw(model: str, arrivals: str, percent: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_load(service_ms[model], percent / 100, arrivals)
        kinds = ("the work, ms", "what people wait, ms")
        series = {kind.removesuffix(", ms"): table[kind].astype(float).tolist() for kind in kinds}
        figure = plots.bars(table["percentile"].tolist(), series, "ms")
        words = f"{model}, busy {percent:.0f} % of the time: p99 of the work {table.iloc[2, 1]} ms, "
        return figure, f"{words}of the wait {table.iloc[2, 2]} ms.", table

    return explorer(
        [
            menu("model", list(service_ms)),
            menu("requests come", list(ARRIVALS)),
            slider("busy, %", 50, 5, 95, 5, ".0f"),
        ],
        draw,
    )


def mix(cheaper: float) -> dict[str, float]:
    """Shares of all classes where this share of the devices are mid-range or entry; within both groups as assumed."""
    flagships = {name: share for name, share in ASSUMED_MIX.items() if "flagship" in name}
    others = {name: share for name, share in ASSUMED_MIX.items() if name not in flagships}
    shares = {name: (1 - cheaper) * share / sum(flagships.values()) for name, share in flagships.items()}
    return shares | {name: cheaper * share / sum(others.values()) for name, share in others.items()}


def compute_population(
    lab_ms: Sequence[float], reading: str, cheaper: float, budget_ms: float
) -> tuple[pd.DataFrame, np.ndarray]:
    """Percentiles of a simulated population of this mix by this reading, and the share of devices whose own p95 keeps the
    budget; and those p95, sorted [devices]."""
    simulated = simulate(np.asarray(lab_ms), mix(cheaper), reading, number=DEVICES)
    own = np.percentile(simulated.latency_ms, 95, axis=1)

    def row(name: str, chosen: np.ndarray) -> tuple[str, ...]:
        p50, p95 = np.percentile(simulated.latency_ms[chosen], (50, 95))
        within = 100 * np.mean(own[chosen] <= budget_ms)
        return (name, f"{100 * chosen.mean():.0f}", f"{p50:.3f}", f"{p95:.3f}", f"{within:.0f}")

    kinds = {name: simulated.kind == name for name in CLASSES}
    rows = [row("all", np.ones(DEVICES, dtype=bool))] + [row(n, chosen) for n, chosen in kinds.items() if chosen.any()]
    columns = ["devices", "share, %", "p50, ms", "p95, ms", "within the budget, %"]
    return pd.DataFrame(rows, columns=columns), np.sort(own)


def least_budget(lab_ms: Sequence[float], reading: str, *, cheaper: float = 0.55) -> float | None:
    """The smallest budget, in multiples of the p95 here and in steps of a half, that 95 % of the devices keep; None where
    50 times are not enough."""
    lab = float(np.percentile(lab_ms, 95))
    _, own = compute_population(lab_ms, reading, cheaper, lab)
    budgets = np.arange(1, 50.5, 0.5)
    return next((float(times) for times in budgets if np.mean(own <= times * lab) >= 0.95), None)


def show_population(lab_ms: Sequence[float]) -> ipywidgets.VBox:
    """Choose the reading of the published ratios, move the mix and the budget; `lab_ms` are latencies measured here."""
    lab, shares = float(np.percentile(lab_ms, 95)), (100 * np.arange(1, DEVICES + 1) / DEVICES).tolist()

    def draw(reading: str, cheaper: float, times: float) -> tuple[Figure, str, pd.DataFrame]:
        table, own = compute_population(lab_ms, reading, cheaper / 100, times * lab)
        row, label = table.iloc[0], "a device's own p95, ms (log scale, simulated)"
        mark = (times * lab, float(100 * np.mean(own <= times * lab)))
        figure = plots.curves({reading: (own.tolist(), shares)}, label, "devices within it, %", mark=mark, log="x")
        words = f"{reading}: p95 here {lab:.3f} ms, of this fleet {row['p95, ms']} ms; "
        return figure, f"{words}{row['within the budget, %']} % of devices keep {times * lab:.3f} ms.", table

    return explorer(
        [
            menu("ratios of", list(readings())),
            slider("mid-range and entry devices, %", 55, 0, 100, 5, ".0f"),
            slider("budget, times the p95 here", 3, 1, 50, 0.5, ".1f"),
        ],
        draw,
    )
