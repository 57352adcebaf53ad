"""The exercises of `01_distillation`, in its order."""

from edgelab.course.exercises import Checks
from edgelab.distillation import choice_exercise, fault_exercise, loss_exercise, probability_exercise
from edgelab.distillation.bar_exercise import MISTAKES, RELEASE_BAR, judge_bar

check = Checks(notebook="01_distillation")
probability_exercise.register(check)
loss_exercise.register(check)
choice_exercise.register(check)
check.design(
    "release_bar",
    RELEASE_BAR,
    judge=judge_bar,
    nudge="Each sentence of the brief is one line of the bar. Which number of the card does it speak of, and which way?",
    mistakes=MISTAKES,
)
fault_exercise.register(check)
