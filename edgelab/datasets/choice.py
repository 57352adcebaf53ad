"""The data set that a notebook works on: the course's own, or the learner's, named by `EDGELAB_DATASET`."""

import os
from pathlib import Path

from edgelab.datasets.dataset import Dataset
from edgelab.datasets.loading import load
from edgelab.datasets.sources import NAMED

VARIABLE = "EDGELAB_DATASET"
COURSE = "pocket"


def chosen() -> Dataset:
    """Pocket, or what `EDGELAB_DATASET` names: a file of the learner's, or a public set (`loading.load`). Of these it says
    so, in a line. A `DataError` where it is missing or malformed, as `load` raises it."""
    source = named()
    data = load(source)
    if source != COURSE:
        print(f"{VARIABLE}: {data.name}. What the text says of Pocket's figures need not hold for it.")
    return data


def named() -> str:
    """What the variable says; Pocket where it is not set."""
    return os.environ.get(VARIABLE, "").strip() or COURSE


def settle() -> None:
    """See that the choice can be loaded, and make a path absolute: a kernel works in its notebook's folder, not in that
    of the shell where the variable was set. A `DataError` as `chosen` raises it."""
    source = named()
    if source not in NAMED:
        load(source)
        os.environ[VARIABLE] = str(Path(source).absolute())
