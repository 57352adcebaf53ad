"""The fault to find in `06_tiers`: by which column of the public table one knows, before anything is timed, that 8 bits will be
slower than float. Found on text encoders, judged on models of vision."""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from edgelab.course.exercises import Mistake
from edgelab.tiers.ai_hub import excerpt
from edgelab.tiers.alike import CHOSEN, like_with_like
from edgelab.tiers.figures import read

if TYPE_CHECKING:
    import pandas as pd

SLOWER = 2.0  # times float's latency: no longer a matter of taste
FOUND, FALSE = 0.90, 0.05  # at least, at most
HIDDEN = ("latency_ms", "ratio")  # what a rule may not look at
WIDTHS = ("float", "w8a16", "w8a8")


def quantized_pairs(rows: "pd.DataFrame") -> "pd.DataFrame":
    """Each published 8-bit row with `ratio`: its latency over that of float for the same model, runtime and device, wherever
    the layers of either ran."""
    known = rows[rows["precision"].isin(WIDTHS)]
    pairs = like_with_like(known, "precision", base="float", factors=CHOSEN).rename(
        columns={"precision_b": "precision"}
    )
    return known.merge(pairs[[*CHOSEN, "ratio"]], on=list(CHOSEN))


def judged(suspect: Callable[[dict], Any], pairs: "pd.DataFrame") -> "pd.DataFrame":
    """The pairs with `slower` (in truth) and `suspected` (by a rule that sees the row without its time)."""
    visible = pairs.drop(columns=list(HIDDEN)).to_dict("records")
    return pairs.assign(slower=pairs["ratio"] > SLOWER, suspected=[bool(suspect(row)) for row in visible])


@functools.cache
def held_out() -> "pd.DataFrame":
    """The pairs of all models in `data/figures` but the text encoders."""
    rows, _ = excerpt()
    return quantized_pairs(rows[~rows["model"].isin(read("text_encoders_on_devices")["model"])])


def confusion(suspect: Callable[[dict], Any]) -> "pd.DataFrame":
    """How many held-out rows are slower or not, by whether a rule suspects them."""
    import pandas as pd

    found = judged(suspect, held_out())
    counts = pd.crosstab(found["slower"], found["suspected"]).reindex(
        index=[True, False], columns=[True, False], fill_value=0
    )
    counts.index = [f"over {SLOWER:g} times float's time", "the others"]
    counts.columns = ["suspected", "not suspected"]
    return counts


def judge_rule(suspect: Callable[[dict], Any]) -> list[str]:
    """What a rule misses, and whom it suspects wrongly, on models that it was not found on; empty if it is good."""
    found = judged(suspect, held_out())
    slower, rest = found[found["slower"]], found[~found["slower"]]
    caught, wrongly = int(slower["suspected"].sum()), int(rest["suspected"].sum())
    complaints = []
    if caught < FOUND * len(slower):
        complaints.append(f"of {len(slower)} held-out rows that are over {SLOWER:g} times slower it suspects {caught}")
    if wrongly > FALSE * len(rest):
        complaints.append(f"of {len(rest)} held-out rows that are not, it suspects {wrongly}")
    return complaints


def suspect(row: dict) -> bool:
    """Whether some of a row's layers left the accelerator for the CPU: its time is then not that of the accelerator."""
    return row["cpu"] > 0


MISTAKES = (
    Mistake(
        "the runtime",
        lambda row: row["runtime"] == "onnx",
        "the runtime only makes it likely: most 8-bit files are quick through it. What differs in those that are not?",
    ),
    Mistake(
        "the runtime and the precision",
        lambda row: row["runtime"] == "onnx" and row["precision"] == "w8a16",
        "a runtime and a precision are where you saw it, not why: w8a8 can be slow as well, and w8a16 quick.",
    ),
    Mistake(
        "the precision",
        lambda row: row["precision"] == "w8a16",
        "the same precision is quick through another runtime: it is not the number of bits.",
    ),
    Mistake(
        "a large share on the CPU",
        lambda row: row["cpu_share"] > 0.1,
        "a share sounds right, but how small may it be? Each crossing costs, and few layers make many crossings.",
    ),
    Mistake(
        "all on the CPU",
        lambda row: row["units"] == "CPU",
        "in none of these rows did everything run on the CPU: look for a part of it.",
    ),
    Mistake(
        "the memory",
        lambda row: row["memory_mb"] > 500,
        "the memory grows with the model, too: look at where the layers ran.",
    ),
    Mistake(
        "many layers",
        lambda row: row["layers"] > 450,
        "a large model has many layers and may be quick: it is where they ran that counts.",
    ),
    Mistake(
        "everything",
        lambda row: True,
        "who suspects everybody has found nothing: most rows are quick.",
    ),
    Mistake(
        "nothing",
        lambda row: False,
        "sort the encoders' pairs by ratio, and compare the slowest rows with the others, column by column.",
    ),
)
