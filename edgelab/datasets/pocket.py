"""The course's own data: one text file for each split and label, slots in brackets."""

from pathlib import Path

from edgelab.datasets.dataset import SPLITS, Dataset, Split, assemble
from edgelab.datasets.slots import Span, parse_marked
from edgelab.datasets.sources import DataError, read_text


def read_marked(path: Path) -> list[tuple[str, tuple[Span, ...]]]:
    """Utterances in bracket notation, one a line.

    Raises:
        DataError: names the line with a stray bracket.
    """
    out = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            out.append(parse_marked(line))
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error}") from None
    return out


def load_pocket(folder: Path) -> Dataset:
    """`folder/SPLIT/LABEL.txt` for each split and label, and `hard.txt` as the extra split `hard`.

    Raises:
        DataError: a split holds no utterances.
    """
    splits = {}
    for name in SPLITS:
        rows = [(t, f.stem, s) for f in sorted((folder / name).glob("*.txt")) for t, s in read_marked(f)]
        if not rows:
            raise DataError(f"{folder / name}: expected the course's utterances, found none; install the course again")
        splits[name] = Split(*(tuple(column) for column in zip(*rows, strict=True)))
    return assemble("pocket", splits, {"hard": read_hard(folder / "hard.txt")[0]})


def read_hard(path: Path) -> tuple[Split, tuple[str, ...]]:
    """The hard set (`label<TAB>kind<TAB>utterance` a line) and the kind of difficulty of each line."""
    rows = [line.split("\t") for line in read_text(path).splitlines()]
    parsed = [parse_marked(marked) for _, _, marked in rows]
    split = Split(tuple(t for t, _ in parsed), tuple(r[0] for r in rows), tuple(s for _, s in parsed))
    return split, tuple(r[1] for r in rows)
