"""The exercises of `10_selection`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.selection import (
    certainty_exercise,
    changes_exercise,
    costs_exercise,
    fault_exercise,
    form_exercise,
    pareto_exercise,
    release_exercise,
    rollout_exercise,
    shift_exercise,
)

check = Checks(notebook="10_selection")
check.design(
    "form",
    form_exercise.FORM,
    judge=form_exercise.judge_form,
    nudge="One field for each line of the brief, and none that it does not ask for. In which unit is each?",
    mistakes=form_exercise.MISTAKES,
)
pareto_exercise.register(check)
certainty_exercise.register(check)
changes_exercise.register(check)
costs_exercise.register(check)
check.design(
    "stop",
    rollout_exercise.stop,
    judge=rollout_exercise.judge_rule,
    nudge="How many standard errors does chance reach at ONE look, and how many at the boldest of twelve?",
    mistakes=rollout_exercise.MISTAKES,
)
check.design(
    "rollout_fault",
    fault_exercise.ROLLOUT_FAULT,
    judge=fault_exercise.judge_fault,
    nudge="Compare old and new tier by tier. Then read each row from left to right: which two entries do not belong together?",
    mistakes=fault_exercise.MISTAKES,
)
shift_exercise.register(check)
check.design(
    "release",
    release_exercise.RELEASE,
    judge=release_exercise.judge_release,
    nudge="The table is of validation. Which traffic will the judge bring, and on which side of the cheapest threshold does that lie?",
    mistakes=release_exercise.MISTAKES,
)
