"""`load("pocket")`, `load("clinc150")`, `load("snips2017")`, `load("my_data.csv")`: all give a `Dataset`; `load_split` a part."""

from pathlib import Path

from edgelab.datasets.dataset import SPLITS, Dataset, Part, joined
from edgelab.datasets.files import load_file, load_file_split
from edgelab.datasets.pocket import load_pocket
from edgelab.datasets.public import clinc150, snips2017
from edgelab.datasets.sources import NAMED, DataError, fetch
from edgelab.workspace import data_home


def load(source: str | Path) -> Dataset:
    """The data set of that name, or the learner's file of that path, with slots or without (`files.read_rows` says how it
    gives them); a `DataError` where it is missing or malformed."""
    if source == "pocket":
        return load_pocket(data_home() / "pocket")
    if source == "clinc150":
        return clinc150(fetch("clinc150"))
    if source == "snips2017":
        return snips2017(fetch("snips2017"))
    return load_file(Path(source))


def load_split(source: str | Path, split: str | None = None) -> Part:
    """Examples to ask a model about, of the data that `load` loads: the split of that name, or `all`.

    By default test is taken. Nothing is trained on them, so a file may hold any rows: a test split alone, a single
    label. One that names no splits is taken whole; a split that is asked for is the one that `load` divides off.

    Raises:
        DataError: as `load`, or there is no such split; the message names those that there are.
    """
    if source not in NAMED:
        return load_file_split(Path(source), split)
    data, wanted = load(source), split or "test"
    splits = {name: getattr(data, name) for name in SPLITS} | data.extra
    if wanted == "all":
        return Part(data.name, wanted, joined([splits[name] for name in SPLITS]))
    if wanted not in splits:
        raise DataError(f"{data.name} has no split {wanted!r}; it has {', '.join(splits)}, and all")
    return Part(data.name, wanted, splits[wanted])
