"""The policy: where a request runs, and why. It is data, and applying it needs NumPy alone.

A score says how sure the device's model is; thresholds and rules, which are the product's, make a decision of it, and
every decision carries its reason.
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from types import UnionType
from typing import Any

import numpy as np

from edgelab.bundle.manifest import is_number, is_sha256
from edgelab.routing.scores import LEARNED, SCORES, learned_score
from edgelab.stats.softmax import softmax

LOCAL, UNSURE, BEYOND = "local", "unsure", "beyond the device"
CONFIRM, DEGRADED, REFUSED = "high stakes, confirm first", "offline, degraded answer", "offline, refused"
REASONS = (LOCAL, UNSURE, BEYOND, CONFIRM, DEGRADED, REFUSED)
OFFLINE = ("answer", "refuse")


@dataclass(frozen=True)
class Policy:
    """Thresholds and rules.

    Args:
        score: a name of `routing.SCORES`, or `learned`; higher is more sure.
        threshold: a request whose score is below it is escalated as unsure.
        temperature: the logits are divided by it before anything else.
        beyond: labels that the device never answers itself.
        confirm: high-stakes labels: before such a call is carried out, the user is asked.
        reach: a request is of high stakes also if these labels together have at least this probability; above 1:
            only if one of them is the answer.
        confirm_below: ask about high stakes only when the score is below this; None: always.
        offline: what becomes of an unsure request without a network: `answer` it here, degraded, or `refuse` it.
            What lies beyond the device is refused in any case: there is no answer to give.
        weights: of the learned router, as `routing.fit_router` returns them; else empty.
        calibrated_for: `bundle.fingerprint` of the bundle whose scores thresholds, temperature and weights were set on; an
            assistant of another one refuses the policy. None: nobody wrote it down, and none refuses.

    Raises:
        ValueError: a value that means nothing; the message names it and what was expected.
    """

    score: str = "energy"
    threshold: float = 0.0
    temperature: float = 1.0
    beyond: tuple[str, ...] = ("ask_cloud",)
    confirm: tuple[str, ...] = ("send_money", "place_order", "delete_data")
    reach: float = 0.2
    confirm_below: float | None = None
    offline: str = "answer"
    weights: tuple[float, ...] = ()
    calibrated_for: str | None = None

    def __post_init__(self) -> None:
        _require(self, "score", self.score in (*SCORES, LEARNED), f"one of {', '.join((*SCORES, LEARNED))}")
        _require(self, "threshold", is_number(self.threshold), "a number")
        _require(self, "temperature", is_number(self.temperature) and self.temperature > 0, "a number above 0")
        for name in ("beyond", "confirm"):
            _require(self, name, _all(getattr(self, name), str), "a list of labels")
        _require(self, "reach", is_number(self.reach) and self.reach > 0, "a probability above 0, or more than 1")
        below = self.confirm_below
        _require(self, "confirm_below", below is None or is_number(below), "a number, or null for always")
        _require(self, "offline", self.offline in OFFLINE, f"one of {', '.join(OFFLINE)}")
        learned = len(SCORES) + 1 if self.score == LEARNED else 0
        right = _all(self.weights, int | float) and all(map(is_number, self.weights)) and len(self.weights) == learned
        _require(self, "weights", right, f"{learned} numbers with the score {self.score!r}")
        known = self.calibrated_for is None or is_sha256(self.calibrated_for)
        _require(self, "calibrated_for", known, "64 hexadecimal digits, or null")


@dataclass(frozen=True)
class Decision:
    """Where one request runs: `local`, `cloud`, or `refuse`; `reason` is one of REASONS. `confirm`: whether the user
    is asked before the call is carried out, wherever it was made."""

    where: str
    reason: str
    score: float
    confirm: bool


def unknown_labels(policy: Policy, labels: tuple[str, ...]) -> tuple[str, ...]:
    """Labels that the policy names and the model does not have: a slip there would switch a rule off in silence."""
    return tuple(name for name in (*policy.beyond, *policy.confirm) if name not in labels)


def policy_scores(policy: Policy, logits: np.ndarray) -> np.ndarray:
    """The policy's score of each request: logits [requests, labels] to [requests]."""
    scaled = np.asarray(logits, dtype=np.float64) / policy.temperature
    if policy.score == LEARNED:
        return learned_score(scaled, policy.weights)
    return SCORES[policy.score](scaled)


def high_stakes(policy: Policy, logits: np.ndarray, labels: tuple[str, ...]) -> np.ndarray:
    """Whether each request is of high stakes, bool [requests]: the answer is such a label, or they are within reach."""
    logits = np.asarray(logits, dtype=np.float64)
    listed = np.isin(labels, policy.confirm)
    return listed[logits.argmax(-1)] | (softmax(logits / policy.temperature)[:, listed].sum(-1) >= policy.reach)


def decide_one(policy: Policy, label: str, score: float, high: bool, online: bool) -> tuple[str, str, bool]:
    """Where one request runs, why, and whether the user is asked first (`Decision`).

    Args:
        label: what the device would answer.
        high: whether it is of high stakes.
        online: whether there is a network.
    """
    beyond, below = label in policy.beyond, policy.confirm_below
    confirm = high and (below is None or score < below)
    if not beyond and score >= policy.threshold:  # a score that is not a number is no reason to stay
        return "local", CONFIRM if confirm else LOCAL, confirm
    if online:
        return "cloud", BEYOND if beyond else UNSURE, confirm
    if beyond or policy.offline == "refuse":
        return "refuse", REFUSED, False
    return "local", DEGRADED, confirm


Rules = Callable[[Policy, str, float, bool, bool], tuple[str, str, bool]]  # `decide_one`, or a learner's own


def decide_all(
    policy: Policy,
    logits: np.ndarray,
    labels: tuple[str, ...],
    *,
    online: bool | np.ndarray = True,
    rules: Rules = decide_one,
) -> list[Decision]:
    """The decision on each request; `online` is one value or bool [requests].

    Raises:
        ValueError: the logits are not [requests, labels].
    """
    logits = np.asarray(logits)
    if logits.ndim != 2 or logits.shape[1] != len(labels):
        raise ValueError(f"expected logits of {len(labels)} labels, found shape {logits.shape}")
    scores, high = policy_scores(policy, logits), high_stakes(policy, logits, labels)
    said, connected = logits.argmax(1), np.broadcast_to(online, len(logits))
    decisions = []
    for i, score in enumerate(scores):
        where, reason, confirm = rules(policy, labels[said[i]], float(score), bool(high[i]), bool(connected[i]))
        decisions.append(Decision(where, reason, float(score), confirm))
    return decisions


def decide(
    policy: Policy, logits: np.ndarray, labels: tuple[str, ...], *, online: bool = True, rules: Rules = decide_one
) -> Decision:
    """The decision on one request, from its logits [labels]."""
    return decide_all(policy, np.atleast_2d(logits), labels, online=online, rules=rules)[0]


# --- a policy is data ---------------------------------------------------------------------------


def policy_from(data: dict) -> Policy:
    """A policy of its plain values, as JSON has them; what is left out keeps its default.

    Raises:
        ValueError: a key or a value that no policy has; the message names it and what was expected.
    """
    if not isinstance(data, dict):
        raise ValueError(f"policy: expected keys and values, found {data!r}")
    names = [field.name for field in fields(Policy)]
    if unknown := [str(key) for key in data if key not in names]:
        raise ValueError(f"policy: expected the keys {', '.join(names)}, found {', '.join(unknown)}")
    values: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in data.items()}
    return Policy(**values)  # which checks every one of them


def to_json(policy: Policy) -> str:
    """The policy's values, as `policy_from` takes them."""
    return json.dumps(asdict(policy), indent=1)


def _require(policy: Policy, name: str, right: bool, expected: str) -> None:
    if not right:
        raise ValueError(f"policy, {name}: expected {expected}, found {getattr(policy, name)!r}")


def _all(values: object, kind: type | UnionType) -> bool:
    return isinstance(values, tuple) and all(isinstance(value, kind) for value in values)
