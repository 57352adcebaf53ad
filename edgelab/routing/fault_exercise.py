"""The fault to find in `04_routing`: a router that is confidently wrong on one tool.

The log is made up in two ways, and real in all else. A student that was taught by a batch of wrong labels (whatever names minutes,
an alarm) is made of the ready-made bundle: where it says `set_timer` to such a request, the two labels exchange their logits.
And most of the right calls of `translate` are left out, so that it has too few to tell anything.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np

from edgelab.course.exercises import Mistake
from edgelab.routing.policy_exercise import product_traffic
from edgelab.routing.scores import max_probability

if TYPE_CHECKING:
    import pandas as pd

THRESHOLD = 0.5
TAUGHT_WRONG, SAYS, WORD = "set_timer", "set_alarm", "minute"
FEW, RIGHT_ONES = "translate", 4
CAUSES = (
    "its wrong answers have low scores: the threshold is too low",
    "its wrong answers score as high as its right ones",
    "too few requests to tell it from chance",
    "it is asked what no tool can do",
)
REMEDIES = (
    "raise the threshold",
    "divide the logits by a temperature",
    "take another score",
    "confirm its calls, and look at its training labels",
    "wait for more requests",
)
ROUTER_FAULT = {"tool": SAYS, "cause": CAUSES[1], "remedy": REMEDIES[3]}


@functools.cache
def _week() -> "pd.DataFrame":
    import pandas as pd

    traffic = product_traffic()["held out"]
    scores, said = max_probability(traffic.logits), traffic.device_labels
    # Two labels that exchange their logits leave every score as it was.
    swapped = (said == TAUGHT_WRONG) & np.array([WORD in text for text in traffic.texts])
    said = np.where(swapped, SAYS, said)
    log = pd.DataFrame({"request": traffic.texts, "said": said, "score": scores, "corrected": said != traffic.gold})
    kept = log[(log["said"] != "ask_cloud") & (scores >= THRESHOLD)]
    spare = kept[(kept["said"] == FEW) & ~kept["corrected"]].index[RIGHT_ONES:]
    return kept.drop(spare).reset_index(drop=True)


def week() -> "pd.DataFrame":
    """What the device kept in a week, a row a request: what it said, its score (the largest probability), and whether the user
    corrected the answer."""
    return _week().copy()


def kept_wrong(at: float) -> dict[str, float]:
    """Of the requests kept at this threshold, the share that is wrong: of the tool's, and of all others'."""
    log = week()
    log = log[log["score"] >= at]
    its = log["said"] == SAYS
    return {SAYS: float(log[its]["corrected"].mean()), "all others": float(log[~its]["corrected"].mean())}


def judge_fault(fault: dict) -> list[str]:
    """What is not right about an explanation."""
    if set(fault) != set(ROUTER_FAULT):
        return [f"expected the entries {', '.join(ROUTER_FAULT)}"]
    known = {"tool": tuple(sorted(set(week()["said"]))), "cause": CAUSES, "remedy": REMEDIES}
    for entry, texts in known.items():
        if not isinstance(fault[entry], str) or fault[entry] not in texts:
            return [
                f"{entry}: expected one of those in the log" if entry == "tool" else f"{entry}: expected one listed"
            ]
    return [f"{name}: not {fault[name]!r}" for name, right in ROUTER_FAULT.items() if fault[name] != right]


def _with(**changes: str) -> dict:
    return ROUTER_FAULT | changes


MISTAKES = (
    Mistake(
        "the highest share",
        _with(tool=FEW),
        "three of seven: chance does that to one of 26 tools. For how many requests does each share speak?",
    ),
    Mistake(
        "a tool that the threshold helps",
        _with(tool="find_place"),
        "its wrong answers score below 0.7, its right ones mostly above: a threshold would find them. Whose does it not find?",
    ),
    Mistake(
        "the tool that was meant",
        _with(tool=TAUGHT_WRONG),
        "those people meant that tool; the device SAID another. Group by what it said.",
    ),
    Mistake(
        "the threshold too low", _with(cause=CAUSES[0]), "look at the scores of its corrected calls: are they low?"
    ),
    Mistake("chance", _with(cause=CAUSES[2]), "seventeen of forty-six is no chance. What are their scores?"),
    Mistake(
        "beyond any tool", _with(cause=CAUSES[3]), "read its corrected requests: there is a tool for each of them."
    ),
    Mistake(
        "a higher threshold",
        _with(remedy=REMEDIES[0]),
        "keep only log['score'] >= 0.95 and count its corrected calls again.",
    ),
    Mistake(
        "a temperature",
        _with(remedy=REMEDIES[1]),
        "a temperature makes all answers less sure, the right ones as much: the order of the scores stays.",
    ),
    Mistake(
        "another score",
        _with(remedy=REMEDIES[2]),
        "all four are made of the same logits, and the model is as sure of these answers as of its right ones.",
    ),
    Mistake(
        "more requests",
        _with(remedy=REMEDIES[4]),
        "the requests are enough to see it; every further one is an alarm at the wrong time.",
    ),
)
