"""The decision of `08_generation`: who gets which job, decided on half of the recorded cases and judged on the others."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

from edgelab.course.exercises import Mistake
from edgelab.generation.decision import MEASURES, WAYS, halves, megabytes, outcome, recorded

if TYPE_CHECKING:
    import pandas as pd

# The brief.
LEAST = {"calls": 0.6, "triage": 0.52, "notes": 0.5, "digest": 0.2, "titles": 0.1}
INVENTED, SECONDS_A_DAY, MEGABYTES, LEFT_OUT = 0.1, 60.0, 320.0, 1

DECISION = {"calls": "encoder", "triage": "encoder", "notes": "encoder", "digest": "keywords", "titles": "nobody"}


@cache
def _held_out() -> "pd.DataFrame":
    return halves(recorded())[1]


def judge_decision(decision: Mapping[str, str], rows: "pd.DataFrame | None" = None) -> list[str]:
    """What breaks the brief on the cases that the decision was not made with; empty if nothing does."""
    if decision.keys() != MEASURES.keys():
        return [f"expected a way for each of: {', '.join(MEASURES)}"]
    if unknown := [job for job, way in decision.items() if way not in WAYS]:
        return [f"{job}: expected one of {', '.join(WAYS)}" for job in unknown]
    found = outcome(decision, _held_out() if rows is None else rows)
    complaints = []
    for job, row in found.iterrows():
        way = decision[str(job)]
        if way != "nobody" and not row["score"] >= LEAST[str(job)]:
            reached = "it cannot" if row["score"] != row["score"] else f"it reaches {row['score']:.2f}"
            complaints.append(f"{job} by {way}: {reached}, at least {LEAST[str(job)]:g} or nobody")
        if row["invented"] > INVENTED:
            complaints.append(
                f"{job} by {way}: {row['invented']:.2f} invented facts in an answer, at most {INVENTED:g}"
            )
    if (left := list(decision.values()).count("nobody")) > LEFT_OUT:
        complaints.append(f"{left} jobs are left out, at most {LEFT_OUT}")
    if (spent := found["seconds a day"].sum()) > SECONDS_A_DAY:
        complaints.append(f"{spent:.0f} seconds of computing a day, at most {SECONDS_A_DAY:g}")
    if (size := megabytes(decision)) > MEGABYTES:
        complaints.append(f"{size:.0f} MB are installed, at most {MEGABYTES:g}")
    return complaints


def _all(way: str) -> dict[str, str]:
    return dict.fromkeys(MEASURES, way)


MISTAKES = (
    Mistake(
        "the default",
        _all("generator"),
        "a generator for everything: look at its score in each job, not at what it could say.",
    ),
    Mistake(
        "keywords for all", _all("keywords"), "keywords cost nothing, and miss arguments and notes: compare the scores."
    ),
    Mistake(
        "the encoder for all",
        _all("encoder"),
        "an encoder picks out of what is there: what is a title that nobody would give worth?",
    ),
    Mistake("nobody", _all("nobody"), "what is left out cannot be wrong, nor of use: one job at most."),
    Mistake(
        "the brief's words",
        DECISION | {"digest": "generator", "titles": "generator"},
        "what asks for text need not be written anew: a digest may quote, and what quotes invents nothing.",
    ),
    Mistake(
        "a title by the generator",
        DECISION | {"titles": "generator"},
        "does any way reach the least score in titles, on the cases that you see?",
    ),
    Mistake(
        "calls by the generator",
        DECISION | {"calls": "generator"},
        "guided decoding makes its calls valid. How many are right?",
    ),
    Mistake(
        "notes by keywords",
        DECISION | {"notes": "keywords"},
        "people ask in other words than they noted: who finds notes by meaning?",
    ),
    Mistake(
        "triage by keywords",
        DECISION | {"triage": "keywords"},
        "in triage one way alone is above the least score on the cases that you see.",
    ),
)
