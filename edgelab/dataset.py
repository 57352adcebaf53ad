"""Utterances with labels and slots: the course's own data, two public sets, or the learner's file.

`load("pocket")`, `load("clinc150")`, `load("snips2017")`, `load("my_data.csv")`: all give a `Dataset`.
"""

import csv
import hashlib
import io
import json
import os
import random
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from edgelab.slots import Span, parse_marked
from edgelab.workspace import data_home, download_home

SPLITS = ("train", "validation", "test")

# Pinned by commit and SHA-256: the same bytes for every learner, or a clear error.
PUBLIC = {
    "clinc150": (
        "https://raw.githubusercontent.com/clinc/oos-eval/828f8093932c8fe6ca7936c3d2e52903b1c523de/data/",
        {"data_full.json": "36923c3705a59e08fe9c3883d8bc2dd966ef93e22cb78ac41171782a698d56e0"},
    ),
    "snips2017": (
        "https://raw.githubusercontent.com/sonos/nlu-benchmark/b86ac7f1577868c42158d0dec77db50956046696/"
        "2017-06-custom-intent-engines/",
        {
            "AddToPlaylist/train_AddToPlaylist_full.json": "fee1b4645352e70ed8a40f1f87c3b53fc3bf75f8ebc82252a22b82c107e75b01",
            "BookRestaurant/train_BookRestaurant_full.json": "7677e82cd6e9a8191f0a4502568c786278c984900b4796d3628e46f1abf73ef4",
            "GetWeather/train_GetWeather_full.json": "86f414b2ad8a993134d85d16e25e5d337beae47cef993c0af2a5f440405c60f6",
            "PlayMusic/train_PlayMusic_full.json": "901ddbe9781d1fdb8196e789c543f80df3d29ca6e237da64947905adcc0312e4",
            "RateBook/train_RateBook_full.json": "bb43e4b74134300d5766f6b420d0357a63402987a225f6dc92c806c9c040ce04",
            "SearchCreativeWork/train_SearchCreativeWork_full.json": "87b3432de48c71c205aa5238b41d9e3f2d70bdfcd0bea2427544fb9e4bd5e5bb",
            "SearchScreeningEvent/train_SearchScreeningEvent_full.json": "5447e9440c02e2fb08c3ae16b9f58a4d1332b4bc77fd34691402b02aa4399765",
            "AddToPlaylist/validate_AddToPlaylist.json": "14cc9ee49ae477b1452632a6e835498cf4c32da397b16967c82abb3e50403e83",
            "BookRestaurant/validate_BookRestaurant.json": "4f7258ccc768b777b2eb8916532db9aa50dbd058ddf1ffb0dc59218963e7442a",
            "GetWeather/validate_GetWeather.json": "60c095e193655d6ca92be220fed3926ca25e18cd70c85664145efe25d80993af",
            "PlayMusic/validate_PlayMusic.json": "922212775e26259d5bffeaf79b6048d070ca017d229df00b2cc9800f71c75d20",
            "RateBook/validate_RateBook.json": "c1f8b4114da0bb5e8afd78a8062766e18b2eabb0e717539598db01b09d04619b",
            "SearchCreativeWork/validate_SearchCreativeWork.json": "8a5e830eddb185d3e4a9d27ded140a145d04766bdce0e58834676ede32d13e77",
            "SearchScreeningEvent/validate_SearchScreeningEvent.json": "81e1445713e03c7c3e615353c5f3fee05f369fe9834100b9b9735900a96b9498",
        },
    ),
}


class DataError(ValueError):
    """Data that cannot be used; the message names the file, the line and what was expected."""


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
        content = [[s.texts, s.labels, s.spans] for s in (self.train, self.validation, self.test)]
        plain = json.dumps(content, default=lambda span: [span.start, span.end, span.name])
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
        return _clinc150(_fetch("clinc150"))
    if source == "snips2017":
        return _snips2017(_fetch("snips2017"))
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
        splits[name] = Split(*(tuple(column) for column in zip(*rows, strict=True)))
    return _dataset("pocket", splits, {"hard": read_hard(folder / "hard.txt")[0]})


def read_hard(path: Path) -> tuple[Split, tuple[str, ...]]:
    """The hard set (`label<TAB>kind<TAB>utterance` a line) and the kind of difficulty of each line."""
    rows = [line.split("\t") for line in read_text(path).splitlines()]
    parsed = [parse_marked(marked) for _, _, marked in rows]
    split = Split(tuple(t for t, _ in parsed), tuple(r[0] for r in rows), tuple(s for _, s in parsed))
    return split, tuple(r[1] for r in rows)


# --- public data --------------------------------------------------------------------------------


def _fetch(name: str) -> dict[str, Path]:
    """The files of a public set, downloaded once and verified. `EDGELAB_MIRROR` names another server
    that holds them under the same names (`…/clinc150/data_full.json`)."""
    import pooch

    base, files = PUBLIC[name]
    mirror = os.environ.get("EDGELAB_MIRROR")
    folder = download_home() / name
    paths = {}
    for file, sha256 in files.items():
        url = f"{mirror.rstrip('/')}/{name}/{file.rsplit('/', 1)[-1]}" if mirror else base + file
        try:
            fetched = pooch.retrieve(url, f"sha256:{sha256}", fname=file.replace("/", "_"), path=folder)
        except Exception as error:
            raise DataError(
                f"{name}: cannot get {file} from {url}: {error}; "
                "check the connection, or set EDGELAB_MIRROR to a server that holds the file"
            ) from None
        paths[file] = Path(fetched)
    return paths


def _clinc150(paths: dict[str, Path]) -> Dataset:
    raw = json.loads(paths["data_full.json"].read_text("utf-8"))

    def split(key: str) -> Split:
        return Split(tuple(t for t, _ in raw[key]), tuple(label for _, label in raw[key]))

    splits = {"train": split("train"), "validation": split("val"), "test": split("test")}
    extra = {f"out_of_scope_{s}": split(key) for s, key in zip(SPLITS, ("oos_train", "oos_val", "oos_test"), strict=True)}
    return _dataset("clinc150", splits, extra)


def _snips2017(paths: dict[str, Path]) -> Dataset:
    """The published validation files are the test split; a seeded tenth of the training is validation."""
    rows: dict[str, list] = {"train": [], "test": []}
    for file, path in paths.items():
        content = path.read_bytes()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            text = content.decode("latin-1")  # train_PlayMusic_full.json only
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


def read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: expected UTF-8, found byte 0x{content[error.start]:02x}") from None


def _records(path: Path) -> list[tuple[int, dict]]:
    """(line number, record) of a CSV, TSV or JSONL file."""
    text = read_text(path)
    if path.suffix == ".jsonl":
        records = []
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    record = json.loads(line)
                except json.JSONDecodeError as error:
                    raise DataError(f"{path}, line {number}: expected a JSON object: {error.msg}") from None
                if not isinstance(record, dict):
                    raise DataError(f"{path}, line {number}: expected a JSON object, found {line[:40]!r}")
                records.append((number, record))
        return records
    if path.suffix not in (".csv", ".tsv"):
        raise DataError(
            f"{path}: expected a .csv, .tsv or .jsonl file, or one of pocket, {', '.join(PUBLIC)}"
        )
    reader = csv.DictReader(io.StringIO(text), delimiter="\t" if path.suffix == ".tsv" else ",")
    records, number = [], 2
    for record in reader:
        records.append((number, record))
        number = reader.line_num + 1
    if not records:
        raise DataError(f"{path}, line 1: expected a header line and at least one example")
    return records


def load_file(path: Path) -> Dataset:
    """A CSV, TSV or JSONL file with columns `text`, `label` and, optionally, `split`.

    Without `split`, each label is divided 80/10/10 by a fixed seed.

    Raises:
        DataError: names the file, the line and what was expected.
    """
    rows = []
    for number, record in _records(path):
        for column in ("text", "label"):
            if column not in record:
                found = ", ".join(str(c) for c in record)
                raise DataError(f"{path}, line {number}: expected a column {column!r}, found {found}")
            if not str(record[column] or "").strip():
                raise DataError(f"{path}, line {number}: expected a {column}, found it empty")
        split = str(record.get("split") or "").strip()
        if "split" in record and split not in SPLITS:
            raise DataError(f"{path}, line {number}: expected split train, validation or test, found {split!r}")
        rows.append((number, str(record["text"]).strip(), str(record["label"]).strip(), split))
    if not rows:
        raise DataError(f"{path}: expected at least one example, found none")
    counts = Counter(label for _, _, label, _ in rows)
    if len(counts) < 2:
        raise DataError(f"{path}: expected at least 2 labels, found only {next(iter(counts))!r}")
    for number, _, label, _ in rows:
        if counts[label] < 3:
            raise DataError(
                f"{path}, line {number}: expected at least 3 examples of label {label!r}, found {counts[label]}"
            )
    assigned = [row[3] for row in rows] if rows[0][3] else _stratified([row[2] for row in rows])
    columns = {name: [r for r, s in zip(rows, assigned, strict=True) if s == name] for name in SPLITS}
    for name, chosen in columns.items():
        missing = sorted(set(counts) - {r[2] for r in chosen})
        if missing:
            line = next(r[0] for r in rows if r[2] == missing[0])
            raise DataError(
                f"{path}, line {line}: expected label {missing[0]!r} in every split, found none of it in {name!r}"
            )
    splits = {n: Split(tuple(r[1] for r in c), tuple(r[2] for r in c)) for n, c in columns.items()}
    return _dataset(path.stem, splits)


def _stratified(labels: list[str], seed: int = 0) -> list[str]:
    """80/10/10 within each label, at least one of each in validation and in test."""
    assigned = ["train"] * len(labels)
    generator = random.Random(seed)
    for label in sorted(set(labels)):
        members = [i for i, other in enumerate(labels) if other == label]
        generator.shuffle(members)
        held = max(1, round(len(members) / 10))
        for i in members[:held]:
            assigned[i] = "validation"
        for i in members[held : 2 * held]:
            assigned[i] = "test"
    return assigned
