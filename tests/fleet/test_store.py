"""Reports in SQLite and in PostgreSQL: kept once, whoever writes at the same time; what is no store of reports is refused
in one line, and left as it is."""

import os
import sqlite3
import stat
import threading
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sql

from edgelab.fleet.engine import StoreError, default_file
from edgelab.fleet.store import Entry, Outcome, open_store
from tests.full_disk import fill, small_disk

BUNDLE = "votes", "a" * 64


def entry(body: str = "{}", **changes) -> Entry:
    return Entry(**{"id": str(uuid.uuid4()), "visit": str(uuid.uuid4()), "body": body} | changes)


@pytest.fixture
def store(db):
    opened = open_store(db)
    yield opened
    opened.close()


@pytest.fixture
def name():
    """Of a session of one test's own."""
    return f"s{uuid.uuid4().hex[:8]}"


# --- sessions and reports ------------------------------------------------------------------------


def test_a_session_is_begun_once_and_then_continued(store, db, name):
    begun = store.session(name, *BUNDLE)
    assert (begun.name, begun.bundle_model, begun.bundle_sha256) == (name, *BUNDLE)
    again = open_store(db)
    assert again.session(name, *BUNDLE) == begun
    with pytest.raises(
        StoreError, match=f"session {name}: it is of another bundle, votes aaaaaaaaaaaa, found .* bbbbbbbbbbbb"
    ):
        again.session(name, "other", "b" * 64)
    again.close()
    one, two = store.session(None, *BUNDLE), store.session(None, *BUNDLE)
    assert len({one.name, two.name, begun.name}) == len({one.token, two.token, begun.token}) == 3


def test_a_report_is_stored_repeated_or_in_conflict(store, name):
    store.session(name, *BUNDLE)
    first, second = entry('{"runs": 1}'), entry('{"runs": 2}')
    other = Entry(first.id, first.visit, '{"runs": 3}')
    assert store.put(name, [first, second, first, other]) == [
        Outcome.STORED,
        Outcome.STORED,
        Outcome.REPEATED,
        Outcome.CONFLICT,
    ]
    assert store.put(name, [other, first]) == [Outcome.CONFLICT, Outcome.REPEATED]
    assert [kept.body for kept in store.reports(name)] == [first.body, second.body]
    assert store.count(name) == (2, 2)


def test_a_session_has_its_own_reports(store, name):
    same = entry()
    for session in (name, name + "-2"):
        store.session(session, *BUNDLE)
        assert store.put(session, [same]) == [Outcome.STORED]
    store.session(name + "-3", *BUNDLE)
    assert store.count(name) == (1, 1) and store.count(name + "-3") == (0, 0)
    assert store.sessions()[:2] == [name + "-2", name]  # those with reports, the newest first
    with pytest.raises(StoreError):
        store.put("of no name", [same])


def test_writers_at_the_same_time_keep_each_report_once(store, db, name):
    """Eight threads on two stores, as of two servers, put the same reports in different orders."""
    store.session(name, *BUNDLE)
    second, entries, outcomes = open_store(db), [entry(str(number)) for number in range(40)], []

    def write(number: int) -> None:
        target = (store, second)[number % 2]
        for at in range(40):
            outcomes.extend(target.put(name, [entries[(at * 7 + number * 11) % 40]]))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    second.close()
    assert sorted(outcome.name for outcome in outcomes) == ["REPEATED"] * 280 + ["STORED"] * 40
    assert store.count(name) == (40, 40)


def test_two_may_make_the_tables_at_the_same_time(tmp_path, request):
    new = [f"sqlite:///{tmp_path}/{number}.db" for number in range(20)]  # it is a matter of luck
    for url in (*new, request.getfixturevalue("postgres")):
        engine = sql.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
        with engine.begin() as connection:
            for table in ("edgelab_reports", "edgelab_sessions", "edgelab_schema"):
                connection.exec_driver_sql(f"DROP TABLE IF EXISTS {table}")
        engine.dispose()
        failed = []

        def opening(url: str = url, failed: list = failed) -> None:
            try:
                open_store(url).close()
            except StoreError as error:
                failed.append(str(error))

        threads = [threading.Thread(target=opening) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed


def test_the_newest_of_each_visit(store, name):
    store.session(name, *BUNDLE)
    visits = [str(number) for number in range(4)]
    store.put(name, [entry(body, visit=visits[at]) for at, body in [(0, "a"), (1, "b"), (2, "c"), (0, "d"), (3, "e")]])
    assert [kept.body for kept in store.newest(name, 10)] == ["b", "c", "d", "e"]
    assert [kept.body for kept in store.newest(name, 2)] == ["d", "e"]
    assert store.count(name) == (4, 5)


# --- the database --------------------------------------------------------------------------------


def test_by_default_it_lies_in_the_home_for_its_owner_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    store = open_store()
    store.session(None, *BUNDLE)
    assert store.where == str(default_file()) == str(tmp_path / "home" / "fleet" / "reports.db")
    for file in default_file().parent.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    store.close()


@pytest.mark.parametrize(
    "url",
    ["reports.db", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://host/x.db", "sqlite:///x.db?mode=ro", "mysql://u:secret@h/d",
     "oracle+none://u:secret@h", "postgresql+asyncpg://u:secret@h/d", "http://u:secret@h", "://", "", "postgresql://u:secret@h:port/d"],
)  # fmt: skip
def test_a_url_of_something_else_is_refused_without_its_password(url, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        StoreError, match="^database: expected sqlite:///FILE or postgresql://USER@HOST/NAME, found"
    ) as told:
        open_store(url)
    assert "secret" not in str(told.value) and "\n" not in str(told.value) and not list(tmp_path.iterdir())


def test_a_postgres_that_is_not_there_is_refused_without_its_password(postgres):
    for url in (
        "postgresql://u:secret@127.0.0.1:9/d",
        postgres.replace("tester@", "nobody_here:secret@"),
        postgres + "_none",
    ):
        with pytest.raises(StoreError, match="^postgresql://") as told:
            open_store(url)
        assert "secret" not in str(told.value) and "\n" not in str(told.value)
    with pytest.raises(StoreError, match="found options that are none of its|invalid"):
        open_store(postgres + "?nonsense=1")


@pytest.mark.parametrize(
    "content", [b"not a database at all, but a text of some length" * 40, b"SQLite format 3\0" + bytes(200)]
)
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(tmp_path, content):
    file = tmp_path / "notes.db"
    file.write_bytes(content)
    with pytest.raises(StoreError, match=f"^{file}: "):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes() == content and list(tmp_path.iterdir()) == [file]


def test_another_programs_database_is_refused_and_left_as_it_is(tmp_path):
    file = tmp_path / "theirs.db"
    connection = sqlite3.connect(file)
    connection.execute("CREATE TABLE songs (title TEXT)")
    connection.close()
    before = file.read_bytes()
    with pytest.raises(StoreError, match="expected a database of reports, found another program's tables"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes() == before and list(tmp_path.iterdir()) == [file]


def test_postgres_may_hold_other_programs_tables_beside(postgres):
    engine = sql.create_engine(postgres.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS songs (title TEXT)")
    engine.dispose()
    open_store(postgres).close()


@pytest.mark.parametrize(("version", "says"), [(2, "a newer EdgeLab wrote it: update this one"), (0, "")])
def test_another_versions_reports_are_refused(tmp_path, version, says):
    file = tmp_path / "reports.db"
    open_store(f"sqlite:///{file}").close()
    connection = sqlite3.connect(file)
    connection.execute("UPDATE edgelab_schema SET version = ?", (version,))
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=f"expected reports of version 1, found {version}(: )?{says}$"):
        open_store(f"sqlite:///{file}")


def test_reading_makes_no_file(tmp_path):
    with pytest.raises(
        StoreError, match=r"expected a database of reports, found no file: `edgelab fleet BUNDLE` makes one"
    ):
        open_store(f"sqlite:///{tmp_path}/none.db", create=False)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("place", ["/proc/nothing/x.db", "file/x.db", "."])
def test_a_place_that_takes_no_file_is_refused(tmp_path, monkeypatch, place):
    monkeypatch.chdir(tmp_path)
    Path("file").write_text("")
    with pytest.raises(StoreError, match=f"^{place}"):
        open_store(f"sqlite:///{place}")


def test_a_full_disk_keeps_nothing_by_halves_and_goes_on_when_there_is_room(tmp_path):
    with small_disk(tmp_path / "disk", 400) as disk:
        store = open_store(f"sqlite:///{disk}/reports.db")
        store.session("s", *BUNDLE)
        kept, refused = [], None
        for number in range(2000):
            try:
                kept += [e.id for e in (entry("y" * 800),) if store.put("s", [e]) == [Outcome.STORED]]
            except StoreError as error:
                refused = number, str(error)
                break
        assert refused and "full" in refused[1] and kept
        fill(disk)
        with pytest.raises(StoreError):
            store.put("s", [entry("y" * 800)])
        assert store.count("s")[1] == len(kept)
        os.unlink(disk / ".filler")
        store.close()
        again = open_store(f"sqlite:///{disk}/reports.db")
        assert again.count("s")[1] == len(kept)
        again.close()


def test_a_full_disk_is_told_when_the_database_is_made(tmp_path):
    with small_disk(tmp_path / "disk", 60) as disk:
        fill(disk)
        with pytest.raises(StoreError, match="full|space|I/O"):
            open_store(f"sqlite:///{disk}/reports.db")
