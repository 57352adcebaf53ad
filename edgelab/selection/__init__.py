"""`10_selection`: the bar, the smallest model that clears it, and shipping the next one."""

from edgelab.selection.bar import Bar
from edgelab.selection.rollout import (
    Estimate,
    Fleet,
    Look,
    Plan,
    Release,
    Rollout,
    asked,
    exact_report,
    follow,
    information,
    power,
    simulate_looks,
    so_far,
)
from edgelab.selection.rule import (
    Candidate,
    choose,
    misses,
    smallest_clearing,
)
from edgelab.selection.sequential import (
    Rule,
    evidence,
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
    Way,
    adapter_way,
    matched_threshold,
    threshold_ways,
)

__all__ = [
    "Bar",
    "Candidate",
    "Estimate",
    "Fleet",
    "Look",
    "Plan",
    "Release",
    "Rollout",
    "Rule",
    "Way",
    "adapter_way",
    "alarm_rate",
    "alarm_threshold",
    "asked",
    "choose",
    "distance",
    "evidence",
    "evidence_rule",
    "exact_report",
    "follow",
    "information",
    "matched_threshold",
    "misses",
    "naive_rule",
    "notice",
    "power",
    "simulate_looks",
    "smallest_clearing",
    "so_far",
    "spending_bounds",
    "spending_rule",
    "split_rule",
    "threshold_ways",
]
