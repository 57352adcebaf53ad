"""The exercises of `07_personalization`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.personalization import (
    cache_exercise,
    head_exercise,
    lowrank_exercise,
    prototypes_exercise,
    replay_exercise,
)
from edgelab.personalization.plan_exercise import MISTAKES, PERSONAL_PLAN, judge_plan

check = Checks(notebook="07_personalization")
prototypes_exercise.register(check)
head_exercise.register_threshold(check)
cache_exercise.register(check)
prototypes_exercise.register_unfair(check)
lowrank_exercise.register(check)
replay_exercise.register(check)
head_exercise.register_gradient(check)
check.design(
    "personal_plan",
    PERSONAL_PLAN,
    judge=judge_plan,
    nudge="By which split is most_loss kept, and by which does the brief count? What lies between the two?",
    mistakes=MISTAKES,
)
