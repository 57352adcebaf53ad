"""`04_routing`: where each request runs, and why."""

from edgelab.routing.assistant import Answer, Assistant
from edgelab.routing.calibration import calibration_error, fit_temperature, reliability
from edgelab.routing.policy import Decision, Policy, decide, decide_all, policy_from, to_json
from edgelab.routing.scores import SCORES, fit_router, learned_score
from edgelab.routing.simulation import Outcome, Terms, Traffic, collect, outcome, reasons, routing_score, user_phrases
from edgelab.routing.thresholds import allowed_each_time, aurc, conformal_threshold
from edgelab.routing.tradeoff import Curve, apgr, cpt, curve, figures, pgr
from edgelab.stats.ranking import auroc

__all__ = [
    "Answer",
    "Assistant",
    "Curve",
    "Decision",
    "Outcome",
    "Policy",
    "SCORES",
    "Terms",
    "Traffic",
    "allowed_each_time",
    "apgr",
    "aurc",
    "auroc",
    "calibration_error",
    "collect",
    "conformal_threshold",
    "cpt",
    "curve",
    "decide",
    "decide_all",
    "figures",
    "fit_router",
    "fit_temperature",
    "learned_score",
    "outcome",
    "pgr",
    "policy_from",
    "reasons",
    "reliability",
    "routing_score",
    "to_json",
    "user_phrases",
]
