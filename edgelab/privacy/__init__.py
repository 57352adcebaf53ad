"""`09_privacy`: what leaves the device, and who can take the model.

What leaves: `randomized` (randomized response), `telemetry` and its `budget`, `redacting` (what redaction hides, and costs),
`flow` (what the package itself stores and sends), `watching` whether that is so, a `label` made from it, and `laws`.

Who can take it, and what stands against that, on the project's own bundle: `inspection`, `extraction`, `membership`,
`tampering`, `encryption`, `perturbed`.
"""

from edgelab.privacy.aggregation import GroupTooSmall, aggregate, aggregate_groups, share_below
from edgelab.privacy.budget import Budget, BudgetSpent
from edgelab.privacy.encryption import (
    Exposed,
    decrypt_folder,
    encrypt_folder,
    guessing_seconds,
    new_secret,
    secret_from_passphrase,
    what_is_exposed,
)
from edgelab.privacy.extraction import (
    DEFENCES,
    Stolen,
    honest_refused,
    queries_allowed,
    steal_pocket,
    thief_texts,
    victim_answers,
    worth_of_confidence,
)
from edgelab.privacy.flow import Declared, data_flow, declared, declared_sends, declared_stores, is_declared
from edgelab.privacy.inspection import (
    Inspected,
    inspect_bundle,
    readable_strings,
    strip_names,
    weights_of,
    words_in_vocabulary,
)
from edgelab.privacy.journal import LATENCY_EDGES_MS, Journal, bin_of
from edgelab.privacy.label import privacy_label
from edgelab.privacy.laws import Duty, duties
from edgelab.privacy.membership import Game, adapter_game, prototype_game
from edgelab.privacy.perturbed import (
    OTHER_SCRIPTS,
    PERTURBATIONS,
    Perturbed,
    altered,
    judge_perturbation,
    normalise,
    normalise_hard,
)
from edgelab.privacy.randomized import (
    epsilon_of,
    estimate_shares,
    randomized_choice,
    randomized_response,
    truth_probability,
    unbiased_share,
)
from edgelab.privacy.redacting import HidingCost, Recall, cost_of_hiding, private_recall, redact_all
from edgelab.privacy.tampering import TAMPERINGS, Outcome, tampered_copy, try_tampering
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
from edgelab.privacy.thief import Thief, read_texts, steal
from edgelab.privacy.watching import Event, Watched, run_watched, undeclared

__all__ = [
    "Bins",
    "Budget",
    "BudgetSpent",
    "Count",
    "DEFENCES",
    "Declared",
    "Duty",
    "Event",
    "Exposed",
    "Game",
    "GroupTooSmall",
    "HidingCost",
    "Inspected",
    "Journal",
    "LATENCY_EDGES_MS",
    "OTHER_SCRIPTS",
    "Outcome",
    "PERTURBATIONS",
    "POCKET_PLAN",
    "Perturbed",
    "Plan",
    "Recall",
    "Stolen",
    "TAMPERINGS",
    "Thief",
    "Watched",
    "YesNo",
    "adapter_game",
    "aggregate",
    "aggregate_groups",
    "altered",
    "bin_of",
    "cost_of_hiding",
    "data_flow",
    "declared",
    "declared_sends",
    "declared_stores",
    "decrypt_folder",
    "duties",
    "encrypt_folder",
    "epsilon_of",
    "estimate_shares",
    "guessing_seconds",
    "honest_refused",
    "inspect_bundle",
    "is_declared",
    "judge_perturbation",
    "make_report",
    "mechanism",
    "new_secret",
    "normalise",
    "normalise_hard",
    "privacy_label",
    "private_recall",
    "prototype_game",
    "queries_allowed",
    "randomized_choice",
    "randomized_response",
    "read_texts",
    "readable_strings",
    "redact_all",
    "run_watched",
    "secret_from_passphrase",
    "send_report",
    "share_below",
    "simulate_reports",
    "steal",
    "steal_pocket",
    "strip_names",
    "tampered_copy",
    "thief_texts",
    "truth_probability",
    "try_tampering",
    "unbiased_share",
    "undeclared",
    "victim_answers",
    "weights_of",
    "what_is_exposed",
    "words_in_vocabulary",
    "worth_of_confidence",
]
