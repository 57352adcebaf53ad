"""The course's own data: one text file for each split and label, slots in brackets."""

from dataclasses import replace
from pathlib import Path

from edgelab.datasets.dataset import SPLITS, Dataset, Split, assemble
from edgelab.datasets.lines import load_lines
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
    """`folder/SPLIT/LABEL.txt` for each split and label; `hard.txt` and the hand-labelled sample of the unlabelled lines
    as the extra splits `hard` and `plain`; the other unlabelled lines.

    Raises:
        DataError: a split holds no utterances.
    """
    splits = {}
    for name in SPLITS:
        rows = [(t, f.stem, s) for f in sorted((folder / name).glob("*.txt")) for t, s in read_marked(f)]
        if not rows:
            raise DataError(f"{folder / name}: expected the course's utterances, found none; install the course again")
        splits[name] = Split(*(tuple(column) for column in zip(*rows, strict=True)))
    plain = read_sample(folder / "unlabelled_sample.txt")[0]
    pocket = assemble("pocket", splits, {"hard": read_hard(folder / "hard.txt")[0], "plain": plain})
    known = set(plain.texts)
    lines = tuple(line for line in load_lines(folder / "unlabelled.txt") if line not in known)
    return replace(pocket, unlabelled=lines)


def read_hard(path: Path) -> tuple[Split, tuple[str, ...]]:
    """The hard set (`label<TAB>kind<TAB>utterance` a line) and the kind of difficulty of each line."""
    rows = [line.split("\t") for line in read_text(path).splitlines()]
    parsed = [parse_marked(marked) for _, _, marked in rows]
    split = Split(tuple(t for t, _ in parsed), tuple(r[0] for r in rows), tuple(s for _, s in parsed))
    return split, tuple(r[1] for r in rows)


def read_sample(path: Path) -> tuple[Split, tuple[Split, Split]]:
    """The hand-labelled sample of `unlabelled.txt`, and what each of its two annotators had answered.

    A line is `label<TAB>utterance`. Where an answer of the two is another, it has two columns more, one for each: `=`
    for the same, a label alone where nothing is marked, or a label, a blank and the marked utterance. Only annotators
    say `none`: neither a tool nor an answer would do.
    """
    rows = [line.split("\t") for line in read_text(path).splitlines()]
    labels, parsed = [row[0] for row in rows], [parse_marked(row[1]) for row in rows]
    texts = tuple(text for text, _ in parsed)

    def annotator(column: int) -> Split:
        answers = [row[column] if len(row) > 2 else "=" for row in rows]
        said = [answer.partition(" ") for answer in answers]
        return Split(
            texts,
            tuple(label if name == "=" else name for label, (name, *_) in zip(labels, said, strict=True)),
            tuple(
                spans if name == "=" else parse_marked(marked)[1]
                for (_, spans), (name, _, marked) in zip(parsed, said, strict=True)
            ),
        )

    return Split(texts, tuple(labels), tuple(spans for _, spans in parsed)), (annotator(2), annotator(3))
