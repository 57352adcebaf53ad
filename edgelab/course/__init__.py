"""What every notebook shares: exercises and their checks, predictions, verdicts, explorers, plots, the scoreboard."""

from edgelab.course.exercises import Checks, Mistake
from edgelab.course.notebooks import CourseError
from edgelab.course.prediction import predict, reveal
from edgelab.course.progress_shown import so_far
from edgelab.course.results import in_words, interval_table, verdict

__all__ = ["Checks", "CourseError", "Mistake", "in_words", "interval_table", "predict", "reveal", "so_far", "verdict"]
