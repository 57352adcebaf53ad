"""The explorers of `09_privacy`: how exact a private report is, and how far a thief comes."""

import functools
from collections.abc import Sequence

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider
from edgelab.privacy.extraction import Stolen, honest_refused, queries_allowed
from edgelab.privacy.randomized import truth_probability
from edgelab.stats.intervals import Z95

POINTS = (10, 5, 3, 1)
USUAL = 12.0  # requests of a user's day, on average
PERIODS = {"a day": 1, "a week": 7, "a month": 30, "a year": 365}


def half_width(epsilon: float, phones: float | np.ndarray, share: float) -> float | np.ndarray:
    """Half the 95 % interval of a share that so many phones report with this epsilon, in points."""
    p = truth_probability(epsilon)
    yes = share * p + (1 - share) * (1 - p)
    return 100 * Z95 * np.sqrt(yes * (1 - yes) / phones) / (2 * p - 1)


def compute_error(epsilon: float, phones: float, share: float) -> tuple[pd.DataFrame, float]:
    """For each half-width of `POINTS` how many phones it takes, with noise and without; and the half-width of so many phones,
    in points."""
    here = float(half_width(epsilon, phones, share))
    plain = Z95 * np.sqrt(share * (1 - share))
    rows = [
        (
            f"{points} points",
            f"{np.ceil((half_width(epsilon, 1, share) / points) ** 2):,.0f}",
            f"{np.ceil((100 * plain / points) ** 2):,.0f}",
            "yes" if here <= points else "no",
        )
        for points in POINTS
    ]
    names = ["right within", "phones it takes", "without noise", f"{phones:,.0f} phones do"]
    return pd.DataFrame(rows, columns=names), here


def show_error() -> ipywidgets.VBox:
    """Move epsilon, the number of phones, and the true share of yes."""
    phones = np.geomspace(50, 20_000, 60)

    def draw(epsilon: float, number: float, percent: float) -> tuple[Figure, str, pd.DataFrame]:
        table, here = compute_error(epsilon, number, percent / 100)
        exact = 100 * Z95 * np.sqrt(percent / 100 * (1 - percent / 100) / phones)
        series = {f"epsilon {epsilon:g}": half_width(epsilon, phones, percent / 100), "without noise": exact}
        lines = {name: (phones.tolist(), np.asarray(values).tolist()) for name, values in series.items()}
        drawn = plots.curves(lines, "phones that report", "right within, points", mark=(number, here), log="xy")
        told = truth_probability(epsilon)
        said = f"Epsilon {epsilon:g}: the truth is told with {told:.1%}; {number:,.0f} phones are right within {here:.1f} points."
        return drawn, said, table

    # Ranges of a power of two of steps: the browser's slider holds its place as a share.
    controls = [slider("epsilon", 1.0, 0.25, 4.25, 0.25), slider("phones", 500, 100, 3300, 100, ".0f")]
    return explorer([*controls, slider("true share of yes, %", 10, 2, 34, 2, ".0f")], draw)


def at(stolen: Sequence[Stolen], defence: str, queries: float) -> float:
    """The agreement that a thief reaches against a defence after so many queries: between the numbers that were measured, on a
    logarithmic scale; beyond them as at the nearest."""
    points = sorted((each.queries, each.agreement.value) for each in stolen if each.defence == defence)
    asked, agreed = zip(*points, strict=True)
    return float(np.interp(np.log(max(1.0, queries)), np.log(asked), agreed))


def compute_theft(stolen: Sequence[Stolen], defence: str, per_day: float, accounts: float) -> pd.DataFrame:
    """How many answers a thief gets under a limit for each account, by when, and how far that brings it against a defence."""
    rows = []
    for name, days in PERIODS.items():
        queries = queries_allowed(round(per_day), days, round(accounts))
        rows.append((name, f"{queries:,}", f"{100 * at(stolen, defence, queries):.1f}"))
    return pd.DataFrame(rows, columns=["after", "queries", "labelled alike, %"])


def show_theft(stolen: Sequence[Stolen]) -> ipywidgets.VBox:
    """Choose what the victim shows, and move the limit and the number of the thief's accounts."""
    names = list(dict.fromkeys(each.defence for each in stolen))
    counts = np.geomspace(min(s.queries for s in stolen), max(s.queries for s in stolen), 40)

    @functools.cache
    def refused(per_day: int) -> float:
        return honest_refused(per_day, USUAL).value

    def draw(name: str, per_day: float, accounts: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_theft(stolen, name, per_day, accounts)
        queries = queries_allowed(round(per_day), PERIODS["a week"], round(accounts))
        here = 100 * at(stolen, name, queries)
        agreed = [100 * at(stolen, name, count) for count in counts]
        shown = min(max(queries, float(counts[0])), float(counts[-1]))
        drawn = plots.curves(
            {name: (list(counts), agreed)}, "queries (log scale)", "labelled alike, %", mark=(shown, here), log="x"
        )
        opened = "1 account" if round(accounts) == 1 else f"{accounts:.0f} accounts"
        said = f"{name}, {per_day:.0f} a day, {opened}: {here:.1f} % alike after a week; honest users are "
        return drawn, f"{said}refused on {refused(round(per_day)):.2%} of their days.", table

    # Ranges of a power of two of steps, as above.
    controls = [menu("what is shown", names), slider("queries a day", 50, 10, 330, 10, ".0f")]
    return explorer([*controls, slider("accounts", 1, 1, 9, 1, ".0f")], draw)
