"""`load("pocket")`, `load("clinc150")`, `load("snips2017")`, `load("my_data.csv")`: all give a `Dataset`."""

from pathlib import Path

from edgelab.datasets.dataset import Dataset
from edgelab.datasets.files import load_file
from edgelab.datasets.pocket import load_pocket
from edgelab.datasets.public import clinc150, snips2017
from edgelab.datasets.sources import fetch
from edgelab.workspace import data_home


def load(source: str | Path) -> Dataset:
    """The data set of that name, or the learner's file of that path.

    Raises:
        DataError: the file is missing or malformed, or a download does not match its SHA-256.
    """
    if source == "pocket":
        return load_pocket(data_home() / "pocket")
    if source == "clinc150":
        return clinc150(fetch("clinc150"))
    if source == "snips2017":
        return snips2017(fetch("snips2017"))
    return load_file(Path(source))
