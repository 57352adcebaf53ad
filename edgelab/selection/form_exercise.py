"""The bar of `10_selection` as a form: a brief in words, as fields; judged on models' cards that the learner has not seen."""

from edgelab.course.exercises import Mistake
from edgelab.selection.form import Requirements, judge_card

FORM = {
    "min_calls": 0.75,
    "max_high_stakes": 0.03,
    "max_private": 0.10,
    "max_p95_ms": 100.0,
    "max_mb": 30.0,
    "max_memory_mb": 400.0,
    "min_coverage": 0.9,
    "tier": "mid-range",
}
_GOOD = {
    "calls": 0.80,
    "accuracy": 0.93,
    "high_stakes": 0.004,
    "private": 0.06,
    "p95_ms": 40.0,
    "mb": 9.0,
    "memory_mb": 180.0,
    "coverage": 0.97,
}
# What a model is like, its card, and whether the brief lets it ship: just short of a line it does not.
CARDS = {
    "does all that is asked": (_GOOD, True),
    "keeps every line of the brief to the number": (
        {"calls": 0.75, "accuracy": 0.75, "high_stakes": 0.03, "private": 0.1, "p95_ms": 100.0, "mb": 30.0}
        | {"memory_mb": 400.0, "coverage": 0.9},
        True,
    ),
    "is right in 75.5 of 100 calls and 76 of 100 labels": (_GOOD | {"calls": 0.755, "accuracy": 0.76}, True),
    "names the tool well and fills it in badly (74.99 of 100 calls)": (
        _GOOD | {"calls": 0.7499, "accuracy": 0.96},
        False,
    ),
    "orders and pays unasked in 301 of 10,000 requests": (_GOOD | {"high_stakes": 0.0301}, False),
    "lets a private value out in 1,001 of 10,000 requests": (_GOOD | {"private": 0.1001}, False),
    "takes 100.1 ms at the 95th percentile": (_GOOD | {"p95_ms": 100.1}, False),
    "is a download of 30.1 MB": (_GOOD | {"mb": 30.1}, False),
    "takes 401 MB of memory": (_GOOD | {"memory_mb": 401.0}, False),
    "reaches 899 of 1,000 phones": (_GOOD | {"coverage": 0.899}, False),
}


def judge_form(form: dict) -> list[str]:
    """What a form lets ship that the brief does not, and the other way round; empty if nothing."""
    requirements = Requirements.of(form)
    if requirements.tier != FORM["tier"]:
        return [f"tier is {requirements.tier!r}: on which phone does the brief count milliseconds? (mid-range)"]
    complaints = []
    for name, (card, ships) in CARDS.items():
        if (judge_card(card, requirements) == []) != ships:
            complaints.append(f"a model that {name} {'does not ship' if ships else 'ships'}")
    return complaints


def _without(name: str) -> dict:
    return {field: bound for field, bound in FORM.items() if field != name}


MISTAKES = (
    Mistake(
        "labels for calls",
        _without("min_calls") | {"min_accuracy": 0.75},
        "min_accuracy counts labels alone: a call has its slots right as well.",
    ),
    Mistake(
        "labels as well",
        FORM | {"min_accuracy": 0.9},
        "the brief does not ask for labels: a bound that nobody asked for keeps good models out.",
    ),
    Mistake(
        "nearly the share",
        FORM | {"min_calls": 0.74},
        "three of four is 0.75: what is less does not ship.",
    ),
    Mistake(
        "three in a hundred, as 3 in ten",
        FORM | {"max_high_stakes": 0.3},
        "3 in a hundred is a share of 0.03: 0.3 is thirty in a hundred.",
    ),
    Mistake(
        "ten times too strict",
        FORM | {"max_high_stakes": 0.003},
        "3 in a hundred is 0.03, not 3 in a thousand.",
    ),
    Mistake(
        "privacy left out",
        _without("max_private"),
        "one line of the brief is not in the form: what may leave the device?",
    ),
    Mistake(
        "the download left out",
        _without("max_mb"),
        "nothing bounds the download.",
    ),
    Mistake(
        "memory for the download",
        _without("max_memory_mb") | {"max_mb": 30.0},
        "memory and download are two lines of the brief.",
    ),
    Mistake(
        "the milliseconds left out",
        _without("max_p95_ms"),
        "nothing bounds the time: 95 of 100 answers within a time is a bound on the 95th percentile.",
    ),
    Mistake(
        "the reach left out",
        _without("min_coverage"),
        "nine of ten phones is a line of the brief, too: which measure is a share of phones?",
    ),
    Mistake(
        "reach and privacy swapped",
        FORM | {"min_coverage": 0.1, "max_private": 0.9},
        "min_coverage and max_private are swapped.",
    ),
    Mistake(
        "on the machine that measures",
        FORM | {"tier": "this machine"},
        "milliseconds on your desk are not those of the phone: name the tier.",
    ),
)
