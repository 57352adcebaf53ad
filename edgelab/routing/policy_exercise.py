"""The product's policy of `04_routing`: chosen on validation, judged by what it costs on held-out requests and by what was promised.

The device is the ready-made bundle; how often the cloud is right is stated by the brief, and drawn once for each split.
"""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import as_it_is, leaked
from edgelab.course.exercises import Mistake
from edgelab.datasets.loading import load
from edgelab.routing.policy import Policy, decide, decide_all, policy_from, unknown_labels
from edgelab.routing.scores import SCORES
from edgelab.routing.simulation import ASK, Terms, Traffic, collect, outcome, routing_score
from edgelab.routing.thresholds import conformal_threshold, joint_error, threshold_allowing
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

# The brief: cents for one request; one request in ten meets no network.
WRONG, REFUSED, CLOUD, PRIVATE, ASKED, OUTAGE = 2.0, 1.5, 0.8, 1.0, 0.4, 0.1
# How often the cloud is right: on a call, and on an open question.
CALL, QUESTION = 0.95, 0.9
# What is promised of held-out requests, what of the hard ones, and how much more than the best in hindsight a policy may cost.
KEPT_WRONG, ASKED_MOST, TUNNEL, HARD_WRONG, REGRET = 0.03, 0.13, 0.05, 0.13, 0.07
PRODUCT_POLICY = {
    "score": "margin",
    "threshold": 1.8,
    "beyond": ["ask_cloud"],
    "confirm": ["send_money", "place_order", "delete_data"],
    "confirm_below": None,
    "offline": "refuse",
}
PROMISES = (0.03, 0.025, 0.02, 0.015, 0.01, 0.005)  # what the learner's table sets thresholds by


@functools.cache
def product_traffic() -> dict[str, Traffic]:
    """Validation, held-out (test) and hard requests as the ready-made bundle sees them, and a cloud that is right as often as stated."""
    pocket, bundle = load("pocket"), Bundle.load(data_home() / "bundles" / "pocket")
    traffic = {}
    splits = {"validation": pocket.validation, "held out": pocket.test, "hard": pocket.extra["hard"]}
    for seed, (name, split) in enumerate(splits.items()):
        good = np.random.default_rng(seed).random(len(split.texts)) < CALL
        called = np.where(good, split.labels, ASK)  # where it fails it talks instead of calling
        private = [leaked(as_it_is(text), spans) for text, spans in zip(split.texts, split.spans or (), strict=True)]
        known: dict[str, Any] = {"success": QUESTION, "spans": split.spans, "private": private, "seed": seed}
        traffic[name] = collect(bundle, split.texts, split.labels, called, **known)
    return traffic


@dataclass(frozen=True)
class Found:
    """What a policy does to a split: shares of its requests, and the dollars of a thousand of them."""

    kept_wrong: float
    escalated: float
    asked: float
    tunnel: float  # carried out wrongly, were there no network at all
    dollars: float


def product(data: Mapping[str, Any]) -> Policy:
    """The policy of a learner's entries: labels may stand in a list, a tuple, a set or an array, and numbers be NumPy's."""
    return policy_from({name: _plain(value) for name, value in data.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


def found(policy: Policy, split: str) -> Found:
    """What a policy does to `validation`, to the `held out` or to the `hard` requests."""
    traffic = product_traffic()[split]
    online, tunnel = (outcome(policy, traffic, replace(Terms(), outage=outage)) for outage in (0.0, 1.0))
    scores = routing_score(policy, traffic)
    cents = (1 - OUTAGE) * _cents(policy, traffic, online=True) + OUTAGE * _cents(policy, traffic, online=False)
    return Found(
        joint_error(scores, ~traffic.device_right & ~np.isin(traffic.device_labels, policy.beyond), policy.threshold),
        online.escalated,
        online.asked,
        1 - tunnel.accuracy.value - tunnel.refused,
        10 * cents,
    )


def _cents(policy: Policy, traffic: Traffic, *, online: bool) -> float:
    decisions = decide_all(policy, traffic.logits, traffic.labels, online=online)
    cloud = np.array([d.where == "cloud" for d in decisions])
    refused = np.array([d.where == "refuse" for d in decisions])
    answered = np.where(cloud, traffic.cloud_labels, traffic.device_labels)
    wrong = ~np.where(cloud, traffic.cloud_right, traffic.device_right) & ~refused
    asked = np.array([d.confirm for d in decisions]) | (np.isin(answered, policy.confirm) & cloud)
    cents = (
        WRONG * wrong + REFUSED * refused + CLOUD * cloud + PRIVATE * (cloud & (traffic.private > 0)) + ASKED * asked
    )
    return float(cents.mean())


@functools.cache
def best_in_hindsight() -> float:
    """What a thousand held-out requests would cost at the cheapest score and threshold that keep the promise, all else as in the
    course's own answer."""
    traffic, own, costs = product_traffic()["held out"], product(PRODUCT_POLICY), []
    for score in SCORES:
        scores = routing_score(replace(own, score=score), traffic)
        lowest = threshold_allowing(scores, ~traffic.device_right, int(KEPT_WRONG * len(traffic)))
        # the higher, the more is escalated, and paid for
        tried_ = np.sort(scores[scores >= lowest])[:40:4]
        costs += [found(replace(own, score=score, threshold=float(at)), "held out").dollars for at in tried_]
    return min(costs)


def _row(policy: Policy, split: str) -> dict[str, str]:
    of = found(policy, split)
    shares = {
        "kept and wrong": of.kept_wrong,
        "to the cloud": of.escalated,
        "user asked": of.asked,
        "wrong in the tunnel": of.tunnel,
    }
    return {f"{name}, %": f"{100 * share:.1f}" for name, share in shares.items()} | {"dollars": f"{of.dollars:.2f}"}


def on_validation(scores: Iterable[str] = tuple(SCORES)) -> "pd.DataFrame":
    """What a learner chooses by: for each score and each promise, the threshold that `conformal_threshold` sets on validation, and
    behind the stroke the dollars of a thousand requests there, all else as in the course's own answer."""
    import pandas as pd

    traffic, own = product_traffic()["validation"], product(PRODUCT_POLICY)
    rows: dict[str, dict[str, str]] = {}
    for score in scores:
        policy = replace(own, score=score)
        rows[score] = {}
        for promise in PROMISES:
            at = conformal_threshold(routing_score(policy, traffic), ~traffic.device_right, promise)
            rows[score][f"{promise:.1%}"] = (
                f"{at:.2f} / {found(replace(policy, threshold=at), 'validation').dollars:.2f}"
            )
    return pd.DataFrame(rows).T


def tried(policy: Mapping[str, Any]) -> "pd.DataFrame":
    """What one policy does to validation, in a row."""
    import pandas as pd

    return pd.DataFrame({"validation": _row(product(policy), "validation")}).T


def revealed(policy: Mapping[str, Any]) -> "pd.DataFrame":
    """The same on validation, where it was chosen, and on held-out and hard requests, where it was judged."""
    import pandas as pd

    return pd.DataFrame({split: _row(product(policy), split) for split in product_traffic()}).T


def judge_policy(data: dict) -> list[str]:
    """What breaks the brief on held-out and hard requests, without their figures; empty if nothing does."""
    if set(data) != set(PRODUCT_POLICY):
        return [f"expected the entries {', '.join(PRODUCT_POLICY)}"]
    policy, labels = product(data), product_traffic()["held out"].labels
    if policy.score not in SCORES:
        return [f"score: expected one of {', '.join(SCORES)}"]
    if slips := unknown_labels(policy, labels):
        return [f"no tool is called {', '.join(slips)}: the rule would never apply"]
    of = found(policy, "held out")
    complaints = {
        "the promise: too many held-out requests are kept and wrong": of.kept_wrong > KEPT_WRONG,
        "the promise: too many hard requests are kept and wrong": found(policy, "hard").kept_wrong > HARD_WRONG,
        "held-out requests: the user is asked too often": of.asked > ASKED_MOST,
        "in the tunnel too many held-out requests are carried out wrongly": of.tunnel > TUNNEL,
        f"held-out requests cost over {REGRET:.0%} more than the best in hindsight": (
            of.dollars > (1 + REGRET) * best_in_hindsight()
        ),
    }
    unasked = _unasked(replace(policy, confirm_below=None), labels)
    never = [f"{', '.join(unasked)}: carried out without asking"] if unasked else []
    if set(_unasked(policy, labels)) > set(unasked):
        never.append("a wrong high-stakes call is carried out without asking where the model is certain of it")
    return never + [complaint for complaint, holds in complaints.items() if holds]


def _unasked(policy: Policy, labels: tuple[str, ...]) -> list[str]:
    """The tools of high stakes whose calls are not confirmed where the model is as certain as can be."""
    certain = 1e9 * np.eye(len(labels))
    return [tool for tool in Terms().stakes if not decide(policy, certain[labels.index(tool)], labels).confirm]


def _with(**changes: object) -> dict:
    return PRODUCT_POLICY | changes


POLICY_MISTAKES = (
    Mistake(
        "the promise copied",
        _with(score="max_probability", threshold=0.51),
        "3 % on validation is more on held-out requests, as section 5 has shown: leave room.",
    ),
    Mistake(
        "the cheapest on validation",
        _with(score="max_probability", threshold=0.4),
        "the cheapest of all keeps too much: first the promise, with room for harder requests, then the cost.",
    ),
    Mistake(
        "as good as none",
        _with(threshold=0.0),
        "at this threshold nothing is unsure: only what the device calls ask_cloud leaves it.",
    ),
    Mistake(
        "hardly ever sure",
        _with(score="max_probability", threshold=0.97),
        "the promise is kept with far more room than it needs, and each escalation is paid for.",
    ),
    Mistake(
        "another score's threshold",
        _with(score="energy"),
        "a threshold means nothing without its score: 1.8 is much for a margin and next to nothing for an energy.",
    ),
    Mistake(
        "the defaults",
        {name: getattr(Policy(), name) for name in PRODUCT_POLICY} | {"beyond": ["ask_cloud"]},
        "those are the library's defaults: an energy of 0 is far below what a sure answer has, and offline it guesses.",
    ),
    Mistake(
        "asked only when unsure",
        _with(confirm_below=1.8),
        "a mistake can have any score, the highest too, and passes confirm_below: what decides is the tool.",
    ),
    Mistake(
        "one tool forgotten",
        _with(confirm=["send_money", "delete_data"]),
        "which of the tools spend money or cannot be undone? All of them belong into confirm.",
    ),
    Mistake(
        "asked about every message",
        _with(confirm=["send_money", "place_order", "delete_data", "send_message"]),
        "users stop reading what they confirm: is confirm longer than the brief asks?",
    ),
    Mistake(
        "guessing in the tunnel",
        _with(offline="answer"),
        "without a network an unsure request is answered anyway: on validation that is just few enough, and held-out ones are harder.",
    ),
    Mistake(
        "open questions kept",
        _with(beyond=[]),
        "the device has no answer to an open question: name that label in beyond.",
    ),
)
