"""The plan of `09_privacy`: what Pocket reports, and how its model is served and shipped.

A plan is rehearsed on one set of fleets, users and thieves, and judged on others, in which fewer phones report, and people ask
more. How well a stolen copy agrees after how many queries was measured once, by `python -m benchmarks.stolen_copies`, and is
read from `data/figures`; all else is found anew.
"""

import functools
from collections.abc import Mapping
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.course.exercises import Mistake
from edgelab.datasets.loading import load
from edgelab.privacy.editions_exercise import Offers, accepted
from edgelab.privacy.extraction import honest_refused, queries_allowed
from edgelab.privacy.randomized import truth_probability
from edgelab.stats.softmax import softmax
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

# The brief.
BUDGET, WITHIN_DAYS, POINTS, OFF, SHOWN, GROUP = 4.0, 10, 0.06, 0.05, 0.80, 25
DAYS, ACCOUNTS, AGREES, REFUSED = 30, 1, 0.80, 0.01
ASKED, CAUGHT = 0.10, 0.45

ANSWERS = {"probabilities": None, "two decimals": 2, "one decimal": 1, "label": 0}
TRUSTS = ("hashes", "signature", "newest only", "not older")
GROUPS = (5200, 3900, 2600, 1900, 1500, 1200, 1000, 700, 500, 400, 300, 200, 120, 60)  # phones by model and language
FILE = data_home() / "figures" / "stolen_copies.csv"
MONTHS, RARELY = 2000, 0.02  # simulated; a group that is shown in fewer of them is not judged
# What differs: the share of phones that report, a user's requests a day, on average, the split, the seed.
WORLDS = {"rehearsal": (0.85, 12.0, "validation", 1), "held out": (0.70, 14.0, "test", 2)}

SHIPPING_PLAN = {
    "epsilon": 1.3,
    "reports": 3,
    "minimum_group": 780,
    "answers": "two decimals",
    "queries_a_day": 75,
    "trusts": "not older",
}

TODAY = {  # what Pocket has had so far
    "epsilon": 4.0,
    "reports": 30,
    "minimum_group": 1,
    "answers": "probabilities",
    "queries_a_day": 1000,
    "trusts": "hashes",
}


def outcome(plan: Mapping[str, Any], world: str) -> dict[str, float]:
    """What a plan brings in one of the `WORLDS`, by name: a number for each line of the brief."""
    reporting, usual, split, seed = WORLDS[world]
    rng, limit = np.random.default_rng(seed), int(plan["queries_a_day"])
    off, shown = _telemetry(plan, reporting, rng)
    queries = queries_allowed(limit, DAYS, ACCOUNTS)
    taken, kept_out = _offered(str(plan["trusts"]), rng)
    return {
        "epsilon": float(plan["epsilon"] * plan["reports"]),
        "days": DAYS / plan["reports"],
        "off": off,
        "shown": shown,
        # A thief elsewhere does at least as well as in the rehearsal: who fails there cannot pass.
        "agrees": max(agreement(str(plan["answers"]), queries, each) for each in ("validation", split)),
        "refused": honest_refused(limit, usual, users=100_000, seed=seed).value,
        "caught": caught(str(plan["answers"]), split),
        "forged": taken,
        "kept out": kept_out,
    }


def _telemetry(plan: Mapping[str, Any], reporting: float, rng: np.random.Generator) -> tuple[float, float]:
    """How often the estimate of a shown group is off by more than the brief allows, for the group that fares worst (1, where
    none is shown); and the share of phones whose group is shown. Over `MONTHS` months."""
    p = truth_probability(plan["epsilon"])
    worst, phones = [], 0.0
    for size in GROUPS:
        share, came = rng.uniform(0.02, 0.3, MONTHS), rng.binomial(size, reporting, MONTHS)
        yes = rng.binomial(came, share * p + (1 - share) * (1 - p))
        off = np.abs((yes / came - (1 - p)) / (2 * p - 1) - share) > POINTS
        shown = came >= plan["minimum_group"]
        phones += size * shown.mean()
        if shown.mean() > RARELY:
            worst.append(float(off[shown].mean()))
    return max(worst, default=1.0), float(phones / sum(GROUPS))


def _offered(trusts: str, rng: np.random.Generator) -> tuple[float, float]:
    """The shares of bundles that should not be taken and are, and that should and are not. Every bundle's hashes fit: whoever
    changes one seals it anew."""
    offers, seen = _offers(rng), 3
    if trusts == "hashes":
        takes = [True for _ in offers]
    elif trusts == "signature":
        takes = [sound for _, sound in offers]
    elif trusts == "newest only":  # exactly the next one
        takes = []
        for edition, sound in offers:
            takes.append(sound and edition == seen + 1)
            seen += takes[-1]
    else:
        takes = accepted(offers, seen)
    should = np.array(accepted(offers, 3))
    return float(np.mean(np.array(takes)[~should])), float(np.mean(~np.array(takes)[should]))


def _offers(rng: np.random.Generator) -> Offers:
    """A year of updates, some of them missed, with forgeries and older bundles between."""
    offers, edition = [], 3
    for _ in range(30):
        edition += int(rng.integers(0, 3))
        offers += [(edition, True), (edition + 5, False), (max(1, edition - int(rng.integers(1, 4))), True)]
    return offers


@functools.cache
def _measured() -> "pd.DataFrame":
    import pandas as pd

    return pd.read_csv(FILE)


def agreement(answers: str, queries: float, split: str) -> float:
    """How often a copy agrees with its victim on a split, after so many queries: between the numbers that were measured, on a
    logarithmic scale; beyond them as at the nearest."""
    rows = _measured()
    rows = rows[(rows["answers"] == answers) & (rows["split"] == split)].sort_values("queries")
    return float(np.interp(np.log(max(1.0, queries)), np.log(rows["queries"]), rows["agreement"]))


@functools.cache
def caught(answers: str, split: str) -> float:
    """The share of wrong answers that an app catches which asks back at the least sure ones, at most `ASKED` of all requests, by
    what it is told of a probability. Where too many are equally unsure, none of them is asked about."""
    bundle, examples = Bundle.load(data_home() / "bundles" / "pocket"), getattr(load("pocket"), split)
    found = bundle.predict_many(examples.texts)
    wrong = np.array([p.label != label for p, label in zip(found, examples.labels, strict=True)])
    sure = np.array([softmax(p.intent_logits).max() for p in found])
    decimals = ANSWERS[answers]
    sure = sure if decimals is None else np.round(sure, decimals) if decimals else np.ones(len(sure))
    asked = [sure <= limit for limit in np.unique(sure)]
    return max((float((a & wrong).sum() / wrong.sum()) for a in asked if a.mean() <= ASKED), default=0.0)


# --- shown and judged ------------------------------------------------------------------------------

LINES = {  # of the brief: what it says, how it is written, whether a number keeps it
    "epsilon": ("epsilon that a phone tells in a month", f"at most {BUDGET:g}", "{:.2f}", lambda v: v <= BUDGET + 1e-9),
    "days": ("days until the next report", f"at most {WITHIN_DAYS}", "{:.1f}", lambda v: v <= WITHIN_DAYS),
    "off": (
        f"months a shown group is off by over {100 * POINTS:g} points",
        f"at most {OFF:.0%}",
        "{:.1%}",
        lambda v: v <= OFF,
    ),
    "shown": ("phones whose group is shown", f"at least {SHOWN:.0%}", "{:.1%}", lambda v: v >= SHOWN),
    "agrees": ("a thief's copy agrees", f"at most {AGREES:.0%}", "{:.1%}", lambda v: v <= AGREES),
    "refused": ("days on which a user is refused", f"at most {REFUSED:.0%}", "{:.2%}", lambda v: v <= REFUSED),
    "caught": ("wrong answers that the app can ask about", f"at least {CAUGHT:.0%}", "{:.1%}", lambda v: v >= CAUGHT),
    "forged": ("forged or older bundles that are taken", "none", "{:.1%}", lambda v: v == 0),
    "kept out": ("sound updates that are not", "none", "{:.1%}", lambda v: v == 0),
}


def rehearse(plan: dict) -> "pd.DataFrame":
    """What a plan brings in the rehearsal, beside the brief; or what is unclear about it."""
    import pandas as pd

    if unclear := _unclear(plan):
        return pd.DataFrame({"unclear": unclear})
    found = outcome(plan, "rehearsal")
    rows = [
        (what, asked, form.format(found[name]), "yes" if keeps(found[name]) else "no")
        for name, (what, asked, form, keeps) in LINES.items()
    ]
    return pd.DataFrame(rows, columns=["the brief", "asks for", "rehearsal", "kept"])


def judge_plan(plan: dict, world: str = "held out") -> list[str]:
    """What breaks the brief on fleets, users and thieves that the plan was not rehearsed with; empty if nothing does."""
    if unclear := _unclear(plan):
        return unclear
    found = outcome(plan, world)
    return [
        f"{what}: {form.format(found[name])}, {asked}"
        for name, (what, asked, form, keeps) in LINES.items()
        if not keeps(found[name])
    ]


BOUNDS = (("epsilon", 0.01, 20), ("reports", 1, 30), ("minimum_group", 1, 1e6), ("queries_a_day", 1, 1e6))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _unclear(plan: dict) -> list[str]:
    """What is not of the form that the exercise asks for."""
    if set(plan) != set(SHIPPING_PLAN):
        return [f"expected the entries {', '.join(SHIPPING_PLAN)}"]
    found = []
    for name, low, high in BOUNDS:
        value, whole = plan[name], name != "epsilon"
        if not _is_number(value) or not low <= value <= high or whole and value % 1:
            kind = "a whole number" if whole else "a number"
            found.append(f"{name}: expected {kind} from {low:g} to {high:g}")
    for name, choices in (("answers", tuple(ANSWERS)), ("trusts", TRUSTS)):
        if not isinstance(plan[name], str) or plan[name] not in choices:
            found.append(f"{name}: expected one of {', '.join(choices)}")
    return found


def _with(**changes: object) -> dict:
    return SHIPPING_PLAN | changes


MISTAKES = (
    Mistake(
        "as it is today",
        TODAY,
        "that is a product whose privacy is a word: begin with the budget. How much may one of the reports cost?",
    ),
    Mistake(
        "the brief copied",
        _with(epsilon=BUDGET, minimum_group=GROUP),
        "the budget is for the month, and a report spends its epsilon each time; and a group of 25 hides nobody's noise.",
    ),
    Mistake(
        "the smallest group of the brief",
        _with(minimum_group=GROUP),
        "25 reports keep a person hidden, and an estimate, too: how many does a half-width of 6 points need at your epsilon?",
    ),
    Mistake(
        "weekly, as always",
        _with(reports=4, epsilon=1.0, minimum_group=1100),
        "each report more makes all of them noisier: how few reports does the brief allow?",
    ),
    Mistake(
        "all in one report",
        _with(reports=1, epsilon=BUDGET, minimum_group=200),
        "one report a month is the most exact, and comes too late: a broken release runs for weeks.",
    ),
    Mistake(
        "very private",
        _with(epsilon=0.1),
        "hardly anything is told, and hardly anything known: the budget is there to be spent.",
    ),
    Mistake(
        "only the crowd",
        _with(minimum_group=5000),
        "large groups are exact and say nothing of the others: which minimum just reaches the 6 points?",
    ),
    Mistake(
        "the label alone",
        _with(answers="label"),
        "without a probability the app cannot ask back at its unsure answers. What does the label alone save?",
    ),
    Mistake(
        "rounded too far",
        _with(answers="one decimal"),
        "at one decimal most answers are equally sure: too few wrong ones can be told from them.",
    ),
    Mistake(
        "no limit to speak of",
        _with(queries_a_day=1000),
        "a thief asks day and night: of the defences, which one takes most from the copy, and what does it cost a user?",
    ),
    Mistake(
        "a limit that hurts",
        _with(queries_a_day=40),
        "the thief is slowed down, and so are the people who ask most: look at the days on which a user is refused.",
    ),
    Mistake(
        "any signature",
        _with(trusts="signature"),
        "an old bundle with a known hole is signed as well: what keeps it out?",
    ),
    Mistake(
        "only the very next",
        _with(trusts="newest only"),
        "phones miss updates, and files are mended by the same edition again: not older is enough.",
    ),
    Mistake(
        "hashes in the folder",
        _with(trusts="hashes"),
        "whoever changes a file computes its hash anew: what can they not compute?",
    ),
)
