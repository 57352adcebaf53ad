"""What every notebook shares: exercises and their checks, predictions, explorers, plots, the scoreboard."""

from edgelab.course.exercises import Checks, Mistake
from edgelab.course.notebooks import CourseError
from edgelab.course.prediction import predict, reveal

__all__ = ["Checks", "CourseError", "Mistake", "predict", "reveal"]
