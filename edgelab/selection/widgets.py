"""The explorers of `10_selection`: the bar, and who ships; what a million requests cost, and from where on it pays."""

from collections.abc import Sequence
from dataclasses import replace

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course.explorer import explorer, slider
from edgelab.course.plots import GREY
from edgelab.selection.certainty import probability_clears
from edgelab.selection.costs import Prices, Way, break_even, cost_per_million
from edgelab.selection.decision import cautious_cards, failures, winner
from edgelab.selection.evidence import Evidence
from edgelab.selection.form import Requirements
from edgelab.selection.plots import front_of, stacked

DRAWS = 1000  # of a probability that is shown with two digits, at each move


def compute_bar(
    rows: Sequence[Evidence], requirements: Requirements, measure: str, least: float, most_mb: float
) -> tuple[pd.DataFrame, str | None]:
    """What becomes of each model under this bar, and which ships: the smallest whose cautious ends clear it."""
    asked = replace(_moved(requirements, measure, least), max_mb=most_mb)
    cards, truly = cautious_cards(rows, asked), probability_clears(rows, asked, draws=DRAWS)
    reasons, chosen = failures(cards, asked), winner(cards, asked)
    table = pd.DataFrame(
        {
            "model": list(cards),
            "size, MB": [f"{card['mb']:.2f}" for card in cards.values()],
            "cautious end, %": [f"{100 * card[measure]:.1f}" for card in cards.values()],
            "truly clears": [f"{truly[name]:.2f}" for name in cards],
            "verdict": [
                "ships" if name == chosen else ", ".join(reasons[name]) or "clears, is not the smallest"
                for name in cards
            ],
        }
    )
    return table, chosen


def _moved(requirements: Requirements, measure: str, least: float) -> Requirements:
    if measure == "calls":
        return replace(requirements, min_calls=least)
    return replace(requirements, min_accuracy=least)


def show_bar(rows: Sequence[Evidence], requirements: Requirements, measure: str = "calls") -> ipywidgets.VBox:
    """Move the least share of right calls (or labels) and the largest download: who ships, and how sure that is."""
    models = [row for row in rows if row.ships]

    def draw(percent: float, most_mb: float) -> tuple[Figure, str, pd.DataFrame]:
        table, chosen = compute_bar(rows, requirements, measure, percent / 100, most_mb)
        asked = _moved(requirements, measure, percent / 100)
        drawn, _ = front_of(models, measure, np.array([row.name == chosen for row in models]), asked)
        drawn.axes[0].axvline(max(most_mb, 0.05), color=GREY, linestyle="--", linewidth=1.2)  # the axis has no 0
        said = f"{chosen} ships" if chosen else "Nothing ships"
        return drawn, f"At least {percent:.1f} %, at most {most_mb:.0f} MB: {said}.", table

    controls = [
        slider(f"least right {measure}, %", 75, 60, 92, 0.5, ".1f"),
        slider("largest download, MB", 30, 0, 32, 1, ".0f"),
    ]
    return explorer(controls, draw)


def compute_costs(
    ways: Sequence[Way], prices: Prices, requests_a_month: float
) -> tuple[dict[str, dict[str, float]], pd.DataFrame]:
    """Dollars for a million requests at this volume by way and item; and a line a way: the total, and the requests a month
    from which on it is cheaper than the last one (the cloud alone)."""
    costs = {way.name: cost_per_million(way, prices, requests_a_month) for way in ways}
    cloud = ways[-1]
    table = pd.DataFrame(
        {
            "way": list(costs),
            "$ a million": [f"{sum(items.values()):,.0f}" for items in costs.values()],
            "of it fixed": [f"{items['building'] + items['keeping']:,.0f}" for items in costs.values()],
            "cheaper than the cloud from": [_from(way, cloud, prices) for way in ways],
        }
    )
    return costs, table


def _from(way: Way, cloud: Way, prices: Prices) -> str:
    if way is cloud:
        return "-"
    try:
        requests = break_even(way, cloud, prices)
    except ValueError:
        return "below a volume only"
    return "never" if np.isinf(requests) else f"{requests / 1e6:,.1f} million a month"


def show_costs(ways: Sequence[Way], prices: Prices) -> ipywidgets.VBox:
    """Move the volume, the cloud's price and what the edge part takes to keep: where it breaks even. The last way is the cloud."""

    def draw(millions: float, price: float, days: float) -> tuple[Figure, str, pd.DataFrame]:
        moved = replace(prices, cloud_in=price, cloud_out=4 * price, edge_days_a_month=days)
        costs, table = compute_costs(ways, moved, 1e6 * millions)
        cheapest = min(costs, key=lambda name: sum(costs[name].values()))
        said = f"{millions:.0f} million requests a month, ${price:.2f} a million tokens, {days:.0f} days: {cheapest} is the cheapest."
        return stacked(costs, "dollars for a million requests"), said, table

    controls = [
        slider("requests a month, millions", 10, 1, 101, 1, ".0f"),
        slider("the cloud's price, $ a million tokens", 0.15, 0.05, 2.05, 0.05),
        slider("days a month to keep the edge part", 2, 0, 20, 1, ".0f"),
    ]
    return explorer(controls, draw)
