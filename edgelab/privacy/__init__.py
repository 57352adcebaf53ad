"""`09_privacy`: what leaves the device, and who can take the model.

What leaves: `randomized` (randomized response), `telemetry` and its `budget`, `redacting` (what redaction hides, and costs),
`data_flow` (what the package itself stores and sends), `label` and `duties` made from it.
"""

from edgelab.privacy.aggregation import GroupTooSmall, aggregate, aggregate_groups, share_below
from edgelab.privacy.budget import Budget, BudgetSpent
from edgelab.privacy.data_flow import Declared, data_flow, declared, declared_sends, declared_stores, is_declared
from edgelab.privacy.duties import Duty, duties
from edgelab.privacy.journal import LATENCY_EDGES_MS, Journal, bin_of
from edgelab.privacy.label import privacy_label
from edgelab.privacy.randomized import (
    epsilon_of,
    estimate_shares,
    randomized_choice,
    randomized_response,
    truth_probability,
    unbiased_share,
)
from edgelab.privacy.redacting import HidingCost, Recall, cost_of_hiding, private_recall, redact_all
from edgelab.privacy.telemetry import (
    POCKET_PLAN,
    Bins,
    Count,
    Plan,
    YesNo,
    make_report,
    mechanism,
    send_report,
    simulate_reports,
)
from edgelab.privacy.watching import Event, Watched, run_watched, undeclared

__all__ = [
    "Bins",
    "Budget",
    "BudgetSpent",
    "Count",
    "Declared",
    "Duty",
    "Event",
    "GroupTooSmall",
    "HidingCost",
    "Journal",
    "LATENCY_EDGES_MS",
    "POCKET_PLAN",
    "Plan",
    "Recall",
    "Watched",
    "YesNo",
    "aggregate",
    "aggregate_groups",
    "bin_of",
    "cost_of_hiding",
    "data_flow",
    "declared",
    "declared_sends",
    "declared_stores",
    "duties",
    "epsilon_of",
    "estimate_shares",
    "is_declared",
    "make_report",
    "mechanism",
    "privacy_label",
    "private_recall",
    "randomized_choice",
    "randomized_response",
    "redact_all",
    "run_watched",
    "send_report",
    "share_below",
    "simulate_reports",
    "truth_probability",
    "unbiased_share",
    "undeclared",
]
