"""Routers beside each other, on the same requests: their figures, and which is better by the paired interval."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from edgelab.models.trained import Trained
from edgelab.routing import calibration
from edgelab.routing.notebook import confident
from edgelab.routing.policy import Policy
from edgelab.routing.scores import LEARNED, SCORES, fit_router, learned_score
from edgelab.routing.simulation import ASK, Traffic, routing_score
from edgelab.routing.thresholds import aurc
from edgelab.routing.tradeoff import apgr, figures, oracle
from edgelab.stats.bootstrap import bootstrap
from edgelab.stats.intervals import Interval
from edgelab.stats.ranking import auroc
from edgelab.stats.softmax import softmax

if TYPE_CHECKING:
    import pandas as pd

Score = Callable[[np.ndarray], np.ndarray]
Line = tuple[np.ndarray, np.ndarray]
Curved = Callable[[np.ndarray, np.ndarray, np.ndarray], Line]
CalibrationError = Callable[[np.ndarray, np.ndarray, int], float]
TOOLS, ALL = "tool calls", "with open questions"
PAIRS = (("max_probability", "random"), ("energy", "max_probability"), ("learned", "max_probability"))


def trained_routers(validation: Traffic) -> tuple[dict[str, Score], tuple[float, ...]]:
    """The four scores and the learned one, and its weights, fitted on validation."""
    weights = fit_router(validation.logits, validation.device_right)
    return {**SCORES, LEARNED: lambda logits: learned_score(logits, weights)}, weights


def lines_of(traffic: Traffic, scores: Mapping[str, Score], quality_curve: Curved, pgr: Score) -> dict[str, Line]:
    """Share escalated and share of the gap recovered, by the learner's functions: of the oracle, who knows both outcomes, and of
    two scores."""
    lines = {}
    for name in ("oracle", "max_probability", "energy"):
        known = name == "oracle"
        score = oracle(traffic.device_right, traffic.cloud_right) if known else scores[name](traffic.logits)
        share, quality = quality_curve(score, traffic.device_right, traffic.cloud_right)
        lines[name] = share, pgr(quality)
    return lines


def same_areas(traffic: Traffic, scores: Mapping[str, Score], quality_curve: Curved, pgr: Score) -> int:
    """Of how many scores the area under the learner's curve is the library's APGR."""
    close = 0
    for score in scores.values():
        values = score(traffic.logits.astype(np.float64))
        share, quality = quality_curve(values, traffic.device_right, traffic.cloud_right)
        area = apgr(values, traffic.device_right, traffic.cloud_right)
        close += abs(float(np.trapezoid(pgr(quality), share)) - area) < 1e-9
    return close


def settings(traffic: Traffic) -> dict[str, Traffic]:
    """The tool calls alone, and all requests."""
    return {TOOLS: traffic.where(traffic.gold != ASK), ALL: traffic}


def compared(traffic: Traffic, routers: Mapping[str, Score], yours: Callable[..., float]) -> "pd.DataFrame":
    """Each router's figures in both settings, with intervals; `yours` is a learner's AUROC. What divides by the gap stands only
    where open questions make one: on tool calls the student may be as good as its teacher."""
    import pandas as pd

    rows: dict[tuple[str, str], dict[str, str]] = {}
    for setting, t in settings(traffic).items():
        for name, router in routers.items():
            score = router(t.logits)
            row = {"AUROC, yours": f"{yours(score, t.device_right):.2f}"}
            row["AUROC"] = f"{bootstrap(auroc, score, t.device_right):.2f}"
            row["AURC"] = f"{bootstrap(aurc, score, ~t.device_right):.3f}"
            if setting == ALL:
                found = figures(score, t.device_right, t.cloud_right)
                row["APGR"] = f"{found.apgr:.2f}"
                row |= {f"CPT({100 * level:.0f} %)": f"{share:.2f}" for level, share in found.cpt.items()}
            rows[setting, name] = row
    return pd.DataFrame(rows).T.fillna("")


def leads(traffic: Traffic, routers: Mapping[str, Score]) -> dict[str, Interval]:
    """By pair and setting (`a beats b, tool calls`), how much larger a's AUROC is: both on the same draws of requests. Those
    against a random score come first."""
    found = {}
    for a, b in PAIRS:
        for setting, t in settings(traffic).items():
            chance = np.random.default_rng(0).random(len(t))
            scores = [chance if name == "random" else routers[name](t.logits) for name in (a, b)]
            found[f"{a} beats {b}, {setting}"] = bootstrap(lead, *scores, t.device_right)
    return found


def lead(a: np.ndarray, b: np.ndarray, right: np.ndarray) -> float:
    """How much larger a's AUROC is than b's."""
    return auroc(a, right) - auroc(b, right)


def energy_gains(traffic: Traffic) -> Interval:
    """How much more the energy leads the largest probability on all requests than on the tool calls among them."""

    def turn(a: np.ndarray, b: np.ndarray, right: np.ndarray, tool: np.ndarray) -> float:
        return lead(a, b, right) - lead(a[tool], b[tool], right[tool])

    energy, largest = (SCORES[name](traffic.logits) for name in ("energy", "max_probability"))
    return bootstrap(turn, energy, largest, traffic.device_right, traffic.gold != ASK)


def with_rule(
    traffic: Mapping[str, Traffic], routers: Mapping[str, Score], weights: tuple[float, ...]
) -> "tuple[pd.DataFrame, Interval]":
    """APGR on test without the rule that open questions go first, and with it on validation and test, also with a random score;
    and how far the worst score with the rule leads the best one without, both on the same draws of test."""
    import pandas as pd

    test, rows, ruled = traffic["test"], {}, {}
    for name, router in routers.items():
        policy = Policy(score=name, weights=weights if name == LEARNED else ())
        row = {"test, without": apgr(router(test.logits), test.device_right, test.cloud_right)}
        for split in ("validation", "test"):
            t = traffic[split]
            row[f"{split}, with"] = apgr(routing_score(policy, t), t.device_right, t.cloud_right)
        rows[name], ruled[name] = row, routing_score(policy, test)
    table = pd.DataFrame(rows).T
    for split in ("validation", "test"):
        t = traffic[split]
        chance = np.random.default_rng(0).random(len(t))
        first = np.where(t.device_labels == ASK, -1.0, chance)
        table.loc["random", f"{split}, with"] = apgr(first, t.device_right, t.cloud_right)
    table.loc["random", "test, without"] = apgr(chance, test.device_right, test.cloud_right)
    scores = table.drop("random")
    worst, best = scores["test, with"].idxmin(), scores["test, without"].idxmax()
    both = ruled[worst], routers[best](test.logits)
    return table, bootstrap(_area_lead, *both, test.device_right, test.cloud_right)


def _area_lead(a: np.ndarray, b: np.ndarray, weak: np.ndarray, strong: np.ndarray) -> float:
    return apgr(a, weak, strong) - apgr(b, weak, strong)


# --- is 0.9 nine in ten? ------------------------------------------------------------------------


def calibrated(traffic: Mapping[str, Traffic], calibration_error: CalibrationError) -> "pd.DataFrame":
    """ECE of each traffic by the number of parts; in brackets what a perfectly calibrated model stays below in 95 of 100."""
    import pandas as pd

    rows = {}
    for name, t in traffic.items():
        sure, right = confident(t)
        rows[name] = {f"{bins} parts": _ece(sure, right, bins, calibration_error) for bins in (5, 15, 50)}
    return pd.DataFrame(rows).T


def temperatures(
    teacher: Trained, traffic: Mapping[str, Traffic], calibration_error: CalibrationError
) -> "pd.DataFrame":
    """Student and teacher, as they are and at the temperature that fits validation best: ECE and -log likelihood."""
    import pandas as pd

    names = ("validation", "test")
    ids = {name: np.array([traffic[name].labels.index(label) for label in traffic[name].gold]) for name in names}
    models = {
        "student": {name: traffic[name].logits for name in names},
        "teacher": {name: teacher.outputs(name).intent_logits for name in names},
    }
    rows = {}
    for model, logits in models.items():
        fitted = calibration.fit_temperature(logits["validation"], ids["validation"])
        for at, how in ((1.0, "as it is"), (fitted, "scaled")):
            row = {"T": f"{at:.2f}"}
            for name in names:
                sure, right = softmax(logits[name] / at).max(1), logits[name].argmax(1) == ids[name]
                row[f"ECE, {name}"] = _ece(sure, right, calibration.BINS, calibration_error)
                likelihood = calibration.negative_log_likelihood(logits[name], ids[name], at)
                row[f"-log likelihood, {name}"] = f"{likelihood:.3f}"
            rows[f"{model}, {how}"] = row
    return pd.DataFrame(rows).T


def _ece(sure: np.ndarray, right: np.ndarray, bins: int, calibration_error: CalibrationError) -> str:
    return f"{calibration_error(sure, right, bins):.3f} ({calibration.chance_error(sure, bins):.3f})"
