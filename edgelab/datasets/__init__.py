"""Utterances with labels and slots: the course's own, two public sets, or the learner's file."""

from edgelab.datasets.choice import chosen
from edgelab.datasets.dataset import SPLITS, Dataset, Part, Split
from edgelab.datasets.lines import load_lines
from edgelab.datasets.loading import load, load_split
from edgelab.datasets.slots import Span
from edgelab.datasets.sources import DataError

__all__ = ["DataError", "Dataset", "Part", "SPLITS", "Span", "Split", "chosen", "load", "load_lines", "load_split"]
