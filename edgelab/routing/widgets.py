"""The explorers of `04_routing`: what a threshold does to every metric at once, and what a promise is worth."""

from dataclasses import replace

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course.explorer import explorer, menu, slider
from edgelab.routing import plots as routing_plots
from edgelab.routing.policy import Policy
from edgelab.routing.simulation import Outcome, Terms, Traffic, outcome, routing_score
from edgelab.routing.thresholds import allowed_each_time, allowed_on_average, threshold_allowing
from edgelab.routing.tradeoff import Curve, curve

RULES = {"on average (conformal)": allowed_on_average, "each time (Clopper-Pearson)": allowed_each_time}
COST = "cost of 1,000, in cloud requests"
DRAWS = 200  # threshold sets


def cost_curve(drawn: Curve, wrong_cost: float) -> np.ndarray:
    """What 1,000 requests cost at each point of a curve, in requests to the cloud; a wrong answer costs `wrong_cost`."""
    return 1000 * (drawn.share + wrong_cost * (1 - drawn.quality))


def compute_policy(policy: Policy, traffic: Traffic, terms: Terms, wrong_cost: float) -> pd.DataFrame:
    """Every metric of the policy, with nothing escalated by the threshold and with everything beside it."""
    rows = {
        "this policy": policy,
        "rules alone": replace(policy, threshold=-1e9),
        "all escalated": replace(policy, threshold=1e9),
    }
    found = {name: outcome(row, traffic, terms) for name, row in rows.items()}
    columns = {
        name: o.row() | {"cost of 1,000, errors included": f"{errors_included(o, wrong_cost):.0f}"}
        for name, o in found.items()
    }
    return pd.DataFrame(columns).rename_axis("metric").reset_index()


def errors_included(found: Outcome, wrong_cost: float) -> float:
    """What 1,000 requests cost, in requests to the cloud."""
    return 1000 * (found.escalated + wrong_cost * (1 - found.accuracy.value))


def show_policy(traffics: dict[str, Traffic], policy: Policy, terms: Terms) -> ipywidgets.VBox:
    """Choose the traffic, move the threshold and what a wrong answer costs. `policy.score` must lie in 0 to 1."""
    curves = {
        name: curve(routing_score(policy, t), t.device_right, t.cloud_right.astype(float))
        for name, t in traffics.items()
    }

    def draw(name: str, threshold: float, wrong_cost: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_policy(replace(policy, threshold=threshold), traffics[name], terms, wrong_cost)
        costs, shares = cost_curve(curves[name], wrong_cost), curves[name].share
        best, of = int(costs.argmin()), table.set_index("metric")["this policy"]
        here = (float(of["escalated, %"]) / 100, float(of.iloc[-1]))
        points = {"this policy": here, "cheapest": (float(shares[best]), float(costs[best]))}
        words = f"{name}: {of['escalated, %']} % escalated, {of['accuracy, %']} % right; 1,000 requests cost "
        words += f"{here[1]:.0f}, at the cheapest threshold {costs[best]:.0f}."
        return routing_plots.routes({"cost": (shares.tolist(), costs.tolist())}, COST, points=points), words, table

    controls = [menu("traffic", list(traffics)), slider("threshold", policy.threshold, 0, 1, 0.01)]
    wrong = slider("a wrong answer costs as many cloud requests", 5, 0, 50, 1, ".0f")
    return explorer([*controls, wrong], draw)


def compute_promise(
    score: np.ndarray, wrong: np.ndarray, rule: str, alpha: float, requests: int, draws: int = DRAWS
) -> tuple[pd.DataFrame, np.ndarray]:
    """Thresholds from `draws` threshold sets of that many requests, drawn with replacement, so that the joint error
    over all requests is the true one; that of each, [draws]."""
    errors, shares, among = np.empty(draws), np.empty(draws), np.empty(draws)
    allowed = RULES[rule](requests, alpha)
    for seed in range(draws):
        drawn = np.random.default_rng(seed).integers(len(score), size=requests)
        kept = score >= threshold_allowing(score[drawn], wrong[drawn], allowed)
        errors[seed], shares[seed] = (wrong & kept).mean(), 1 - kept.mean()
        among[seed] = wrong[kept].mean() if kept.any() else np.nan
    table = pd.DataFrame(
        {
            "errors allowed": [f"{max(allowed, 0)} of {requests}" if allowed >= 0 else "none: all escalated"],
            "kept and wrong, mean, %": [f"{100 * errors.mean():.2f}"],
            "sets above alpha, %": [f"{100 * np.mean(errors > alpha):.0f}"],
            "wrong among the kept, %": [f"{100 * np.nanmean(among):.2f}" if not np.isnan(among).all() else "-"],
            "escalated, %": [f"{100 * shares.mean():.1f}"],
        }
    )
    return table, errors


def show_promise(score: np.ndarray, wrong: np.ndarray) -> ipywidgets.VBox:
    """Choose the promise, alpha and the size of the threshold set: what holds, how often, at which price."""

    def draw(rule: str, alpha: float, requests: float) -> tuple[Figure, str, pd.DataFrame]:
        table, errors = compute_promise(score, wrong, rule, alpha / 100, int(requests))
        figure = routing_plots.cumulative(
            {rule: (100 * errors).tolist()}, "kept and wrong, % of all requests", mark=alpha
        )
        mean, above, sent = (table[name][0] for name in table.columns[[1, 2, 4]])
        words = f"{rule}, at most {alpha:.1f} %: {mean} % on average, above it in {above} % of {DRAWS} sets; "
        return figure, f"{words}{sent} % escalated.", table

    controls = [menu("promise", list(RULES)), slider("alpha, %", 5, 1, 15, 0.5, ".1f")]
    return explorer([*controls, slider("requests in the threshold set", 400, 50, 2000, 50, ".0f")], draw)
