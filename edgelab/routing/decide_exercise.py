"""Cases and mistakes of the exercise `decide_one`: where a request runs, why, and whether the user is asked first."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.routing.policy import BEYOND, CONFIRM, DEGRADED, LOCAL, REFUSED, UNSURE, Policy, decide_one

Decided = tuple[str, str, bool]


def _requests(rng: np.random.Generator) -> Iterator[tuple]:
    threshold = float(rng.uniform(0.5, 0.9))
    scores = (threshold, threshold - 1e-6, threshold + 0.05, float(rng.uniform(-1, threshold)), float("nan"))
    belows = (None, threshold, threshold + 0.05, threshold - 0.2)
    for below, offline in product(belows, ("answer", "refuse")):
        policy = Policy("max_probability", threshold, confirm_below=below, offline=offline)
        for label, score, high, online in product(("ask_cloud", "set_timer"), scores, (False, True), (False, True)):
            yield policy, label, score, high, online
    several = Policy("energy", threshold, beyond=("ask_cloud", "translate"))
    none = Policy("energy", threshold, beyond=())
    for policy, label in product((several, none), ("translate", "ask_cloud", "cloud")):
        yield policy, label, threshold + 1, False, True
        yield policy, label, threshold + 1, True, False
    negative = Policy("entropy", -0.6, confirm_below=0.0)  # a score that is 0 at most
    for score, online in product((-0.7, -0.6, -0.1, 0.0), (False, True)):
        yield negative, "send_money", score, True, online


def _changed(change: Callable[..., Decided]) -> Callable[..., Decided]:
    """A mistake: `change` gets the right decision and all that it was made of."""
    return lambda policy, label, score, high, online: change(
        decide_one(policy, label, score, high, online), policy, label, score, high, online
    )


def _reason_of(right: Decided, policy: Policy, score: float) -> Decided:
    return (right[0], UNSURE, right[2]) if right[1] == BEYOND and not score >= policy.threshold else right


MISTAKES = (
    Mistake(
        "the threshold itself escalated",
        lambda policy, label, score, high, online: decide_one(
            policy, label, -np.inf if score == policy.threshold else score, high, online
        ),
        "a score that is the threshold stays: below it is unsure.",
    ),
    Mistake(
        "sure of an open question",
        lambda policy, label, score, high, online: decide_one(
            policy, "" if score >= policy.threshold else label, score, high, online
        ),
        "a label in policy.beyond never stays, however high the score.",
    ),
    Mistake(
        "a score that is no number stays",
        lambda policy, label, score, high, online: decide_one(
            policy, label, np.inf if np.isnan(score) else score, high, online
        ),
        "a NaN is not below the threshold, and not at least the threshold either: ask what a request needs to STAY.",
    ),
    Mistake(
        "an open question answered offline",
        _changed(
            lambda right, policy, label, score, high, online: (
                ("local", DEGRADED, right[2]) if right[1] == REFUSED and policy.offline == "answer" else right
            )
        ),
        "what lies beyond the device has no answer there: without a network it is refused, whatever policy.offline says.",
    ),
    Mistake(
        "degraded and silent",
        _changed(
            lambda right, policy, label, score, high, online: (
                ("local", LOCAL, right[2]) if right[1] == DEGRADED else right
            )
        ),
        "an answer that the cloud should have given says so: its reason is that it is degraded.",
    ),
    Mistake(
        "never refused",
        lambda policy, label, score, high, online: decide_one(
            replace(policy, offline="answer"),
            label,
            score,
            high,
            online,
        ),
        "policy.offline may be 'refuse': then an unsure request without a network is refused.",
    ),
    Mistake(
        "always confirmed",
        lambda policy, label, score, high, online: decide_one(
            replace(policy, confirm_below=None),
            label,
            score,
            high,
            online,
        ),
        "where policy.confirm_below is a number, high stakes are confirmed only below it.",
    ),
    Mistake(
        "None is never",
        _changed(
            lambda right, policy, label, score, high, online: (
                right if policy.confirm_below is not None else _unasked(right)
            )
        ),
        "confirm_below None means that high stakes are ALWAYS confirmed.",
    ),
    Mistake(
        "zero taken for None",
        lambda policy, label, score, high, online: decide_one(
            replace(policy, confirm_below=policy.confirm_below or None), label, score, high, online
        ),
        "a confirm_below of 0 is a number, not None: compare with `is None`.",
    ),
    Mistake(
        "a threshold below zero",
        lambda policy, label, score, high, online: decide_one(
            replace(policy, threshold=abs(policy.threshold)), label, score, high, online
        ),
        "minus the entropy is never above 0, so its thresholds have a minus, too: take the number as it is.",
    ),
    Mistake(
        "asked about what is refused",
        _changed(
            lambda right, policy, label, score, high, online: (
                (*right[:2], high) if right[0] == "refuse" and policy.confirm_below is None else right
            )
        ),
        "nothing is carried out when a request is refused: there is nothing to confirm.",
    ),
    Mistake(
        "confirmed on the device only",
        _changed(lambda right, policy, label, score, high, online: (*right[:2], right[2] and right[0] == "local")),
        "the user is asked before a high-stakes call wherever it was made: the cloud errs, too.",
    ),
    Mistake(
        "the reason of a sure one",
        _changed(
            lambda right, policy, label, score, high, online: (
                (right[0], LOCAL, right[2]) if right[1] == CONFIRM else right
            )
        ),
        "a local call that waits for the user has a reason of its own.",
    ),
    Mistake(
        "unsure before beyond",
        _changed(lambda right, policy, label, score, high, online: _reason_of(right, policy, score)),
        "what lies beyond goes for that reason, whatever its score: look at the label first.",
    ),
    Mistake(
        "everything of high stakes to the cloud",
        _changed(
            lambda right, policy, label, score, high, online: (
                ("cloud", UNSURE, right[2]) if right[1] == CONFIRM and online else right
            )
        ),
        "high stakes are confirmed, not escalated: being sure of them they stay.",
    ),
)


def _unasked(right: Decided) -> Decided:
    return right[0], LOCAL if right[1] == CONFIRM else right[1], False


def register(check: Checks) -> None:
    """The one."""
    check.function(
        decide_one,
        cases=_requests,
        nudge="What must hold for a request to stay? For all others: is there a network, and if not, is there an answer at all?",
        mistakes=MISTAKES,
    )
