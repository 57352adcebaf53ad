"""Logs scored on two workers: every row once, with what the bundle says of it; killed, interrupted, gone on with."""

import contextlib
import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from edgelab.bundle.manifest import BundleError
from edgelab.bundle.predict import Bundle
from edgelab.sweeps import pieces, reading, score_run, scoring
from edgelab.sweeps.cluster import workers_of
from edgelab.sweeps.parts import PartsError
from edgelab.sweeps.pieces import LogsError
from edgelab.sweeps.score_run import Scored, on_paper, score, summary
from edgelab.sweeps.scoring import Counts, counts_of, open_bundle
from tests import sweep_tasks
from tests.full_disk import fill, small_disk
from tests.small_bundles import VOTES, model, small_bundle
from tests.sweeps.conftest import TEXTS, scheduler_process, wait_for


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(pieces, "PIECE_ROWS", 25)
    monkeypatch.setattr(pieces, "PIECE_BYTES", 300)


def scored(out) -> dict[tuple[str, int], dict]:
    """Each row of the parts by its place; fails where one stands twice."""
    rows = [row for part in sorted(out.glob("part-*.parquet")) for row in pq.read_table(part).to_pylist()]
    found = {(row["source"], row["row"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def aside(out) -> list[tuple]:
    rows = [row for part in sorted(out.glob("aside-*.parquet")) for row in pq.read_table(part).to_pylist()]
    return [(row["source"], row["row"], row["reason"]) for row in rows]


def nobody():
    raise AssertionError("no worker is needed")
    yield


def test_every_row_is_scored_once_as_the_bundle_would(bundle, logs, tmp_path, workers):
    said = []
    found = score(bundle, logs, tmp_path / "out", workers, said.append)
    rows = scored(tmp_path / "out")
    assert len(rows) == 160 and set(number for source, number in rows if source == "a.parquet") == set(range(100))
    opened = Bundle.load(bundle)
    content = (logs / "more" / "b.jsonl").read_bytes()
    for (source, number), row in rows.items():
        text = TEXTS[number % 6] if source == "a.parquet" else json.loads(content[number:].split(b"\n")[0])["text"]
        expected = opened.predict(text)
        assert (row["label"], json.loads(row["slots"])) == (expected.label, expected.slots)
        assert row["confidence"] == pytest.approx(expected.confidence, rel=1e-6)
    assert found.total == found.now and (found.total.rows, found.total.aside, found.files) == (160, 0, 2)
    assert found.total.asked < 160 and found.total.cpu_s > 0 and found.total.peak_bytes > 1e6
    assert said[-1].endswith("160 rows scored, 0 set aside") and not aside(tmp_path / "out")


def test_what_is_scored_is_not_scored_again_and_files_that_come_are_added(bundle, logs, tmp_path, workers):
    out, said = tmp_path / "out", []
    score(bundle, logs, out, workers, said.append)
    before = {part: part.stat().st_mtime_ns for part in out.glob("part-*")}
    again = score(bundle, logs, out, contextlib.contextmanager(nobody)(), said.append)
    assert (again.total.rows, again.now.rows) == (160, 0)
    shutil.copy(logs / "more" / "b.jsonl", logs / "0-came-later.jsonl")  # before all others by its name
    more = score(bundle, logs, out, workers, said.append)
    assert (more.total.rows, more.now.rows, more.files) == (220, 60, 3) and len(scored(out)) == 220
    assert {part: part.stat().st_mtime_ns for part in before} == before


def test_a_killed_worker_loses_nothing_and_doubles_nothing(bundle, logs, tmp_path, workers, monkeypatch):
    monkeypatch.setattr(score_run, "score_piece", sweep_tasks.killing_score_piece)
    out = tmp_path / "out"
    found = score(bundle, logs, out, workers, lambda line: None)
    assert (out / ".died-1").exists() and found.workers_lost >= 1
    assert len(scored(out)) == found.total.rows == 160
    again = score(bundle, logs, out, contextlib.contextmanager(nobody)(), lambda line: None)
    assert again.total.rows == 160 and not list(out.glob(".part*"))  # what it left half written is swept


def test_an_interruption_loses_what_was_being_done_alone(bundle, logs, tmp_path, workers, monkeypatch):
    monkeypatch.setattr(score_run, "EVERY_S", 0)
    out = tmp_path / "out"

    def interrupt(line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score(bundle, logs, out, workers, interrupt)
    assert list(out.glob("part-*"))  # the one that was told of, at least
    found = score(bundle, logs, out, workers, lambda line: None)
    assert found.total.rows == len(scored(out)) == 160 and found.now.rows < 160


def test_the_same_parts_come_of_one_worker_and_of_a_scheduler_in_another_process(bundle, logs, tmp_path, workers):
    score(bundle, logs, tmp_path / "two", workers, lambda line: None)
    with scheduler_process(tmp_path, "--nthreads", "1") as (address, _):
        found = score(bundle, logs, tmp_path / "one", workers_of(address, 7), lambda line: None, scheduler=address)
    assert found.workers == 1
    for part in (tmp_path / "two").glob("part-*"):
        assert pq.read_table(part).equals(pq.read_table(tmp_path / "one" / part.name))
    assert len(scored(tmp_path / "one")) == 160


def test_what_cannot_be_read_is_counted_and_set_aside_with_its_reason(bundle, logs, tmp_path, workers):
    (logs / "cut.parquet").write_bytes((logs / "a.parquet").read_bytes()[:-10])
    (logs / "none.parquet").write_bytes(b"")
    (logs / "empty.jsonl").write_bytes(b"")
    pq.write_table(pa.table({"id": [1]}), logs / "other.parquet")
    (logs / "z.jsonl").write_bytes(b'{"text": "why"}\n{"text": "\xff"}\n{"id": 3}\n{"text": "play"}')
    found = score(bundle, logs, tmp_path / "out", workers, lambda line: None)
    assert (found.total.rows, found.total.aside) == (162, 2)
    assert {name: reason[:30] for name, reason in found.files_aside.items()} == {
        "cut.parquet": "expected Parquet: Parquet magi",
        "none.parquet": "expected Parquet: Parquet file",
        "other.parquet": "expected one column 'text', fo",
    }
    set_aside = aside(tmp_path / "out")
    assert ("z.jsonl", 16, "expected UTF-8, found byte 0xff") in set_aside
    assert ("z.jsonl", 30, "expected a 'text', found none") in set_aside
    assert [source for source, row, _ in set_aside if row is None] == ["cut.parquet", "none.parquet", "other.parquet"]
    shutil.copy(logs / "a.parquet", logs / "cut.parquet")  # it is mended
    mended = score(bundle, logs, tmp_path / "out", workers, lambda line: None)
    assert mended.total.rows == 262 and "cut.parquet" not in mended.files_aside
    assert len([row for _, row, _ in aside(tmp_path / "out") if row is None]) == 2


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "found none"),
        (b"\n\n", "found none"),
        (b'{"id": 1}\n', "found none; a.jsonl, row 0: expected a 'text', found none"),
    ],
)
def test_logs_without_a_text_are_refused(bundle, tmp_path, workers, content, said):
    (tmp_path / "a.jsonl").write_bytes(content)
    with pytest.raises(LogsError, match="expected at least one row with a text") as told:
        score(bundle, tmp_path / "a.jsonl", tmp_path / "out", workers, lambda line: None)
    assert str(told.value).endswith(said)


def test_a_file_that_changed_or_went_is_refused(bundle, logs, tmp_path, workers):
    out, file = tmp_path / "out", logs / "more" / "b.jsonl"
    score(bundle, logs, out, workers, lambda line: None)
    content = file.read_bytes()
    file.write_bytes(content + b'\n{"text": "why"}')
    with pytest.raises(
        LogsError, match=r"b\.jsonl: expected its 1,.* bytes of before, found .*; choose another folder than"
    ):
        score(bundle, logs, out, workers, lambda line: None)
    file.unlink()
    with pytest.raises(LogsError, match=r"b\.jsonl: expected a file that was scored before, found none"):
        score(bundle, logs, out, workers, lambda line: None)
    file.write_bytes(content)
    assert score(bundle, logs, out, workers, lambda line: None).total.rows == 160


def test_another_bundle_needs_another_folder(bundle, logs, tmp_path, workers):
    score(bundle, logs, tmp_path / "out", workers, lambda line: None)
    other = small_bundle(tmp_path / "other", made=model(votes=2 * VOTES))
    with pytest.raises(
        PartsError, match=r"out: expected results of the same as here, found those of bundle .* another folder"
    ):
        score(other, logs, tmp_path / "out", workers, lambda line: None)


def test_a_bundle_that_changes_on_the_way_is_refused(bundle):
    sha256 = Bundle.load(bundle).manifest["manifest_sha256"]
    open_bundle.cache_clear()
    assert open_bundle(bundle, sha256) is open_bundle(bundle, sha256)
    with pytest.raises(BundleError, match="expected the bundle that the command was given"):
        open_bundle(bundle, "0" * 64)


def test_a_broken_bundle_ends_it_in_a_line(tmp_path, logs, workers):
    import numpy as np

    votes = VOTES.copy()
    votes[1] = np.finfo(np.float32).max  # twice the word, and the sum is infinite
    broken = small_bundle(tmp_path / "broken", made=model(votes=votes))
    (logs / "a.parquet").unlink()
    (logs / "more" / "b.jsonl").write_text('{"text": "why why why"}')
    with pytest.raises(BundleError, match="no finite number"):
        score(broken, logs, tmp_path / "out", workers, lambda line: None)
    assert not list((tmp_path / "out").glob("*part-*"))


@pytest.mark.parametrize("place", ["", "out", "more/out"])
def test_parts_are_not_written_among_the_logs(bundle, logs, workers, place):
    with pytest.raises(PartsError, match="expected a folder outside of"):
        score(bundle, logs, logs / place, workers, lambda line: None)


def test_what_is_damaged_is_named_before_any_worker_is_needed(bundle, logs, tmp_path, workers):
    out = tmp_path / "out"
    score(bundle, logs, out, workers, lambda line: None)
    rows, (part, *_) = scored(out), sorted(out.glob("part-*"))
    content, sources = part.read_bytes(), (out / score_run.SOURCES).read_bytes()
    nothing = contextlib.nullcontext()
    pq.write_table(pa.table({"a": [1]}), tmp_path / "foreign.parquet")
    for damaged in (b"", content[:-9], (tmp_path / "foreign.parquet").read_bytes()):
        part.write_bytes(damaged)
        with pytest.raises(PartsError, match="damaged; delete it") as told:
            score(bundle, logs, out, nothing, lambda line: None)
        assert str(told.value).startswith(f"{part}: ")
    part.unlink()
    assert score(bundle, logs, out, workers, lambda line: None).total.rows == 160 and scored(out) == rows
    for damaged in (b"", b"[]", b"[" * 100_000, b'{"a.parquet": "9"}', b"\xff", None):
        (out / score_run.SOURCES).unlink()
        if damaged is not None:
            (out / score_run.SOURCES).write_bytes(damaged)
        with pytest.raises(PartsError, match=r"sources\.json: expected which files the .* parts are of") as told:
            score(bundle, logs, out, nothing, lambda line: None)
        (out / score_run.SOURCES).write_bytes(sources)
    assert score(bundle, logs, out, nothing, lambda line: None).total.rows == 160


def test_a_full_disk_is_one_line_and_nothing_half_stays(bundle, logs, tmp_path, workers, client):
    with small_disk(tmp_path / "disk", 200) as disk:
        (disk / "out").mkdir()
        (disk / "room").write_bytes(bytes(8192))
        fill(disk)
        (disk / "room").unlink()  # for the records, and a part or two
        with pytest.raises(PartsError, match="out: cannot be written to: .*No space left"):
            score(bundle, logs, disk / "out", workers, lambda line: None)
        wait_for(lambda: not any(client.processing().values()))  # the other worker has a piece, too
        assert not [part for part in (disk / "out").glob("part-*") if not part.stat().st_size]
        (disk / ".filler").unlink()
        assert score(bundle, logs, disk / "out", workers, lambda line: None).total.rows == 160
        wait_for(lambda: not any(client.processing().values()))


def test_memory_does_not_grow_with_what_is_set_aside_or_remembered(bundle, tmp_path, monkeypatch):
    """In this process: batches are written as they come, and answers forgotten."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 10**9)
    monkeypatch.setattr(reading, "BATCH", 10)
    monkeypatch.setattr(scoring, "REMEMBERED", 5)
    lines = ['{"text": "why"}', "{", '{"text": "play"}', '{"text": "wake"}'] * 50
    (tmp_path / "a.jsonl").write_text("\n".join(lines))
    (piece,) = pieces.pieces_of(0, tmp_path / "a.jsonl")
    sha256 = Bundle.load(bundle).manifest["manifest_sha256"]
    (tmp_path / "out").mkdir()
    open_bundle.cache_clear()
    counts = scoring.score_piece(piece, "a.jsonl", bundle, sha256, tmp_path / "out")
    assert (counts.rows, counts.aside, counts.asked) == (150, 50, 3)
    assert counts_of(tmp_path / "out" / scoring.scored_name(piece)) == counts
    assert pq.read_metadata(tmp_path / "out" / scoring.aside_name(piece)).num_row_groups == 20  # one a batch


def test_counts_add_up_and_rates_are_of_this_run():
    assert Counts(1, 2, 3, 4.0, 5) + Counts(10, 20, 30, 40.0, 4) == Counts(11, 22, 33, 44.0, 5)
    found = summary(Scored(3, Counts(300), Counts(100, 0, 80, 4.0), wall_s=2.0, workers=2))
    assert (found["rows_per_second"], found["rows_per_core_second"], found["rows"]) == (50, 25, 300)
    assert summary(Scored(3, Counts(300)))["rows_per_second"] is None


def test_a_billion_on_paper():
    assert on_paper(1000, core_hour_price=0.1) == {
        "requests": 1e9,
        "core_hours": pytest.approx(277.78, abs=0.01),
        "price": pytest.approx(27.78, abs=0.01),
    }
