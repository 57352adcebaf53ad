"""How the product's policy of `04_routing` is judged: by what it does to requests, and to calls the model is certain of."""

import functools
from dataclasses import replace

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.bundle.redaction import as_it_is, leaked
from edgelab.course.exercises import Mistake
from edgelab.datasets.loading import load
from edgelab.routing.policy import Policy, decide, policy_from, unknown_labels
from edgelab.routing.simulation import ASK, Terms, Traffic, collect, outcome, user_phrases
from edgelab.workspace import data_home

# What the brief asks for.
_RIGHT, _HARD, _ESCALATED, _ASKED, _TUNNEL = 0.93, 0.81, 0.30, 0.13, 0.05
# How often the cloud is right, as the brief states it: on a call, by traffic; on an open question.
_CLOUD = {"held out": 0.95, "hard": 0.80, "users": 0.20}
_QUESTION = 0.9
PRODUCT_POLICY = {
    "score": "max_probability",
    "threshold": 0.7,
    "beyond": ["ask_cloud"],
    "confirm": ["send_money", "place_order", "delete_data"],
    "confirm_below": None,
    "reach": 0.2,
    "offline": "refuse",
}
POLICY_MISTAKES = (
    Mistake(
        "never unsure",
        PRODUCT_POLICY | {"threshold": 0.0},
        "at this threshold nothing is unsure: only what the device calls ask_cloud leaves it.",
    ),
    Mistake(
        "too bold",
        PRODUCT_POLICY | {"threshold": 0.5},
        "too many wrong answers stay on the device: raise the threshold, as far as the budget lets you.",
    ),
    Mistake(
        "hardly ever sure",
        PRODUCT_POLICY | {"threshold": 0.97},
        "the threshold buys accuracy with escalations: lower it until the budget holds.",
    ),
    Mistake(
        "asked only when unsure",
        PRODUCT_POLICY | {"confirm_below": 0.8},
        "a mistake can have any score, the highest too, and passes confirm_below: what decides is the tool.",
    ),
    Mistake(
        "one tool forgotten",
        PRODUCT_POLICY | {"confirm": ["send_money", "delete_data"]},
        "which of the tools spend money or cannot be undone? All of them belong into confirm.",
    ),
    Mistake(
        "asked about anything near",
        PRODUCT_POLICY | {"reach": 0.01},
        "users stop reading what they confirm: is confirm longer than the brief asks, or reach as low as a hundredth?",
    ),
    Mistake(
        "guessing in the tunnel",
        PRODUCT_POLICY | {"offline": "answer"},
        "without a network an unsure request is answered anyway: the brief wants none of these guesses.",
    ),
    Mistake(
        "open questions kept",
        PRODUCT_POLICY | {"beyond": []},
        "the device has no answer to an open question: name that label in beyond.",
    ),
)


@functools.cache
def product_traffic() -> dict[str, Traffic]:
    """Held-out and drifted requests as the ready-made bundle sees them, and a cloud that is right as often as stated."""
    pocket, bundle = load("pocket"), Bundle.load(data_home() / "bundles" / "pocket")
    hard, (texts, labels) = pocket.extra["hard"], user_phrases(data_home() / "pocket" / "users")
    requests = {
        "held out": (pocket.test.texts, pocket.test.labels, pocket.test.spans),
        "hard": (hard.texts, hard.labels, hard.spans),
        "users": (texts, labels, None),  # their values are not marked
    }
    traffic = {}
    for number, (name, (said, meant, spans)) in enumerate(requests.items()):
        good = np.random.default_rng(number).random(len(said)) < _CLOUD[name]
        called = np.where(good, meant, ASK)  # where it fails it talks instead of calling
        private = None
        if spans is not None:
            private = [leaked(as_it_is(text), marked) for text, marked in zip(said, spans, strict=True)]
        traffic[name] = collect(
            bundle, said, meant, called, success=_QUESTION, spans=spans, private=private, seed=number
        )
    return traffic


def judge_policy(data: dict) -> list[str]:
    """What breaks the brief, line by line; empty if nothing does."""
    policy, traffic = policy_from(data), product_traffic()
    if slips := unknown_labels(policy, traffic["held out"].labels):
        return [f"no tool is called {', '.join(slips)}: the rule would never apply"]
    found = {name: outcome(policy, requests, Terms()) for name, requests in traffic.items()}
    tunnel = outcome(policy, traffic["held out"], replace(Terms(), outage=1.0))
    complaints = {
        f"held-out requests: fewer than {_RIGHT:.0%} end well": found["held out"].accuracy.value < _RIGHT,
        f"hard requests: fewer than {_HARD:.0%} end well": found["hard"].accuracy.value < _HARD,
        f"held-out requests: more than {_ESCALATED:.0%} are escalated": found["held out"].escalated > _ESCALATED,
        f"held-out requests: the user is asked in more than {_ASKED:.0%}": found["held out"].asked > _ASKED,
        f"held-out requests in the tunnel: more than {_TUNNEL:.0%} are carried out wrongly": (
            1 - tunnel.accuracy.value - tunnel.refused > _TUNNEL
        ),
    }
    unasked = _unasked(replace(policy, confirm_below=None), traffic["held out"].labels)
    never = [f"{', '.join(unasked)}: carried out without asking"] if unasked else []
    if set(_unasked(policy, traffic["held out"].labels)) > set(unasked):
        never.append("a wrong high-stakes call is carried out without asking where the model is certain of it")
    return never + [complaint for complaint, holds in complaints.items() if holds]


def _unasked(policy: Policy, labels: tuple[str, ...]) -> list[str]:
    """The tools of high stakes whose calls are not confirmed where the model is as certain as can be."""
    certain = 100.0 * np.eye(len(labels))
    return [tool for tool in Terms().stakes if not decide(policy, certain[labels.index(tool)], labels).confirm]
