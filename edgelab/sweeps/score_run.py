"""`edgelab score`: logs of any size, in pieces, on workers; it goes on where it stopped, and nothing is scored twice."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab.bundle.predict import Bundle
from edgelab.sweeps.cluster import see_that_they_share, workers_lost
from edgelab.sweeps.engine import Task, as_they_come
from edgelab.sweeps.parts import PartsError, names, output, reading, write_part
from edgelab.sweeps.pieces import LogsError, Piece, find_sources, pieces_of
from edgelab.sweeps.progress import Progress
from edgelab.sweeps.reading import shown
from edgelab.sweeps.scoring import Counts, aside_name, aside_table, counts_of, score_piece, scored_name
from edgelab.workspace import versions, write_atomic

if TYPE_CHECKING:
    from distributed import Client

EVERY_S = 2.0  # between two lines of progress
WAITING = 4  # pieces handed over for each worker
SOURCES = "sources.json"  # each file that was divided, with its size then, in the order of their numbers
LIBRARIES = ("onnxruntime", "tokenizers", "numpy")


@dataclass(frozen=True)
class Scored:
    """What stands in the folder now, of all runs (`total`), and what this one did (`now`) in `wall_s` seconds; the files that
    could not be read at all, with the reason of each; how many workers were lost on the way."""

    files: int
    total: Counts = Counts()
    now: Counts = Counts()
    wall_s: float = 0.0
    workers: int = 0
    workers_lost: int = 0
    files_aside: dict[str, str] = field(default_factory=dict)


def score(
    bundle: Path,
    logs: Path,
    out: Path,
    workers: AbstractContextManager["Client"],
    say: Callable[[str], None],
    *,
    scheduler: str | None = None,
) -> Scored:
    """Score what is not scored yet. An interruption loses the pieces that were being worked on, no others.

    Args:
        workers: of `cluster.workers_of`; begun once there is something for them to do.
        scheduler: the address of theirs, where they are not this machine's own.

    Raises:
        PartsError: `out` lies among the logs; so it is, too, where it is of another bundle or cannot be written to.

    A `LogsError` says that there is nothing to score, or that a file has changed since it was.
    """
    sha256 = Bundle.load(bundle).manifest["manifest_sha256"]
    base, sources = logs if logs.is_dir() else logs.parent, find_sources(logs)
    if out.resolve().is_relative_to(logs.resolve()):
        raise PartsError(f"{out}: expected a folder outside of {logs}, whose files are read")
    with output(out, "scores", {"bundle": sha256, **versions(LIBRARIES)}):
        pieces, files_aside = divide(base, sources, out)
        done = names(out, "part-*.parquet")
        left = [piece for piece in pieces if scored_name(piece) not in done]
        for part in sorted(done):  # what is damaged is told before hours of work
            counts_of(out / part)
        if len(left) < len(pieces):
            say(f"{len(pieces) - len(left)} of {len(pieces)} pieces are scored already")
        scored = Scored(files=len(sources), files_aside=files_aside)
        if left:
            with workers as client:
                if scheduler is not None:
                    see_that_they_share(client, out)
                arguments = (bundle.absolute(), sha256, out.absolute())
                scored = replace(scored, **_score_pieces(left, base, arguments, client, say))
        total = sum((counts_of(out / scored_name(piece)) for piece in pieces), Counts())
        see_that_something_was_read(total, logs, files_aside, [out / aside_name(piece) for piece in pieces])
        return replace(scored, total=total)


def _score_pieces(
    pieces: list[Piece], base: Path, arguments: tuple, client: "Client", say: Callable[[str], None]
) -> dict[str, Any]:
    """What this run did, as `Scored` has it."""
    before, start, now = workers_lost(client), time.monotonic(), Counts()
    progress = Progress(len(pieces), sum(piece.size_bytes for piece in pieces), say, every_s=EVERY_S)
    named = ((piece, str(piece.path.relative_to(base.absolute()))) for piece in pieces)
    tasks = (Task(piece.name, score_piece, (piece, name, *arguments), cost=piece.size_bytes) for piece, name in named)
    for ended in as_they_come(client, tasks, room=WAITING):
        if ended.error:
            raise ended.error
        now += ended.result
        progress.end(ended.task.cost, f"{now.rows:,} rows scored, {now.aside:,} set aside")
    lost = workers_lost(client) - before
    return {"now": now, "wall_s": time.monotonic() - start, "workers": len(client.nthreads()), "workers_lost": lost}


def divide(base: Path, sources: list[str], out: Path) -> tuple[list[Piece], dict[str, str]]:
    """All pieces, of which many may be done; and the files that cannot be read at all, each with its reason, which are set
    aside, too. Files that have come since the first run get numbers of their own.

    Raises:
        LogsError: a file is not what was divided before.
    """
    known = _known(out)
    pieces: list[Piece] = []
    aside: dict[str, str] = {}
    for gone in known.keys() - set(sources):
        raise LogsError(
            f"{base / gone}: expected a file that was scored before, found none; choose another folder than {out}"
        )
    numbers = {name: number for number, name in enumerate(known)}
    for name in sources:
        number = numbers.get(name, len(known))
        try:
            found = pieces_of(number, (base / name).absolute())
            size = (base / name).stat().st_size
        except LogsError as error:
            if name in known:
                raise LogsError(f"{base / name}: cannot be read any more: {error}") from None
            aside[name] = str(error)
            continue
        if known.setdefault(name, size) != size:
            raise LogsError(
                f"{base / name}: expected its {known[name]:,} bytes of before, found {size:,}; choose another folder than {out}"
            )
        pieces += found
    write_atomic(out / SOURCES, json.dumps(known, indent=1))
    _write_aside(out, aside)
    return pieces, aside


def _known(out: Path) -> dict[str, int]:
    """The files that were divided before, each with its size then.

    Raises:
        PartsError: nobody knows any more of which files the parts are.
    """
    file = out / SOURCES
    with reading(file):
        content = file.read_bytes() if file.exists() else b"{}"
    try:
        known = json.loads(content)
    except (ValueError, RecursionError):
        known = None
    sound = isinstance(known, dict) and all(type(size) is int for size in known.values())
    parts = names(out, "part-*.parquet")
    if not sound or (parts and not known):
        found = "something else" if file.exists() else "none"
        raise PartsError(
            f"{file}: expected which files the {len(parts)} parts are of, found {found}; choose another folder than {out}"
        )
    return known


def _write_aside(out: Path, aside: dict[str, str]) -> None:
    file = out / "aside-files.parquet"
    if aside:
        import pyarrow as pa

        tables = [aside_table(shown(name), [(None, reason)]) for name, reason in aside.items()]
        write_part(file, pa.concat_tables(tables))
    else:
        file.unlink(missing_ok=True)


def see_that_something_was_read(total: Counts, logs: Path, files_aside: dict[str, str], asides: list[Path]) -> None:
    """Logs without a single text are the wrong ones.

    Raises:
        LogsError: with the first reason.
    """
    if total.rows:
        return
    reasons = [f"{name}: {reason}" for name, reason in files_aside.items()] or list(_reasons(asides))
    raise LogsError(
        f"{logs}: expected at least one row with a text, found none" + (f"; {reasons[0]}" if reasons else "")
    )


def _reasons(asides: list[Path]) -> Iterator[str]:
    import pyarrow.parquet as pq

    for file in asides:
        with reading(file):
            for row in () if not file.exists() else pq.read_table(file).slice(0, 1).to_pylist():
                yield f"{row['source']}, row {row['row']}: {row['reason']}"


def summary(scored: Scored) -> dict[str, object]:
    """As JSON has it. Rates are of this run alone: by the clock, and by the seconds that cores worked for it."""
    now = scored.now
    return {
        "rows": scored.total.rows,
        "rows_set_aside": scored.total.aside,
        "files": scored.files,
        "files_set_aside": scored.files_aside,
        "this_run": asdict(now)
        | {"wall_s": scored.wall_s, "workers": scored.workers, "workers_lost": scored.workers_lost},
        "rows_per_second": now.rows / scored.wall_s if now.rows else None,
        "rows_per_core_second": now.rows / now.cpu_s if now.rows else None,
    }


def on_paper(rows_per_core_second: float, *, requests: float = 1e9, core_hour_price: float) -> dict[str, float]:
    """What so many requests cost at the measured rate: hours of a core, and their price in the unit of `core_hour_price`."""
    hours = requests / rows_per_core_second / 3600
    return {"requests": requests, "core_hours": hours, "price": hours * core_hour_price}
