"""`10_selection`: the bar, and the smallest model that clears it."""

from edgelab.selection.bar import Bar
from edgelab.selection.rule import Candidate, choose, misses, smallest_clearing

__all__ = ["Bar", "Candidate", "choose", "misses", "smallest_clearing"]
