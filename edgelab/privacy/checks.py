"""The exercises of `09_privacy`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.privacy import (
    budget_exercise,
    editions_exercise,
    fault_exercise,
    flow_exercise,
    groups_exercise,
    leak_exercise,
    membership_exercise,
    normalise_exercise,
    response_exercise,
)
from edgelab.privacy.shipping_exercise import MISTAKES, SHIPPING_PLAN, judge_plan

check = Checks(notebook="09_privacy")
response_exercise.register(check)
budget_exercise.register(check)
groups_exercise.register(check)
fault_exercise.register(check)
flow_exercise.register(check)
leak_exercise.register(check)
membership_exercise.register(check)
editions_exercise.register(check)
normalise_exercise.register(check)
check.design(
    "shipping_plan",
    SHIPPING_PLAN,
    judge=judge_plan,
    nudge="Which entry decides the line that is named, and in which direction? Begin with the budget: how often must a phone report, what may each report cost? Then the group, the limit, the answers. The rehearsal is easier than what judges.",
    mistakes=MISTAKES,
)
