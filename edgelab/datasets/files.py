"""The learner's own file of labelled texts, with slots or without: CSV, TSV or JSONL."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgelab.datasets.dataset import SPLITS, Dataset, Part, Split, assemble
from edgelab.datasets.slots import Span, parse_marked
from edgelab.datasets.sources import LABELLED, DataError, read_cell, read_records
from edgelab.datasets.spans import read_spans, whole_words


@dataclass(frozen=True)
class Rows:
    """The examples of a file, in order, with the line of each; `assigned` names each one's split, if the file does."""

    path: Path
    numbers: tuple[int, ...]
    examples: Split
    assigned: tuple[str, ...] | None

    @property
    def name(self) -> str:
        """The file's name without its ending."""
        return self.path.stem.encode("utf-8", "replace").decode()  # it may hold bytes that no report takes

    def of(self, split: str, assigned: Sequence[str]) -> Split:
        """The examples that are assigned to a split."""
        return self.examples.where(lambda i: assigned[i] == split)


def read_rows(path: Path) -> Rows:
    """A CSV, TSV or JSONL file with columns `text`, `label` and, optionally, `split`.

    Its slots stand in a column `marked` in place of `text`, `wake me at [6:15](time)` (`slots.parse_marked`), or, in
    JSONL, as offsets: `"slots": [{"start": 11, "end": 15, "name": "time"}]` (`spans.read_spans`). A row without has none;
    where no row has any, `spans` of the examples is None.

    Raises:
        DataError: names the file, the line and what was expected.
    """
    rows = []
    records = read_records(path, LABELLED)
    has_split, has_slots, is_marked = (any(c in r for _, r in records) for c in ("split", "slots", "marked"))
    for number, record in records:
        if is_marked and "marked" not in record:
            raise DataError(f"{path}, line {number}: expected 'marked' as in other lines, found 'text'")
        text, spans = _request(path, number, record)
        label = _value(path, number, "label", record["label"])
        split = str(record.get("split") or "").strip()
        if has_split and split not in SPLITS:
            raise DataError(f"{path}, line {number}: expected split train, validation or test, found {split!r}")
        rows.append((number, text, label, spans, split))
    numbers, texts, labels, of_each, assigned = zip(*rows, strict=True)
    examples = Split(texts, labels, of_each if has_slots or is_marked else None)
    return Rows(path, numbers, examples, assigned if has_split else None)


def load_file(path: Path) -> Dataset:
    """All of a learner's file, fit to train on.

    Without a column `split`, the texts of each label are divided 80/10/10 by a fixed seed. Every label must be in train.
    """
    rows = read_rows(path)
    assigned = rows.assigned or _stratified(rows.examples.texts, rows.examples.labels)
    _check_splits(path, rows.numbers, rows.examples.labels, assigned, rows.assigned is not None)
    return assemble(rows.name, {name: rows.of(name, assigned) for name in SPLITS})


def load_file_split(path: Path, split: str | None) -> Part:
    """What `loading.load_split` says, of a file.

    Raises:
        DataError: the file is malformed, or has no example of that split.
    """
    rows = read_rows(path)
    if split == "all" or (split is None and rows.assigned is None):
        return Part(rows.name, "all", rows.examples)
    wanted = split or "test"
    assigned = rows.assigned or _stratified(rows.examples.texts, rows.examples.labels)
    part = rows.of(wanted, assigned)
    if not len(part):
        known = ", ".join(name for name in SPLITS if name in assigned)
        raise DataError(f"{path}: has no examples of the split {wanted!r}; it has some of {known}, and all")
    return Part(rows.name, wanted, part)


def _check_splits(
    path: Path, numbers: Sequence[int], labels: Sequence[str], assigned: Sequence[str], has_split: bool
) -> None:
    empty = [name for name in SPLITS if name not in assigned]
    if empty and has_split:
        raise DataError(
            f"{path}: expected rows of every split, found none of {' and '.join(empty)}; name some rows so, "
            "or leave the column split out to have the rows divided 80/10/10"
        )
    trained = {label for label, name in zip(labels, assigned, strict=True) if name == "train"}
    if len(trained) < 2:
        raise DataError(f"{path}: expected at least 2 labels in train, found only {min(trained)!r}")
    if empty:
        raise DataError(
            f"{path}: expected a label with at least 3 different texts of its own, since train, validation and test "
            "need one each; found none"
        )
    for number, label, name in zip(numbers, labels, assigned, strict=True):
        if label not in trained:
            raise DataError(
                f"{path}, line {number}: label {label!r} is in {name}: expected examples of it in train, too, found none"
            )


def _request(path: Path, number: int, record: dict) -> tuple[str, tuple[Span, ...]]:
    """The text of a row, trimmed, and its slots.

    Raises:
        DataError: the text is none, or the slots are not those of whole words in it.
    """
    text = _value(path, number, "text", record["marked" if "marked" in record else "text"])
    try:
        plain, spans = _given(path, record, text)
        spans = whole_words(plain, spans)
    except ValueError as error:
        raise DataError(f"{path}, line {number}: {error}") from None
    before = len(plain) - len(plain.lstrip())
    return plain.strip(), tuple(Span(s.start - before, s.end - before, s.name) for s in spans)


def _given(path: Path, record: dict, trimmed: str) -> tuple[str, tuple[Span, ...]]:
    """The text that the offsets of the spans count in, and the spans.

    Raises:
        ValueError: a bracket or an offset is wrong, or the slots stand where none are read.
    """
    if "marked" in record:
        if "slots" in record:
            raise ValueError("expected slots in one of 'marked' and 'slots', found both")
        return parse_marked(trimmed)
    if "slots" in record and path.suffix.lower() != ".jsonl":
        raise ValueError(
            "expected slots marked in the text, in a column 'marked' in place of 'text', found a column 'slots', which "
            ".jsonl files alone have"
        )
    return str(record["text"]), read_spans(record.get("slots", []))


def _value(path: Path, number: int, column: str, value: object) -> str:
    """A text or a label, trimmed.

    Raises:
        DataError: it is none.
    """
    trimmed = read_cell(path, number, column, value)
    if not trimmed:
        raise DataError(f"{path}, line {number}: expected a {column}, found it empty")
    return trimmed


def _stratified(texts: Sequence[str], labels: Sequence[str], seed: int = 0) -> list[str]:
    """80/10/10 of the different texts of each label, at least one in validation and in test; all in train where there
    are fewer than 3. A text under two labels goes with the first, unless the other would be missing from train."""
    keys = [text.casefold() for text in texts]
    rows = list(zip(keys, labels, strict=True))
    first = dict(reversed(rows))  # the label that a text has first
    members: dict[str, list[str]] = {}
    for key in dict.fromkeys(keys):
        members.setdefault(first[key], []).append(key)
    assigned = dict.fromkeys(keys, "train")
    generator = random.Random(seed)
    for _, own in sorted(members.items()):
        if len(own) >= 3:
            generator.shuffle(own)
            held = max(1, round(len(own) / 10))
            assigned |= dict.fromkeys(own[:held], "validation") | dict.fromkeys(own[held : 2 * held], "test")
    trained = {label for key, label in rows if assigned[key] == "train"}
    assigned |= {key: "train" for key, label in rows if label not in trained}
    return [assigned[key] for key in keys]
