"""Everything of the package that reads a file that somebody else may have written, each with how a sound one is made."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.bundle.manifest import manifest_sha256


@dataclass(frozen=True)
class Reader:
    """`make` writes a sound file into a folder; `read` reads it: it gives something, or raises a `UserError` or what `allowed` says.

    Args:
        group: those of one are read by one process, which has loaded their libraries.
        seal: makes the sums of a folder's manifest fit the bad file, as somebody would who means harm.
        also: contents to be tried besides.
        share: of the bad files, where one takes long to read.
    """

    make: Callable[[Path], Path]
    read: Callable[[Path], Any]
    group: str = "plain"
    seal: Callable[[Path], None] | None = None
    also: tuple[bytes, ...] = ()
    allowed: tuple[type[Exception], ...] = ()
    share: float = 1.0


def _text(name: str, content: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_text(content, "utf-8")
        return folder / name

    return make


def _at_home(make: Callable[[], Path]) -> Callable[[Path], Path]:
    """What the home of the process holds: made by the course itself."""

    def made(folder: Path) -> Path:
        os.environ["EDGELAB_HOME"] = str(folder)
        return make()

    return made


# --- bundles, keys and signatures ---------------------------------------------------------------


def _bundle(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from tests.small_bundles import small_bundle

        return small_bundle(folder / "small") / name

    return make


def _reseal(file: Path) -> None:
    """Of a bundle's other files, and of the manifest itself, if it still is one."""
    try:
        manifest = json.loads((file.parent / "bundle.json").read_bytes())
        if file.name != "bundle.json":
            manifest["sha256"][file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
        manifest["manifest_sha256"] = manifest_sha256(manifest)
        (file.parent / "bundle.json").write_text(json.dumps(manifest))
    except (ValueError, TypeError, AttributeError, RecursionError, UnicodeError):
        pass


def _load_bundle(file: Path) -> None:
    from edgelab.bundle.predict import Bundle

    Bundle.load(file.parent).predict("play queen at seven")


def _vocabulary(folder: Path) -> Path:
    from edgelab.bundle.vocabulary import SPECIAL, _tokenizer, pack_vocabulary
    from tests.small_bundles import small_bundle

    words = (*SPECIAL, "play", "queen", "##en", "wake", "seven")
    packed = pack_vocabulary(_tokenizer({word: i for i, word in enumerate(words)}))
    assert packed
    table = np.zeros((len(words), 3), np.float32)
    tags = np.zeros((len(words), 5), np.float32)
    from tests.small_bundles import model

    return small_bundle(folder / "small", words=packed, made=model(votes=table, tags=tags)) / "vocabulary.zlib"


def _bombs() -> tuple[bytes, ...]:
    import zlib

    return (zlib.compress(b"\0" * 200_000_000, 9), zlib.compress(b"\0x" * 400_000, 9))


def _keys(private: bool) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from edgelab.bundle.keys import new_keys

        _, public = new_keys(folder / "key.pem")
        return folder / "key.pem" if private else public

    return make


def _signature(folder: Path) -> Path:
    from edgelab.bundle.keys import new_keys
    from edgelab.bundle.signature import sign

    _, public = new_keys(folder / "key.pem")
    public.rename(folder / "key.pub")
    bundle = _bundle("bundle.json")(folder).parent
    sign(bundle, folder / "key.pem")
    return bundle / "bundle.sig"


def _verify(file: Path) -> None:
    from edgelab.bundle.signature import next_edition, verify

    next_edition(file.parent)
    verify(file.parent, file.parent.parent / "key.pub")


def _public_key(file: Path) -> Any:
    from edgelab.bundle.keys import read_public_key

    return read_public_key(file)


def _private_key(file: Path) -> Any:
    from edgelab.bundle.keys import read_private_key

    return read_private_key(file)


def _onnx(file: Path) -> Any:
    from edgelab.bundle.onnx_file import tensors

    return list(tensors(file.read_bytes()))


def _encrypted(folder: Path) -> Path:
    from edgelab.privacy.encryption import encrypt

    (folder / "notes").write_bytes(encrypt(b"a text" * 20, "notes", b"\7" * 32))
    return folder / "notes"


def _decrypt(file: Path) -> Any:
    from edgelab.privacy.encryption import decrypt

    return decrypt(file.read_bytes(), "notes", b"\7" * 32)


# --- data ---------------------------------------------------------------------------------------

ROWS = [(f"{word} at [{n}](time)", label) for word, label in (("wake", "alarm"), ("play", "music")) for n in range(6)]


def _data(file: Path) -> None:
    from edgelab.datasets.files import load_file, load_file_split

    load_file(file)
    load_file_split(file, "test")


def _lines(file: Path) -> Any:
    from edgelab.datasets.lines import load_lines

    return load_lines(file)


# --- what the course and a device keep ----------------------------------------------------------


def _budget(folder: Path) -> Path:
    from edgelab.privacy.budget import Budget

    Budget(4.0, folder / "budget.json").spend(0.5, "telemetry")
    return folder / "budget.json"


def _spend(file: Path) -> None:
    from edgelab.privacy.budget import Budget

    budget = Budget(4.0, file)
    _ = budget.spent, budget.remaining
    budget.spend(0.25, "more")


def _journal(folder: Path) -> Path:
    from edgelab.privacy.journal import Journal

    Journal(folder / "journal.json").note(7.0, escalated=True)
    return folder / "journal.json"


def _note(file: Path) -> None:
    from edgelab.privacy.journal import Journal

    journal = Journal(file)
    journal.note(3.0)
    journal.answers(np.random.default_rng(0))


def _evidence(folder: Path) -> Path:
    from edgelab.selection.evidence import Evidence, save
    from edgelab.selection.form import HERE, Requirements

    right = np.array([True, False, True])
    save(
        [Evidence("one", right, 10, right, latency_ms={HERE: (1.0, 2.0)})],
        Requirements(min_calls=0.5),
        folder / "board.json",
    )
    return folder / "board.json"


def _load_evidence(file: Path) -> Any:
    from edgelab.selection.evidence import load

    return load(file)


def _form(file: Path) -> Any:
    from edgelab.selection.form import Requirements

    return Requirements.read(file).asked


def _policy(folder: Path) -> Path:
    from edgelab.routing.policy import Policy, to_json

    (folder / "policy.json").write_text(to_json(Policy()))
    return folder / "policy.json"


def _read_policy(file: Path) -> Any:
    from edgelab.routing.policy import policy_from

    return policy_from(json.loads(file.read_bytes()))


def _outcomes() -> Path:
    from edgelab.course import outcomes

    outcomes.ask("speed", "How fast?", "ms")
    outcomes.measure("speed", 3.5, "ms")
    return outcomes.file()


def _read_outcomes(file: Path) -> None:
    from edgelab.course import outcomes

    outcomes.outcomes()
    outcomes.measure("size", 1.0, "MB")


def _guesses() -> Path:
    from edgelab.course import prediction

    prediction.record("speed", 3.5, "ms")
    return prediction.file()


def _read_guesses(file: Path) -> None:
    from edgelab.course import prediction

    prediction.beside(prediction.recorded("speed"), 4.0, "ms")
    prediction.record("size", 1.0, "MB")


def _choice() -> Path:
    from edgelab.course import outcomes
    from edgelab.selection.decision import Decision

    outcomes.choice_file().parent.mkdir(parents=True, exist_ok=True)
    fields = Decision.__dataclass_fields__
    kept = {"chosen": "one", "data": "pocket", "asked": {"min_calls": 0.9}, "reasons": {"two": ["too large"]}}
    assert "chosen" in fields
    outcomes.choice_file().write_text(json.dumps(kept | {"probability": 0.9, "decided_at": "2026-11-30 06:00"}))
    return outcomes.choice_file()


def _read_choice(file: Path) -> Any:
    from edgelab.course import outcomes

    return outcomes.chosen()


def _board() -> Path:
    from edgelab.course import scoreboard

    row = scoreboard.Row(
        *("02", "one", "int8", "onnxruntime", "pocket", "test"),
        0.9,
        0.8,
        0.95,
        None,
        10,
        (1.0, 2.0),
        "cpu",
        "2026-11-30",
        None,
    )
    scoreboard.add([row])
    return scoreboard.file()


def _read_board(file: Path) -> None:
    from edgelab.course import scoreboard

    scoreboard.add(scoreboard.rows())
    scoreboard.pretty(scoreboard.table())


def _kept_progress(folder: Path) -> Path:
    from edgelab.course.journal import Event, add

    file, at = folder / "progress.jsonl", "2026-11-30T09:0{}:00+00:00"
    done = {"notebook": "01_distillation", "exercise": "soften"}
    answered = {"source": "def soften(z, t):\n    return z", "needs": ("np",)}
    add(file, Event(at.format(0), "check", verdict="fail", problem="wrong", **done, **answered))
    add(file, Event(at.format(5), "check", verdict="pass", **done, **answered))
    for minute, kind in enumerate(("ask", "guess", "result"), 6):
        add(file, Event(at.format(minute), kind, key="share", question="What share?", value=90.0, unit="%", **done))
    return file


def _progress(file: Path) -> None:
    from edgelab.course import journal, progress
    from edgelab.course.outline import outlines

    known = journal.read(file)
    parts = progress.parts(known, outlines())
    progress.overview(parts, known)
    json.dumps(progress.as_json(parts, known, "1"), allow_nan=False)


def _editions(file: Path) -> None:
    from edgelab.course import editions

    editions._records(file.parent.parent)


def _laid(folder: Path) -> Path:
    from edgelab.course import editions

    file = editions._file(folder)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"01_distillation.ipynb": {"edition": "a" * 64, "laid_at": "2026-11-30 09:00"}}))
    return file


def _workshop() -> Path:
    from edgelab.course import workshop

    workshop._write(workshop.Prepared())
    return workshop.file()


def _read_workshop(file: Path) -> None:
    from edgelab.course import workshop

    workshop.damaged(workshop.prepared())


def _artifact(file: Path) -> Any:
    from edgelab.workspace import _read

    return _read(file.parent)


ARTIFACT = json.dumps({"kind": "teacher", "built_at": "2026-11-30", "seconds": 12.5, "identity": {"inputs": {}}})


def _cache(folder: Path) -> Path:
    from edgelab.personalization.cache import ContextCache

    cache = ContextCache(folder / "cache.json")
    cache.remember("wake me", "set_alarm", np.ones(8, np.float32))
    cache.remember("play queen", "play_music")
    return folder / "cache.json"


def _look_up(file: Path) -> None:
    from edgelab.personalization.cache import ContextCache

    cache = ContextCache(file)
    cache.lookup("wake me up", np.ones(8, np.float32))
    cache.remember("more", "set_alarm")


def _prototypes(folder: Path) -> Path:
    from edgelab.personalization.prototypes import Prototypes, save_prototypes

    save_prototypes(Prototypes(("one", "two"), np.eye(2, 8, dtype=np.float32), 0.5), folder / "prototypes.npz")
    return folder / "prototypes.npz"


def _read_prototypes(file: Path) -> Any:
    from edgelab.personalization.prototypes import load_prototypes

    return load_prototypes(file)


PLACES = {"own.weight": (16, 96), "own.bias": (16,)}


def _adapter(name: str) -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        from edgelab.personalization.adapters import Adapter, Call, write_adapter

        numbers = {place: np.ones(shape, np.float32) for place, shape in PLACES.items()}
        write_adapter(Adapter(numbers, (Call("lights", None, {}),), "ab" * 32), folder)
        return folder / name

    return make


def _reseal_adapter(file: Path) -> None:
    person = file.parent / "person.json"
    content = json.loads(person.read_text()) | {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
    person.write_text(json.dumps(content))


def _read_adapter(file: Path) -> None:
    from edgelab.personalization.adapters import open_adapter, read_adapter

    read_adapter(file.parent, "ab" * 32, PLACES)
    open_adapter(file.parent)


# --- sweeps, logs, phones and public tables -----------------------------------------------------

SWEEP = {"data": ["pocket"], "families": ["convolution"], "precisions": ["int8"], "seeds": [0, 1]}
YAML = "data: [pocket]\nfamilies: [convolution]\nprecisions: [int8]\nseeds: &s [0, 1]\n"
LAUGHS = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(12))
MERGED = "\n".join(
    f"a{i}: &a{i} {{{'<<: [' + ', '.join([f'*a{i - 1}'] * 9) + ']' if i else 'x: 1'}}}" for i in range(12)
)
BOMBS = tuple(
    text.encode()
    for text in (
        LAUGHS,
        LAUGHS + "\ndata: *a11\n",
        MERGED,
        "a: &a [*a]\ndata: *a\n",
        "data: 2001-99-99\n",
        "? [1]\n: 2\n",
        "data: !!int ''\n",
        "data: !!python/object/apply:os.system [true]\n",
        "- " * 5000 + "x",
        "- " * 50_000 + "x",
        "? " * 50_000 + "x",
        "[" * 5000,
        "\n".join(f"k{i}: 1" for i in range(30_000)),
    )
)
MANY = json.dumps({f"k{i}": 1 for i in range(60_000)}).encode()


def _sweep(file: Path) -> Any:
    from edgelab.sweeps.config import read_config

    return read_config(file)


def _parquet(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(
        pa.table({"text": [f"wake me at {n}" for n in range(200)]}), folder / "log.parquet", row_group_size=50
    )
    return folder / "log.parquet"


def _score(file: Path) -> None:
    from edgelab.sweeps.pieces import pieces_of
    from edgelab.sweeps.reading import read

    for piece in pieces_of(0, file):
        for batch in read(piece):
            assert len(batch)


def _sources(file: Path) -> Any:
    from edgelab.sweeps.score_run import _known

    return _known(file.parent)


def _part(folder: Path) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from edgelab.sweeps.scoring import COUNTS

    counts = {COUNTS: json.dumps({"rows": 2})}
    pq.write_table(
        pa.table({"source": ["a"], "row": [1], "reason": ["b"]}).replace_schema_metadata(counts),
        folder / "part.parquet",
    )
    return folder / "part.parquet"


def _counts(file: Path) -> None:
    from edgelab.sweeps.score_run import _reasons
    from edgelab.sweeps.scoring import counts_of

    counts_of(file)
    list(_reasons([file]))


def _perf() -> str:
    import yaml

    from tests.tiers.test_perf_yaml import LATENCY, TOKENS, perf

    return yaml.dump(perf(LATENCY)) + yaml.dump(perf(TOKENS)).replace("precisions", "more")


def _perf_file(folder: Path) -> Path:
    return _text("perf.yaml", _perf())(folder)


def _perf_json(folder: Path) -> Path:
    from tests.tiers.test_perf_yaml import LATENCY, perf

    return _text("perf.yaml", json.dumps(perf(LATENCY)))(folder)


def _read_perf(file: Path) -> Any:
    from edgelab.datasets.sources import read_text
    from edgelab.tiers.perf_yaml import parse

    return parse(read_text(file), "model")


ROOM = "device,kind,system,p10_ms,p50_ms,p90_ms,p99_ms\n1,phone,Android,1,2,3,4\n2,phone,iOS,2,3,4,5.5\n"


def _room(file: Path) -> Any:
    from edgelab.measurement.population import _devices

    return _devices(file)


def _fleet(folder: Path) -> Path:
    from edgelab.fleet.store import Entry, open_store
    from tests.labs import report

    store = open_store(f"sqlite:///{folder / 'reports.db'}")
    session = store.session("room", "pocket", "ab" * 32)
    store.put(session.name, [Entry(str(n), str(n), json.dumps(report("ab" * 32))) for n in range(3)])
    store.close()
    return folder / "reports.db"


def _fleet_report(file: Path) -> None:
    from edgelab.fleet.table import as_csv, data_frame, read_rows

    for beside in ("-wal", "-shm"):  # of the file before
        file.with_name(file.name + beside).unlink(missing_ok=True)
    _, rows = read_rows(f"sqlite:///{file}")
    as_csv(rows)
    data_frame(rows)


def _fleet_body(folder: Path) -> Path:
    """A body of a report within a sound database: `_put_body` lays it there."""
    from tests.labs import report

    _fleet(folder)
    return _text("body.json", json.dumps(report("ab" * 32)))(folder)


def _put_body(file: Path) -> None:
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(file.with_name("reports.db"))) as database, database:
        database.execute("update edgelab_reports set body = ?", (file.read_text("utf-8", "replace"),))


def _fleet_room(file: Path) -> None:
    from edgelab.fleet.api import _in_the_room
    from edgelab.fleet.store import open_store
    from edgelab.fleet.table import as_csv, data_frame, read_rows

    database = f"sqlite:///{file.with_name('reports.db')}"
    store = open_store(database, create=False)
    try:
        [_in_the_room(kept) for kept in store.newest("room", 10)]
    finally:
        store.close()
    _, rows = read_rows(database)
    as_csv(rows)
    data_frame(rows)


# --- generators ---------------------------------------------------------------------------------

GENAI = {"model": {"eos_token_id": [2], "context_length": 64, "vocab_size": 9, "decoder": {"filename": "model.onnx"}}}
LLAMA = {
    "model_type": "llama", "vocab_size": 9, "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 2, "rms_norm_eps": 1e-5,
}  # fmt: skip


def _genai(file: Path) -> Any:
    from edgelab.generation.config import read_config

    return read_config(file.parent)


def _llama(file: Path) -> Any:
    from edgelab.generation.llama import Shape

    return Shape.of(file.parent)


def _shipped(file: Path) -> Any:
    from edgelab.generation.shipped import _read

    _read.cache_clear()
    return _read(file)


def _schema(file: Path) -> Any:
    from edgelab.commands.generate import read_schema

    return read_schema(file)


def _call(file: Path) -> None:
    from edgelab.generation.calls import call_faults, call_key, read_call

    text = file.read_bytes().decode("utf-8", "surrogateescape")
    call_key(read_call(text))
    call_faults(text, {"type": "object"})


TEXTS = '{"about": 1}\n{"who": "a", "case": "b", "text": "c", "complete": true}\n'
READERS: dict[str, Reader] = {
    "manifest": Reader(_bundle("bundle.json"), _load_bundle, "bundle"),
    "manifest, sealed": Reader(_bundle("bundle.json"), _load_bundle, "bundle", _reseal),
    "model, sealed": Reader(_bundle("model.onnx"), _load_bundle, "bundle", _reseal),
    "tokenizer, sealed": Reader(_bundle("tokenizer.json"), _load_bundle, "bundle", _reseal),
    "vocabulary, sealed": Reader(_vocabulary, _load_bundle, "bundle", _reseal, also=_bombs()),
    "onnx file": Reader(_bundle("model.onnx"), _onnx, allowed=(ValueError,)),
    "signature": Reader(_signature, _verify),
    "public key": Reader(_keys(private=False), _public_key),
    "private key": Reader(_keys(private=True), _private_key),
    "encrypted": Reader(_encrypted, _decrypt),
    "marked.csv": Reader(_text("mine.csv", "marked,label\n" + "".join(f"{t},{x}\n" for t, x in ROWS)), _data),
    "data.tsv": Reader(_text("mine.tsv", "text\tlabel\n" + "".join(f"{x} {t[-8:-7]}\t{x}\n" for t, x in ROWS)), _data),
    "data.jsonl": Reader(
        _text("mine.jsonl", "".join(json.dumps({"text": f"a {x} {t[-8:-7]}", "label": x, "slots": [{"start": 0, "end": 1, "name": "n"}]})
                                    + "\n" for t, x in ROWS)), _data),
    "lines.txt": Reader(_text("log.txt", "".join(f"{t}\n" for t, _ in ROWS)), _lines),
    "lines.jsonl": Reader(_text("log.jsonl", "".join(json.dumps({"text": t}) + "\n" for t, _ in ROWS)), _lines),
    "budget": Reader(_budget, _spend),
    "journal": Reader(_journal, _note),
    "evidence": Reader(_evidence, _load_evidence),
    "form": Reader(_text("bar.json", '{"min_calls": 0.9, "max_mb": 10, "tier": "entry"}'), _form),
    "policy": Reader(_policy, _read_policy, allowed=(ValueError, RecursionError)),
    "outcomes": Reader(_at_home(_outcomes), _read_outcomes),
    "guesses": Reader(_at_home(_guesses), _read_guesses),
    "choice": Reader(_at_home(_choice), _read_choice),
    "scoreboard": Reader(_at_home(_board), _read_board, share=0.5),
    "progress": Reader(_kept_progress, _progress, share=0.5),
    "editions": Reader(_laid, _editions),
    "workshop.json": Reader(_at_home(_workshop), _read_workshop),
    "artifact": Reader(_text("artifact.json", ARTIFACT), _artifact),
    "cache": Reader(_cache, _look_up),
    "prototypes": Reader(_prototypes, _read_prototypes),
    "person": Reader(_adapter("person.json"), _read_adapter, "bundle"),
    "adapter, sealed": Reader(_adapter("adapter.onnx_adapter"), _read_adapter, "bundle", _reseal_adapter),
    "sweep.json": Reader(_text("sweep.json", json.dumps(SWEEP)), _sweep, "tables", also=(MANY,)),
    "sweep.yaml": Reader(_text("sweep.yaml", YAML), _sweep, "tables", also=BOMBS),
    "sweep.toml": Reader(_text("sweep.toml", "".join(f"{k} = {json.dumps(v)}\n" for k, v in SWEEP.items())), _sweep, "tables"),
    "log.parquet": Reader(_parquet, _score, "tables"),
    "log.jsonl": Reader(_text("log.jsonl", "".join(json.dumps({"text": t}) + "\n" for t, _ in ROWS)), _score, "tables"),
    "sources": Reader(_text("sources.json", '{"a.jsonl": 100, "b.parquet": 200}'), _sources, "tables"),
    "part": Reader(_part, _counts, "tables"),
    "perf.yaml": Reader(_perf_file, _read_perf, "tables", also=BOMBS),
    "perf.yaml as JSON": Reader(_perf_json, _read_perf, "tables"),
    "room.csv": Reader(_text("room.csv", ROOM), _room),
    "reports.db": Reader(_fleet, _fleet_report, "fleet", share=0.3),
    "body of a report": Reader(_fleet_body, _fleet_room, "fleet", _put_body, share=0.4),
    "genai_config": Reader(_text("genai_config.json", json.dumps(GENAI)), _genai),
    "llama": Reader(_text("config.json", json.dumps(LLAMA)), _llama),
    "shipped": Reader(_text("texts.jsonl", TEXTS), _shipped),
    "schema": Reader(_text("schema.json", '{"type": "object", "properties": {}}'), _schema),
    "call": Reader(_text("call.json", '{"tool": "set_alarm", "time": ["seven"]}'), _call),
}  # fmt: skip
