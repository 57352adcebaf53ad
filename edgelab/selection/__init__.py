"""`10_selection`: the bar, the smallest model that clears it, how sure that is, and what it costs."""

from edgelab.selection.bar import Bar
from edgelab.selection.certainty import NONE, clearing, probability_clears, probability_each, probability_smallest
from edgelab.selection.changes import Change, what_would_change
from edgelab.selection.costs import (
    ASSUMPTIONS,
    Prices,
    Way,
    battery_share,
    break_even,
    cost_per_million,
    fixed,
    running,
)
from edgelab.selection.decision import Decision, decide
from edgelab.selection.evidence import Evidence, EvidenceError, cautious_card, intervals, load, save
from edgelab.selection.form import HERE, FormError, Requirements, judge_card
from edgelab.selection.judge import Harm, Verdict, cost
from edgelab.selection.pareto import pareto_front
from edgelab.selection.rule import Candidate, choose, misses, smallest_clearing

__all__ = [
    "ASSUMPTIONS",
    "Bar",
    "Candidate",
    "Change",
    "Decision",
    "Evidence",
    "EvidenceError",
    "FormError",
    "HERE",
    "Harm",
    "NONE",
    "Prices",
    "Requirements",
    "Verdict",
    "Way",
    "battery_share",
    "break_even",
    "cautious_card",
    "choose",
    "clearing",
    "cost",
    "cost_per_million",
    "decide",
    "fixed",
    "intervals",
    "judge_card",
    "load",
    "misses",
    "pareto_front",
    "probability_clears",
    "probability_each",
    "probability_smallest",
    "running",
    "save",
    "smallest_clearing",
    "what_would_change",
]
