"""The explorers of `08_generation`: what sampling does to the next token, what a model costs on a phone, what was said."""

import functools
from collections.abc import Mapping

import ipywidgets
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from edgelab.course import plots
from edgelab.course.explorer import explorer, menu, slider
from edgelab.generation.decode import probabilities
from edgelab.generation.physics import calculate
from edgelab.generation.scoring import Outcome
from edgelab.tiers.memory_wall import roofline_points

SHOWN = 8  # tokens
CONTEXTS = (500, 4_000, 32_000)


def compute_sampling(logits: np.ndarray, temperature: float, top_p: float) -> pd.DataFrame:
    """The likeliest tokens, the first one first: their probability as the model says it, and with which each is drawn."""
    order = np.argsort(-logits, kind="stable")[:SHOWN]
    plain, drawn = probabilities(logits), probabilities(logits, temperature, top_p=top_p)
    return pd.DataFrame(
        {
            "token": [str(token) for token in order],
            "as it is, %": [f"{100 * plain[token]:.1f}" for token in order],
            "drawn, %": [f"{100 * drawn[token]:.1f}" for token in order],
        }
    )


def show_sampling(logits: np.ndarray) -> ipywidgets.VBox:
    """Move the temperature and the share of the probability that stays."""

    def draw(temperature: float, top_p: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_sampling(logits, temperature, top_p)
        drawn = table["drawn, %"].astype(float)
        names, series = [f"token {token}" for token in table["token"]], {"drawn": drawn.tolist()}
        said = f"Temperature {temperature:.1f}, top_p {top_p:.2f}: {(drawn > 0).sum()} of the {SHOWN} likeliest tokens "
        said += f"can be drawn, the first with {drawn.iloc[0]:.1f} %."
        return plots.bars(names, series, "drawn, % of the time", limit=100), said, table

    return explorer([slider("temperature", 1.0, 0.1, 3.0, 0.1, ".1f"), slider("top_p", 0.9, 0.05, 1.0, 0.05)], draw)


@functools.cache
def published_gflops() -> float:
    """Operations a second, in billions, with which the published phones read a prompt: the median."""
    points = roofline_points()
    return float(points[points["phase"] == "prefill"]["gigaoperations_per_s"].median())


def compute_phone(billions: float, bits: float, bandwidth_gb_s: float) -> pd.DataFrame:
    """What a model of so many parameters costs on a phone, for each of `CONTEXTS`, half of which is the prompt."""
    rows = []
    for context in CONTEXTS:
        bill = calculate(billions * 1e9, bits, context, bandwidth_gb_s, published_gflops())
        rows.append(
            {
                "context, tokens": f"{context:,}",
                "weights, GB": f"{bill.weights_gb:.2f}",
                "cache, GB": f"{bill.cache_gb:.2f}",
                "first token after, s": f"{bill.first_token_s:.2f}",
                "tokens a second, at most": f"{bill.tokens_per_s:.1f}",
            }
        )
    return pd.DataFrame(rows)


def show_calculator() -> ipywidgets.VBox:
    """Move the parameters, the bits of a weight and the memory's bandwidth."""

    def draw(billions: float, bits: float, bandwidth: float) -> tuple[Figure, str, pd.DataFrame]:
        table = compute_phone(billions, bits, bandwidth)
        speeds = table["tokens a second, at most"].astype(float).tolist()
        drawn = plots.bars(
            [f"{context:,} tokens" for context in CONTEXTS], {"at most": speeds}, "tokens a second, at most"
        )
        said = (
            f"{billions:.1f} B parameters of {bits:.0f} bits, {bandwidth:.0f} GB/s: at most {speeds[0]:.1f} tokens a "
        )
        return drawn, f"{said}second in a short context, {speeds[-1]:.1f} in a long one.", table

    controls = [slider("parameters, billions", 1.0, 0.1, 8.0, 0.1, ".1f"), slider("bits a weight", 5, 2, 32, 1, ".0f")]
    return explorer([*controls, slider("bandwidth, GB/s", 60, 10, 150, 1, ".0f")], draw)


def compute_said(outcome: Outcome, case: int) -> pd.DataFrame:
    """What everybody said to one case, by its position."""
    return pd.DataFrame({"who": list(outcome.said), "said": [texts[case] for texts in outcome.said.values()]})


def show_said(outcomes: Mapping[str, Outcome]) -> ipywidgets.VBox:
    """Choose a job and leaf through its cases; above the texts, how each way does over all cases."""
    fewest = min(len(outcome.cases) for outcome in outcomes.values())

    def draw(job: str, case: float) -> tuple[Figure, str, pd.DataFrame]:
        outcome = outcomes[job]
        measure = outcome.rows[0].measure
        whole = {row.who: row.interval for row in outcome.rows if row.measure == measure}
        said = (
            f"{job}, case {case:.0f} of {len(outcome.cases)}: {' / '.join(outcome.cases[int(case) - 1].splitlines())}"
        )
        said = said if said.endswith(".") else f"{said}."
        return plots.intervals(whole, f"{measure}, all cases"), said, compute_said(outcome, int(case) - 1)

    return explorer([menu("job", list(outcomes)), slider("case", 1, 1, fewest, 1, ".0f")], draw)
