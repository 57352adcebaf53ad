"""The exercises of `06_tiers`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.tiers import alike_exercise, assignment_exercise, coverage_exercise, integers_exercise, pauses_exercise
from edgelab.tiers.fault_exercise import MISTAKES as FAULT_MISTAKES
from edgelab.tiers.fault_exercise import judge_rule, suspect
from edgelab.tiers.release_exercise import MISTAKES as PLAN_MISTAKES
from edgelab.tiers.release_exercise import RELEASE_PLAN, judge_release

check = Checks(notebook="06_tiers")
alike_exercise.register(check)
check.design(
    "suspect",
    suspect,
    judge=judge_rule,
    nudge="Sort the pairs by ratio. In which column do the slowest rows differ from all the others?",
    mistakes=FAULT_MISTAKES,
)
assignment_exercise.register(check)
coverage_exercise.register(check)
pauses_exercise.register(check)
integers_exercise.register(check)
check.design(
    "release_plan",
    RELEASE_PLAN,
    judge=judge_release,
    nudge="The plan decides by the flagship on the desk. How much slower is each tier than that, at worst, on what you saw?",
    mistakes=PLAN_MISTAKES,
)
