"""The exercises of `08_generation`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.generation import (
    decode_exercise,
    facts_exercise,
    guided_exercise,
    physics_exercise,
    ranks_exercise,
    sampling_exercise,
)
from edgelab.generation.decision_exercise import DECISION, judge_decision
from edgelab.generation.decision_exercise import MISTAKES as DECISION_MISTAKES
from edgelab.generation.fault_exercise import CACHE_FAULT, judge_fault
from edgelab.generation.fault_exercise import MISTAKES as FAULT_MISTAKES

check = Checks(notebook="08_generation")
decode_exercise.register(check)
check.design(
    "cache_fault",
    CACHE_FAULT,
    judge=judge_fault,
    nudge="In layer 0 nothing has gone wrong before: which part differs there, from which place, and which does not?",
    mistakes=FAULT_MISTAKES,
)
sampling_exercise.register(check)
physics_exercise.register(check)
guided_exercise.register(check)
ranks_exercise.register(check)
facts_exercise.register(check)
check.design(
    "decision",
    DECISION,
    judge=judge_decision,
    nudge="Go line by line through the table of what you see: which ways reach the least score, and what do they cost?",
    mistakes=DECISION_MISTAKES,
)
