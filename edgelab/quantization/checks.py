"""The exercises of `02_quantization`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.quantization import (
    clip_exercise,
    fault_exercise,
    integers_exercise,
    plan_exercise,
    product_exercise,
    scales_exercise,
)

check = Checks(notebook="02_quantization")
integers_exercise.register(check)
scales_exercise.register(check)
product_exercise.register_moves(check)
integers_exercise.register_affine(check)
product_exercise.register_saturating(check)
clip_exercise.register(check)
fault_exercise.register_bytes(check)
fault_exercise.register_fault(check)
plan_exercise.register(check)
