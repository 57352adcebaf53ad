"""Utterances with labels and slots: the course's own data, two public sets, or the learner's file.

`load("pocket")`, `load("clinc150")`, `load("snips2017")`, `load("my_data.csv")`: all give a `Dataset`.
"""

import hashlib
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edgelab.slots import Span, parse_marked
from edgelab.sources import DataError, fetch, read_records, read_text
from edgelab.workspace import data_home

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Split:
    """Examples of one split. `spans` is None where the data has no slots."""

    texts: tuple[str, ...]
    labels: tuple[str, ...]
    spans: tuple[tuple[Span, ...], ...] | None = None

    def __len__(self) -> int:
        return len(self.texts)

    def where(self, keep) -> "Split":
        """The examples whose index `keep(i)` accepts."""
        chosen = [i for i in range(len(self)) if keep(i)]
        return Split(
            tuple(self.texts[i] for i in chosen),
            tuple(self.labels[i] for i in chosen),
            None if self.spans is None else tuple(self.spans[i] for i in chosen),
        )


@dataclass(frozen=True)
class Dataset:
    """Three splits and the names of what is in them, sorted. `extra` holds further splits (out of scope)."""

    name: str
    train: Split
    validation: Split
    test: Split
    labels: tuple[str, ...]
    slot_names: tuple[str, ...] = ()
    extra: dict[str, Split] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of every text, label and span: the same data, the same fingerprint."""
        splits = {"train": self.train, "validation": self.validation, "test": self.test, **self.extra}
        content = {name: [s.texts, s.labels, s.spans] for name, s in splits.items()}
        plain = json.dumps(content, sort_keys=True, default=lambda span: [span.start, span.end, span.name])
        return hashlib.sha256(plain.encode()).hexdigest()

    def label_ids(self, split: Split) -> list[int]:
        index = {label: i for i, label in enumerate(self.labels)}
        return [index[label] for label in split.labels]


def load(source: str | Path) -> Dataset:
    """The data set of that name, or the learner's file of that path.

    Raises:
        DataError: the file is missing or malformed, or a download does not match its SHA-256.
    """
    if source == "pocket":
        return load_pocket(data_home() / "pocket")
    if source == "clinc150":
        return _clinc150(fetch("clinc150"))
    if source == "snips2017":
        return _snips2017(fetch("snips2017"))
    return load_file(Path(source))


def _dataset(name: str, splits: dict[str, Split], extra: dict[str, Split] | None = None) -> Dataset:
    slot_names = {s.name for split in splits.values() for spans in split.spans or () for s in spans}
    labels = tuple(sorted({label for split in splits.values() for label in split.labels}))
    return Dataset(name, *(splits[s] for s in SPLITS), labels, tuple(sorted(slot_names)), extra or {})


# --- Pocket -------------------------------------------------------------------------------------


def read_marked(path: Path) -> list[tuple[str, tuple[Span, ...]]]:
    """Utterances in bracket notation, one a line."""
    out = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        try:
            out.append(parse_marked(line))
        except ValueError as error:
            raise DataError(f"{path}, line {number}: {error}") from None
    return out


def load_pocket(folder: Path) -> Dataset:
    """`folder/SPLIT/LABEL.txt` for each split and label, and `hard.txt` as the extra split `hard`."""
    splits = {}
    for name in SPLITS:
        rows = [(t, f.stem, s) for f in sorted((folder / name).glob("*.txt")) for t, s in read_marked(f)]
        if not rows:
            raise DataError(f"{folder / name}: expected the course's utterances, found none; install the course again")
        splits[name] = Split(*(tuple(column) for column in zip(*rows, strict=True)))
    return _dataset("pocket", splits, {"hard": read_hard(folder / "hard.txt")[0]})


def read_hard(path: Path) -> tuple[Split, tuple[str, ...]]:
    """The hard set (`label<TAB>kind<TAB>utterance` a line) and the kind of difficulty of each line."""
    rows = [line.split("\t") for line in read_text(path).splitlines()]
    parsed = [parse_marked(marked) for _, _, marked in rows]
    split = Split(tuple(t for t, _ in parsed), tuple(r[0] for r in rows), tuple(s for _, s in parsed))
    return split, tuple(r[1] for r in rows)


# --- public data --------------------------------------------------------------------------------


def _clinc150(paths: dict[str, Path]) -> Dataset:
    raw = json.loads(paths["data_full.json"].read_text("utf-8"))

    def split(key: str) -> Split:
        return Split(tuple(t for t, _ in raw[key]), tuple(label for _, label in raw[key]))

    splits = {"train": split("train"), "validation": split("val"), "test": split("test")}
    extra = {
        f"out_of_scope_{s}": split(key) for s, key in zip(SPLITS, ("oos_train", "oos_val", "oos_test"), strict=True)
    }
    return _dataset("clinc150", splits, extra)


def _snips2017(paths: dict[str, Path]) -> Dataset:
    """The published validation files are the test split; a seeded tenth of the training is validation."""
    rows: dict[str, list] = {"train": [], "test": []}
    for file, path in paths.items():
        # In train_PlayMusic_full.json an emoji stands as two surrogates, each in UTF-8: not valid, but clear.
        text = path.read_bytes().decode("utf-8", "surrogatepass").encode("utf-16", "surrogatepass").decode("utf-16")
        for intent, utterances in json.loads(text).items():
            for utterance in utterances:
                plain, spans = "", []
                for part in utterance["data"]:
                    if "entity" in part:
                        spans.append(Span(len(plain), len(plain) + len(part["text"]), part["entity"].lower()))
                    plain += part["text"]
                rows["train" if "train" in file else "test"].append((plain, intent, tuple(spans)))
    order = random.Random(0).sample(range(len(rows["train"])), len(rows["train"]))
    cut = len(order) // 10
    chosen = {"validation": order[:cut], "train": order[cut:]}
    columns = {"test": rows["test"], **{k: [rows["train"][i] for i in sorted(v)] for k, v in chosen.items()}}
    return _dataset("snips2017", {k: Split(*(tuple(c) for c in zip(*v, strict=True))) for k, v in columns.items()})


# --- the learner's own file ---------------------------------------------------------------------


def load_file(path: Path) -> Dataset:
    """A CSV, TSV or JSONL file with columns `text`, `label` and, optionally, `split`.

    Without `split`, the texts of each label are divided 80/10/10 by a fixed seed. Every label must be in train.

    Raises:
        DataError: names the file, the line and what was expected.
    """
    rows = []
    records = read_records(path, ("text", "label"))
    has_split = any("split" in record for _, record in records)
    for number, record in records:
        text, label = (_value(path, number, column, record[column]) for column in ("text", "label"))
        split = str(record.get("split") or "").strip()
        if has_split and split not in SPLITS:
            raise DataError(f"{path}, line {number}: expected split train, validation or test, found {split!r}")
        rows.append((number, text, label, split))
    numbers, texts, labels, assigned = zip(*rows, strict=True)
    if not has_split:
        assigned = _stratified(texts, labels)
    _check_splits(path, numbers, labels, assigned, has_split)
    everything = Split(texts, labels)
    splits = {name: everything.where(lambda i, name=name: assigned[i] == name) for name in SPLITS}
    name = path.stem.encode("utf-8", "replace").decode()  # a file's name may hold bytes that no report takes
    return _dataset(name, splits)


def _check_splits(path: Path, numbers, labels, assigned, has_split: bool) -> None:
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


def _value(path: Path, number: int, column: str, value) -> str:
    """A text or a label, trimmed; a JSON file may have numbers as labels."""
    if value is not None and not isinstance(value, str | int):
        raise DataError(f"{path}, line {number}: expected a {column} as a string, found {json.dumps(value)[:40]}")
    trimmed = "" if value is None else str(value).strip()
    if not trimmed:
        raise DataError(f"{path}, line {number}: expected a {column}, found it empty")
    try:
        trimmed.encode()
    except UnicodeEncodeError:
        raise DataError(f"{path}, line {number}: expected a {column} of whole characters, found half of one") from None
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
