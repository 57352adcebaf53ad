"""The exercises of `04_routing`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.routing import (
    curve_exercise,
    decide_exercise,
    fault_exercise,
    policy_exercise,
    ranking_exercise,
    score_exercise,
    threshold_exercise,
)

check = Checks(notebook="04_routing")
score_exercise.register(check)
curve_exercise.register(check)
ranking_exercise.register(check)
threshold_exercise.register(check)
decide_exercise.register(check)
check.design(
    "router_fault",
    fault_exercise.ROUTER_FAULT,
    judge=fault_exercise.judge_fault,
    nudge="Group the log by what was said: how many, how many corrected, and the scores of the corrected ones beside the others'.",
    mistakes=fault_exercise.MISTAKES,
)
check.design(
    "product_policy",
    policy_exercise.PRODUCT_POLICY,
    judge=policy_exercise.judge_policy,
    nudge="The table is of validation, and the judge's requests are harder. How much room does the promise need, and what costs more room?",
    mistakes=policy_exercise.POLICY_MISTAKES,
)
