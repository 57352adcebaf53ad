"""The exercises of `04_routing`."""

import functools
from dataclasses import replace

import numpy as np

from edgelab.calibration import calibration_error
from edgelab.checks.core import Checks, Mistake
from edgelab.selective import conformal_threshold
from edgelab.tradeoff import cpt

check = Checks()


# --- calibration_error --------------------------------------------------------------------------


def _confidences(rng):
    for requests, bins in ((40, 5), (600, 15)):
        confidence = rng.beta(4, 1, requests)
        yield confidence, rng.random(requests) < confidence**2, bins
    yield (
        np.array([0.1, 0.2, 0.3, 0.4, 0.9, 1.0]),
        np.array([0, 1, 0, 1, 1, rng.random() < 0.5]) > 0,
        5,
    )  # ends of parts


def _parts(confidence, bins):
    return np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)


def _by_part(confidence, right, bins, combine):
    part = _parts(confidence, bins)
    found = [(confidence[part == i], right[part == i]) for i in np.unique(part)]
    return float(sum(combine(c, r, len(confidence)) for c, r in found))


check.function(
    calibration_error,
    cases=_confidences,
    nudge="Part the requests by confidence; in each part compare the mean confidence with the accuracy.",
    mistakes=(
        Mistake(
            "parts weighed alike",
            lambda confidence, right, bins: (
                _by_part(confidence, right, bins, lambda c, r, n: abs(c.mean() - r.mean()))
                / len(np.unique(_parts(confidence, bins)))
            ),
            "a part with three requests counts as much as one with three hundred: weigh each by its share of requests.",
        ),
        Mistake(
            "signs kept",
            lambda confidence, right, bins: float((confidence - right).mean()),
            "too sure in one part and too modest in another cancel: take the absolute gap of each part first.",
        ),
        Mistake(
            "each request its own part",
            lambda confidence, right, bins: float(np.abs(confidence - right).mean()),
            "a single request is right or wrong, never 80 % right: average within a part before taking the gap.",
        ),
        Mistake(
            "the lower end included",
            lambda confidence, right, bins: _lower_included(confidence, right, bins),
            "a part holds its upper end, not its lower one: 0.4 belongs to the part from 0.2 to 0.4.",
        ),
    ),
)


def _lower_included(confidence, right, bins):
    part = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs((confidence - right)[part == i].sum()) for i in range(bins)) / len(part))


# --- cpt ----------------------------------------------------------------------------------------


def _routers(rng):
    for requests, ties in ((30, False), (400, False), (200, True)):
        score = rng.integers(8, size=requests) / 8 if ties else rng.random(requests)
        weak = rng.random(requests) < 0.2 + 0.7 * score
        yield score, weak, np.ones(requests, dtype=bool), float(rng.choice([0.5, 0.8, 0.95]))


def _walk(score, weak, strong, step=1):
    """Shares and recovered gaps, request by request, those of equal score in the order given."""
    order = np.argsort(step * np.asarray(score), kind="stable")
    gain = (strong.astype(float) - weak)[order]
    share = np.arange(len(score) + 1) / len(score)
    return share, np.append(0.0, np.cumsum(gain)) / gain.sum()


def _first(share, recovered, level):
    return float(share[np.argmax(recovered >= level - 1e-12)])


check.function(
    cpt,
    cases=_routers,
    nudge="Escalate the least sure requests first; after how many has the share `recovered` of the gap been closed?",
    mistakes=(
        Mistake(
            "the surest escalated first",
            lambda score, weak, strong, recovered: _first(*_walk(score, weak, strong, step=-1), recovered),
            "a high score means sure: it is the lowest scores that are escalated first.",
        ),
        Mistake(
            "ties parted",
            lambda score, weak, strong, recovered: _first(*_walk(score, weak, strong), recovered),
            "no threshold parts two requests of the same score: look only after the last one of each score.",
        ),
        Mistake(
            "a number of requests",
            lambda score, weak, strong, recovered: len(score) * cpt(score, weak, strong, recovered),
            "a share lies between 0 and 1: divide by the number of requests.",
        ),
        Mistake(
            "accuracy, not the gap",
            lambda score, weak, strong, recovered: _first(
                *_accuracy(*_walk(score, weak, strong), weak, strong), recovered
            ),
            "what must reach the level is the share of the gap, (router - weak) / (strong - weak), not the accuracy.",
        ),
        Mistake(
            "the recovered share at that share",
            lambda score, weak, strong, recovered: float(
                np.interp(recovered, *_walk(score, weak, strong)),
            ),
            "that reads the curve the other way round: given is the share of the gap, wanted the share of the requests.",
        ),
    ),
)


def _accuracy(share, recovered, weak, strong):
    return share, weak.mean() + recovered * (strong.mean() - weak.mean())


# --- conformal_threshold ------------------------------------------------------------------------


def _calibration_sets(rng):
    for requests, alpha in ((60, 0.1), (600, 0.05), (15, 0.05)):
        score = rng.random(requests)
        yield score, rng.random(requests) < 0.4 * (1 - score), alpha
    score = rng.integers(12, size=200) / 12
    yield score, rng.random(200) < 0.4 * (1 - score), 0.08


def _lowest(score, fine):
    """The lowest of the thresholds -inf, every score, inf that is fine."""
    for threshold in (-np.inf, *np.unique(score)):
        if fine(threshold):
            return float(threshold)
    return float("inf")


check.function(
    conformal_threshold,
    cases=_calibration_sets,
    nudge="Count the kept and wrong requests at a threshold, add the one to come as if it were wrong, divide by n + 1.",
    mistakes=(
        Mistake(
            "the next request forgotten",
            lambda score, wrong, alpha: _lowest(score, lambda t: (wrong & (score >= t)).sum() <= alpha * len(score)),
            "the promise is about the next request, which is none of these: (errors + 1) / (n + 1) <= alpha.",
        ),
        Mistake(
            "the error among the kept",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: wrong[score >= t].sum() + 1 <= alpha * ((score >= t).sum() + 1)
            ),
            "what is bounded is the joint error: kept and wrong, divided by all requests, not by the kept ones.",
        ),
        Mistake(
            "the others kept",
            lambda score, wrong, alpha: _lowest(
                score, lambda t: (wrong & (score < t)).sum() + 1 <= alpha * (len(score) + 1)
            ),
            "kept are the requests whose score is at least the threshold; those below it are escalated.",
        ),
        Mistake(
            "the highest instead of the lowest",
            lambda score, wrong, alpha: float(score.max()),
            "escalating nearly everything keeps the promise, too: the lowest threshold that keeps it is wanted.",
        ),
    ),
)


# --- product_policy -----------------------------------------------------------------------------

# What the brief asks for.
_RIGHT, _HARD, _ESCALATED, _ASKED, _TUNNEL = 0.92, 0.78, 0.30, 0.13, 0.06
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


@functools.cache
def product_traffic():
    """Held-out and drifted requests as the ready-made bundle sees them, and a cloud that is right as often as stated."""
    from edgelab import dataset
    from edgelab.bundle import Bundle
    from edgelab.redaction import as_it_is, leaked
    from edgelab.traffic import ASK, collect, user_phrases
    from edgelab.workspace import data_home

    pocket, bundle = dataset.load("pocket"), Bundle.load(data_home() / "bundles" / "pocket")
    hard, (texts, labels) = pocket.extra["hard"], user_phrases(data_home() / "pocket" / "users")
    requests = {
        "held out": (pocket.test.texts, pocket.test.labels, pocket.test.spans),
        "hard": (hard.texts, hard.labels, hard.spans),
        "users": (texts, labels, [()] * len(texts)),  # their values are not marked
    }
    traffic = {}
    for number, (name, (said, meant, spans)) in enumerate(requests.items()):
        good = np.random.default_rng(number).random(len(said)) < _CLOUD[name]
        called = np.where(good, meant, ASK)  # where it fails it talks instead of calling
        private = [leaked(as_it_is(text), marked) for text, marked in zip(said, spans, strict=True)]
        traffic[name] = collect(bundle, said, meant, called, success=_QUESTION, private=private, seed=number)
    return traffic


def _judge_policy(data: dict) -> list[str]:
    from edgelab.policy import policy_from, unknown_labels
    from edgelab.traffic import Terms, outcome

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
        "a wrong high-stakes call is carried out without asking": any(o.stakes_unasked for o in found.values()),
        f"in the tunnel more than {_TUNNEL:.0%} are carried out wrongly": (
            1 - tunnel.accuracy.value - tunnel.refused > _TUNNEL
        ),
    }
    return [complaint for complaint, holds in complaints.items() if holds]


check.design(
    "product_policy",
    PRODUCT_POLICY,
    judge=_judge_policy,
    nudge="Go through the brief line by line: which key of the policy answers it?",
    mistakes=(
        Mistake(
            "never unsure",
            PRODUCT_POLICY | {"threshold": 0.0},
            "at this threshold nothing is unsure: only what the device calls ask_cloud leaves it.",
        ),
        Mistake(
            "hardly ever sure",
            PRODUCT_POLICY | {"threshold": 0.97},
            "the threshold buys accuracy with escalations: lower it until the budget holds.",
        ),
        Mistake(
            "asked only when unsure",
            PRODUCT_POLICY | {"confirm_below": 0.8},
            "a confident mistake passes confirm_below: stakes are a matter of the tool, not of the score.",
        ),
        Mistake(
            "one tool forgotten",
            PRODUCT_POLICY | {"confirm": ["send_money", "delete_data"]},
            "which of the tools spend money or cannot be undone? All of them belong into confirm.",
        ),
        Mistake(
            "asked about anything near",
            PRODUCT_POLICY | {"reach": 0.01},
            "a reach this small takes a hundredth of a probability for high stakes: users stop reading what they confirm.",
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
    ),
)
