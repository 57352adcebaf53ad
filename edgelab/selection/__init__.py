"""`10_selection`: the bar, the smallest model that clears it, how sure that is, what it costs, and shipping the next one."""

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
from edgelab.selection.observed import asked_of, observe, sureness
from edgelab.selection.pareto import pareto_front
from edgelab.selection.rollout import (
    Estimate,
    Fleet,
    Look,
    Plan,
    Release,
    Rollout,
    asked,
    estimate_of,
    exact_report,
    follow,
    information,
    power,
    simulate_looks,
    so_far,
)
from edgelab.selection.rule import Candidate, choose, misses, smallest_clearing
from edgelab.selection.sequential import (
    Rule,
    evidence_rule,
    naive_rule,
    spending_bounds,
    spending_rule,
    split_rule,
)
from edgelab.selection.shift import (
    alarm_rate,
    alarm_threshold,
    distance,
    notice,
)
from edgelab.selection.update import (
    WayOn,
    adapter_way,
    matched_threshold,
    threshold_ways,
)

__all__ = [
    "ASSUMPTIONS",
    "Bar",
    "Candidate",
    "Change",
    "Decision",
    "Estimate",
    "Evidence",
    "EvidenceError",
    "Fleet",
    "FormError",
    "HERE",
    "Harm",
    "Look",
    "NONE",
    "Plan",
    "Prices",
    "Release",
    "Requirements",
    "Rollout",
    "Rule",
    "Verdict",
    "Way",
    "WayOn",
    "adapter_way",
    "alarm_rate",
    "alarm_threshold",
    "asked",
    "asked_of",
    "battery_share",
    "break_even",
    "cautious_card",
    "choose",
    "clearing",
    "cost",
    "cost_per_million",
    "decide",
    "distance",
    "estimate_of",
    "evidence_rule",
    "exact_report",
    "fixed",
    "follow",
    "information",
    "intervals",
    "judge_card",
    "load",
    "matched_threshold",
    "misses",
    "observe",
    "naive_rule",
    "notice",
    "pareto_front",
    "power",
    "probability_clears",
    "probability_each",
    "probability_smallest",
    "running",
    "save",
    "simulate_looks",
    "smallest_clearing",
    "sureness",
    "so_far",
    "spending_bounds",
    "spending_rule",
    "split_rule",
    "threshold_ways",
    "what_would_change",
]
