"""Where data comes from: text files and tables of the learner's, and pinned downloads. Each failure is one clear `DataError`."""

import csv
import gc
import io
import json
import os
import stat
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelab.declarations import Sent, Stored
from edgelab.errors import UserError, disk_is_full
from edgelab.machine.bars import shows_bars
from edgelab.workspace import download_home, home_errors

DECLARED = (
    Stored(
        what="public data sets and tables, by their published SHA-256",
        where="{home}/downloads/**",
        how_long="until deleted by hand",
        about="nobody",
        part="course",
    ),
    Sent(
        what="which file of a public set is wanted",
        to="the site that publishes it, or the server in EDGELAB_MIRROR",
        where="{public}",
        policy="on the learner's word alone (`edgelab prepare`, a data set's name)",
        about="device",
        part="course",
    ),
)

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
NAMED = ("pocket", *PUBLIC)  # what `loading.load` knows by name: all else is a file


@dataclass(frozen=True)
class Columns:
    """The columns of a file that mean something: exactly one of each group in `needed`, any of `optional`. `source` says
    what is taken at all."""

    source: str
    needed: tuple[tuple[str, ...], ...]
    optional: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All of them."""
        return (*(name for group in self.needed for name in group), *self.optional)


LABELLED = Columns(
    f"a .csv, .tsv or .jsonl file, or one of {', '.join(NAMED)}",
    needed=(("text", "marked"), ("label",)),
    optional=("slots", "split"),
)
UNLABELLED = Columns("a .txt, .csv, .tsv or .jsonl file", needed=(("text",),))


class DataError(UserError):
    """Data that cannot be used; the message names the file, the line and what was expected."""


def fetch(name: str) -> dict[str, Path]:
    """The files of a public set, downloaded once and verified. `EDGELAB_MIRROR` names another server
    that holds them under the same names (`…/clinc150/data_full.json`). Raises DataError as `fetch_file` does.
    """
    base, files = PUBLIC[name]
    folder = download_folder(name)
    return {
        file: fetch_file(
            name,
            file,
            mirrored(f"{name}/{file.rsplit('/', 1)[-1]}") or base + file,
            sha256,
            folder / file.replace("/", "_"),
        )
        for file, sha256 in files.items()
    }


def download_folder(name: str) -> Path:
    """Where a set's files are kept, made where it is missing. Raises HomeError if it cannot be."""
    folder = download_home() / name
    with home_errors():
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def mirrored(place: str) -> str | None:
    """The address on the server that `EDGELAB_MIRROR` names; None where it names none."""
    mirror = os.environ.get("EDGELAB_MIRROR")
    return f"{mirror.rstrip('/')}/{place}" if mirror else None


def fetch_file(name: str, file: str, url: str, sha256: str, kept: Path, *, bar: bool = True) -> Path:
    """One file of a set, downloaded once, verified at each call; `kept` is whole or not there.

    Raises:
        DataError: it cannot be had, kept, or is another one than was published.
    """
    import pooch

    pooch.get_logger().setLevel("WARNING")  # a bar shows a download; where there is none, stderr is left to the error
    failed, shown = None, bar and shows_bars()
    try:
        pooch.retrieve(url, f"sha256:{sha256}", fname=kept.name, path=kept.parent, progressbar=shown)
    except Exception as error:
        if disk_is_full(error):
            raise DataError(f"{name}: no space left in {kept.parent} for {file}") from None
        failed = str(error)
    if failed is not None:
        gc.collect()  # the caught error, and with it the bar, which ends its own line: since Python 3.12 they hold each other
        raise DataError(
            f"{name}: cannot get {file} from {url}: {failed}; "
            "check the connection, or set EDGELAB_MIRROR to a server that holds the file"
        )
    return kept


def read_text(path: Path) -> str:
    """A whole text file.

    Raises:
        DataError: it is none, cannot be read, or is not UTF-8; the message names the line.
    """
    try:
        kind = path.stat().st_mode
        if not stat.S_ISREG(kind) and not stat.S_ISDIR(kind):  # it may have no end, or wait for whoever writes
            raise DataError(f"{path}: expected a file, found a pipe or a device")
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from None
    try:
        return content.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise DataError(f"{path}, line {line}: expected UTF-8, found byte 0x{content[error.start]:02x}") from None


def read_records(path: Path, columns: Columns) -> list[tuple[int, dict]]:
    """(line number, record) of a CSV, TSV or JSONL file; each record has the needed columns.

    Raises:
        DataError: names the file, the line and what was expected.
    """
    readers = {".csv": _table, ".tsv": _table, ".jsonl": _json_lines}
    if path.suffix.lower() not in readers:
        raise DataError(f"{path}: expected {columns.source}")
    records = list(readers[path.suffix.lower()](path, columns))
    if not records:
        raise DataError(f"{path}: expected at least one example, found none")
    return records


def read_cell(path: Path, number: int, column: str, value: object) -> str:
    """What a column holds as text, trimmed; a JSON file may have numbers as labels, and null where there is nothing.

    Raises:
        DataError: it is no text.
    """
    if value is not None and not isinstance(value, str | int):
        raise DataError(f"{path}, line {number}: expected a {column} as a string, found {json.dumps(value)[:40]}")
    trimmed = "" if value is None else str(value).strip()
    try:
        trimmed.encode()
    except UnicodeEncodeError:
        raise DataError(f"{path}, line {number}: expected a {column} of whole characters, found half of one") from None
    return trimmed


def _table(path: Path, columns: Columns) -> Iterator[tuple[int, dict]]:
    delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
    csv.field_size_limit(2**31 - 1)  # texts may be long; the largest that every system takes
    # Strict: a quote that is never closed would swallow the rest of the file.
    reader = csv.reader(io.StringIO(read_text(path), newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    number = 1
    try:
        for row in reader:
            if row and not header:
                header = _header(path, number, row, columns)
            elif row:
                if len(row) != len(header):
                    raise DataError(
                        f"{path}, line {number}: expected {len(header)} columns, found {len(row)}; "
                        "a text that holds the separator needs double quotes around it"
                    )
                yield number, dict(zip(header, row, strict=True))
            number = reader.line_num + 1  # a quoted text may run over lines
    except csv.Error as error:
        raise DataError(
            f"{path}, line {number}: expected a row of columns: {error}; where quotes stand around a text, "
            'write each one inside it twice (""), or leave out those around it'
        ) from None


def _json_lines(path: Path, columns: Columns) -> Iterator[tuple[int, dict]]:
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if line.strip():
            try:
                record = json.loads(line, object_pairs_hook=_each_once)
            except (ValueError, RecursionError) as error:  # also a number or a nesting that Python does not read
                said, _, _ = getattr(error, "msg", str(error)).partition(";")
                raise DataError(f"{path}, line {number}: expected a JSON object: {said}") from None
            if not isinstance(record, dict):
                raise DataError(f"{path}, line {number}: expected a JSON object, found {line[:40]!r}")
            yield number, dict(zip(_header(path, number, record, columns), record.values(), strict=True))


def _each_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A JSON object. Python keeps the last of two values under one name, and says nothing of the other.

    Raises:
        ValueError: a name stands twice.
    """
    record = dict(pairs)
    if len(record) < len(pairs):
        (twice, _), *_ = Counter(name for name, _ in pairs).most_common(1)
        raise ValueError(f"{json.dumps(twice)[:60]} stands twice in it")
    return record


def _header(path: Path, number: int, found: Iterable[str], columns: Columns) -> list[str]:
    """The names of the columns; ours in small letters, however a table program wrote them (`Label`).

    Raises:
        DataError: one that is needed is missing, one of ours stands twice, or two stand for the same.
    """
    names = [name.strip() for name in found]
    forms: dict[str, list[str]] = {column: [] for column in columns.names}
    for name in names:
        forms.get(name.lower(), []).append(name)
    for column, forms_found in forms.items():
        if len(forms_found) > 1:
            raise DataError(
                f"{path}, line {number}: expected one column {column!r}, found it repeated: {', '.join(forms_found)}"
            )
    for group in columns.needed:
        present = [column for column in group if forms[column]]
        if not present:
            listed = ", ".join(names)[:200] or "none"  # another file's first line may be all of it
            raise DataError(f"{path}, line {number}: expected a column {group[0]!r}, found {listed}")
        if len(present) > 1:
            raise DataError(f"{path}, line {number}: expected one column of {' and '.join(present)}, found both")
    return [name.lower() if name.lower() in forms else name for name in names]
