"""The exercises of `03_export`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.export import (
    fault_exercise,
    fusion_exercise,
    operators_exercise,
    placement_exercise,
    plan_exercise,
    precision_exercise,
    runtime_exercise,
)

check = Checks(notebook="03_export")
operators_exercise.register(check)
runtime_exercise.register(check)
check.design(
    "export_fault",
    fault_exercise.EXPORT_FAULT,
    judge=fault_exercise.judge_fault,
    nudge="All four are right for one request of seven tokens. Change one thing at a time: requests, tokens, padding.",
    mistakes=fault_exercise.MISTAKES,
)
fusion_exercise.register(check)
placement_exercise.register(check)
precision_exercise.register(check)
plan_exercise.register(check)
