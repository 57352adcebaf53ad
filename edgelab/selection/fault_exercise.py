"""The fault to find in `10_selection`: a rollout whose total was better every day, and which was worse for some.

The figures are computed from what two bundles made of real requests (`release_exercise`); which requests come from which tier,
and how far the rollout has come there, is made up.
"""

from typing import TYPE_CHECKING

from edgelab.course.exercises import Mistake
from edgelab.selection.release_exercise import TIERS, scores, served

if TYPE_CHECKING:
    import pandas as pd

FORMER, NEW = "six layers int8", "convolution int8"
THRESHOLD = {FORMER: 0.30, NEW: 0.90}  # as calibrated for each
PRINT = {FORMER: "5a1c", NEW: "e07b"}
# What people of a tier ask, as shares of splits; and the requests of a day, by who has which release by now.
ASKED = {
    "flagship": {"test": 1.0},
    "mid-range": {"test": 0.8, "plain": 0.2},
    "entry": {"plain": 0.3, "hard": 0.7},
}
REQUESTS = {
    "flagship": {"old": 1_000, "new": 6_000},
    "mid-range": {"old": 2_500, "new": 4_500},
    "entry": {"old": 21_000, "new": 4_000},
}
CAUSES = (
    "the thresholds in use are another model's",
    "the model is too slow for these phones",
    "people there ask other things since the release",
    "releases are compared over other mixes of phones",
    "too few requests to tell",
)
ROLLOUT_FAULT = {"tier": "entry", "cause": CAUSES[0], "hid": CAUSES[3]}


def dashboard() -> "pd.DataFrame":
    """What telemetry held, a row a tier and release. `wrong, %` and `cloud, %` are shares of the requests."""
    import pandas as pd

    rows = []
    for tier, mix in ASKED.items():
        for release, model in (("old", FORMER), ("new", NEW)):
            thresholds = FORMER if tier == "entry" else model  # the fault
            found = {split: served(model, THRESHOLD[thresholds], split) for split in mix}
            wrong = sum(share * (1 - found[split].right.mean()) for split, share in mix.items())
            sent = sum(share * found[split].escalated.mean() for split, share in mix.items())
            p95 = TIERS[tier] * float(scores()[f"{model} p95_ms"])
            rows.append((tier, release, REQUESTS[tier][release], wrong, sent, p95, PRINT[model], PRINT[thresholds]))
    table = pd.DataFrame(
        rows, columns=["tier", "release", "requests", "wrong, %", "cloud, %", "p95, ms", "model", "thresholds"]
    )
    return table.assign(**{name: (100 * table[name]).round(1) for name in ("wrong, %", "cloud, %")}).round(1)


def total() -> str:
    """What the dashboard showed: the share of wrong answers by release, over all tiers."""
    table = dashboard()
    shares = {r: (t["requests"] * t["wrong, %"]).sum() / t["requests"].sum() for r, t in table.groupby("release")}
    return f"wrong answers, all phones: old {shares['old']:.1f} %, new {shares['new']:.1f} %"


def by_tier() -> "tuple[pd.DataFrame, pd.DataFrame]":
    """The share of wrong answers in %, and the requests, both by tier and release."""
    table = dashboard()
    wrong, requests = (table.pivot(index="tier", columns="release", values=name) for name in ("wrong, %", "requests"))
    return wrong.loc[list(ASKED), ["old", "new"]], requests.loc[list(ASKED), ["old", "new"]]


def judge_fault(fault: dict) -> list[str]:
    """What is not right about an explanation."""
    if set(fault) != set(ROLLOUT_FAULT):
        return [f"expected the entries {', '.join(ROLLOUT_FAULT)}"]
    if fault["tier"] not in ASKED:
        return [f"tier: expected one of {', '.join(ASKED)}"]
    for entry in ("cause", "hid"):
        if fault[entry] not in CAUSES:
            return [f"{entry}: expected one of the causes listed, word for word"]
    wrong = [name for name, right in ROLLOUT_FAULT.items() if fault[name] != right]
    return [f"{name}: not {fault[name]!r}" for name in wrong]


def _with(**changes: str) -> dict:
    return ROLLOUT_FAULT | changes


MISTAKES = (
    Mistake("flagships", _with(tier="flagship"), "compare old and new WITHIN each tier: where is the new one worse?"),
    Mistake("mid-range", _with(tier="mid-range"), "there the new release is better, too: look at the last two rows."),
    Mistake(
        "too slow",
        _with(cause=CAUSES[1]),
        "it is quicker there than the old one, and slowness makes no answer wrong. Which column did not change as elsewhere?",
    ),
    Mistake(
        "other requests",
        _with(cause=CAUSES[2]),
        "then the old release would meet them, too, on the same tier and day. Compare the last two columns.",
    ),
    Mistake(
        "the mix, in the tier itself",
        _with(cause=CAUSES[3]),
        "the mix explains the total. Within ONE tier there is none: what else is odd in its row?",
    ),
    Mistake(
        "chance in the tier",
        _with(cause=CAUSES[4]),
        "four thousand requests tell a difference of this size from chance: which fingerprints differ?",
    ),
    Mistake(
        "the total hid it by chance",
        _with(hid=CAUSES[4]),
        "the total has more requests than any tier. Who has the new release already, and who has not?",
    ),
    Mistake(
        "the thresholds hid it",
        _with(hid=CAUSES[0]),
        "that is why the tier is worse. Why is the TOTAL better all the same? Weigh each release's tiers by its requests.",
    ),
    Mistake(
        "other requests hid it",
        _with(hid=CAUSES[2]),
        "nothing in the table says that the requests changed; what did change is who has which release.",
    ),
)
