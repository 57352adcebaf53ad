"""The exercises of `05_measurement`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.measurement import (
    fair_exercise,
    fault_exercise,
    interval_exercise,
    load_exercise,
    plan_exercise,
    power_exercise,
    round_exercise,
)

check = Checks(notebook="05_measurement")
interval_exercise.register(check)
round_exercise.register(check)
power_exercise.register(check)
load_exercise.register(check)
fault_exercise.register(check)
load_exercise.register_omitted(check)
fair_exercise.register(check)
plan_exercise.register(check)
