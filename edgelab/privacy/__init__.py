"""`09_privacy`: what leaves the device, and who can take the model.

What leaves: `randomized` (randomized response), `telemetry` and its `budget`, `redacting` (what redaction hides, and costs),
`data_flow` (what the package itself stores and sends), `label` and `duties` made from it.
"""

from edgelab.privacy.budget import Budget, BudgetSpent
from edgelab.privacy.data_flow import data_flow, declared_sends, declared_stores
from edgelab.privacy.duties import Duty, duties
from edgelab.privacy.label import privacy_label
from edgelab.privacy.randomized import (
    epsilon_of,
    estimate_shares,
    randomized_choice,
    randomized_response,
    truth_probability,
    unbiased_share,
)
from edgelab.privacy.redacting import HidingCost, Recall, cost_of_hiding, private_recall
from edgelab.privacy.telemetry import (
    Bins,
    Count,
    GroupTooSmall,
    Journal,
    Plan,
    YesNo,
    aggregate,
    make_report,
    simulate_reports,
)

__all__ = [
    "Bins",
    "Budget",
    "BudgetSpent",
    "Count",
    "Duty",
    "GroupTooSmall",
    "HidingCost",
    "Journal",
    "Plan",
    "Recall",
    "YesNo",
    "aggregate",
    "cost_of_hiding",
    "data_flow",
    "declared_sends",
    "declared_stores",
    "duties",
    "epsilon_of",
    "estimate_shares",
    "make_report",
    "privacy_label",
    "private_recall",
    "randomized_choice",
    "randomized_response",
    "simulate_reports",
    "truth_probability",
    "unbiased_share",
]
