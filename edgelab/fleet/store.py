"""Where reports are kept: SQLite in the home by default, PostgreSQL by URL. What `put` returned from is on the disk."""

import contextlib
import secrets
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sql
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import SQLAlchemyError

from edgelab.fleet.engine import StoreError, log_ahead, open_engine

VERSION = 1
LOCK = 0x0EDE1AB  # of PostgreSQL, while the tables are made

TABLES = sql.MetaData()
SCHEMA = sql.Table("edgelab_schema", TABLES, sql.Column("version", sql.Integer, primary_key=True))
SESSIONS = sql.Table(
    "edgelab_sessions",
    TABLES,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("token", sql.Text, nullable=False),
    sql.Column("bundle_model", sql.Text, nullable=False),
    sql.Column("bundle_sha256", sql.Text, nullable=False),
    sql.Column("started_at", sql.Double, nullable=False),
)
REPORTS = sql.Table(
    "edgelab_reports",
    TABLES,
    sql.Column("number", sql.Integer, primary_key=True),
    sql.Column("session", sql.Text, sql.ForeignKey(SESSIONS.c.name), nullable=False),
    sql.Column("id", sql.Text, nullable=False),
    sql.Column("visit", sql.Text, nullable=False),
    sql.Column("received_at", sql.Double, nullable=False),
    sql.Column("body", sql.Text, nullable=False),
    sql.UniqueConstraint("session", "id"),
    sql.Index("edgelab_visits", "session", "visit"),
)


class Outcome(Enum):
    """What became of a report: stored now; there already; another one of that id is there."""

    STORED = 201
    REPEATED = 200
    CONFLICT = 409


@dataclass(frozen=True)
class Entry:
    """A report to keep: `body` is its JSON as this program writes it, so that equal reports have equal bodies."""

    id: str
    visit: str
    body: str


@dataclass(frozen=True)
class Kept:
    """A report that was kept; `received_at` in seconds since 1970."""

    visit: str
    received_at: float
    body: str


@dataclass(frozen=True)
class Session:
    """One lab: its name, what its reports are of, and the token that lets devices in."""

    name: str
    token: str
    bundle_model: str
    bundle_sha256: str


class Store:
    """A database of sessions and their reports, for any number of threads and processes at once."""

    def __init__(self, engine: sql.Engine, where: str) -> None:
        self.engine, self.where = engine, where

    def session(self, name: str | None, bundle_model: str, bundle_sha256: str) -> Session:
        """The session of that name, begun if there is none; without a name a new one.

        Raises:
            StoreError: the session is of another bundle.
        """
        new = f"{time.strftime('%Y-%m-%d-%H%M%S')}-{secrets.token_hex(2)}"
        session = Session(name or new, secrets.token_urlsafe(18), bundle_model, bundle_sha256)
        insert = self._insert(SESSIONS).values(started_at=time.time(), **vars(session)).on_conflict_do_nothing()
        with self._errors(), self.engine.begin() as connection:
            connection.execute(insert)
            row = connection.execute(sql.select(SESSIONS).where(SESSIONS.c.name == session.name)).one()
        if row.bundle_sha256 != bundle_sha256:
            raise StoreError(
                f"session {row.name}: it is of another bundle, {row.bundle_model} {row.bundle_sha256[:12]}, "
                f"found {bundle_model} {bundle_sha256[:12]}: choose another name"
            )
        return Session(row.name, row.token, row.bundle_model, row.bundle_sha256)

    def sessions(self) -> list[str]:
        """The names of all sessions that have reports, the newest first."""
        filled = sql.exists().where(REPORTS.c.session == SESSIONS.c.name)
        newest_first = sql.select(SESSIONS.c.name).where(filled).order_by(SESSIONS.c.started_at.desc())
        with self._errors(), self.engine.connect() as connection:
            return list(connection.scalars(newest_first))

    def put(self, session: str, entries: Sequence[Entry]) -> list[Outcome]:
        """Keep reports, all in one transaction: a `StoreError` if none was. A unique key decides which are new, whoever
        else writes."""
        with self._errors(), self.engine.begin() as connection:
            return [self._put(connection, session, entry) for entry in entries]

    def _put(self, connection: sql.Connection, session: str, entry: Entry) -> Outcome:
        values = {"session": session, "received_at": time.time(), **vars(entry)}
        insert = self._insert(REPORTS).values(values).on_conflict_do_nothing(index_elements=["session", "id"])
        if connection.execute(insert.returning(REPORTS.c.number)).first():
            return Outcome.STORED
        same = sql.select(REPORTS.c.body).where(REPORTS.c.session == session, REPORTS.c.id == entry.id)
        return Outcome.REPEATED if connection.scalars(same).one() == entry.body else Outcome.CONFLICT

    def reports(self, session: str) -> list[Kept]:
        """All reports of a session, in the order in which they were kept."""
        return self._kept(sql.select(REPORTS).where(REPORTS.c.session == session).order_by(REPORTS.c.number))

    def newest(self, session: str, limit: int) -> list[Kept]:
        """The last report of each visit, of the `limit` visits whose last report is newest, the newest last."""
        last = sql.select(sql.func.max(REPORTS.c.number)).where(REPORTS.c.session == session).group_by(REPORTS.c.visit)
        query = sql.select(REPORTS).where(REPORTS.c.number.in_(last)).order_by(REPORTS.c.number.desc()).limit(limit)
        return self._kept(query)[::-1]

    def count(self, session: str) -> tuple[int, int]:
        """How many visits and how many reports a session has."""
        counts = sql.func.count(REPORTS.c.visit.distinct()), sql.func.count()
        with self._errors(), self.engine.connect() as connection:
            visits, reports = connection.execute(sql.select(*counts).where(REPORTS.c.session == session)).one()
        return visits, reports

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    def _kept(self, query: sql.Select) -> list[Kept]:
        with self._errors(), self.engine.connect() as connection:
            return [Kept(row.visit, row.received_at, row.body) for row in connection.execute(query)]

    def _insert(self, table: sql.Table) -> sqlite.Insert | postgresql.Insert:
        return (sqlite if self.engine.dialect.name == "sqlite" else postgresql).insert(table)

    def _prepare(self) -> None:
        """Make the tables where there are none.

        Raises:
            StoreError: another program's tables are there, or those of another version of this one.
        """
        is_sqlite = self.engine.dialect.name == "sqlite"
        with self._errors():
            found = set(sql.inspect(self.engine).get_table_names())
        if SCHEMA.name not in found:
            if found if is_sqlite else found & set(TABLES.tables):
                raise StoreError(f"{self.where}: expected a database of reports, found another program's tables")
            writing = self.engine.execution_options(writes_after_reading=True)
            with self._errors(), writing.begin() as connection:
                if not is_sqlite:  # where two may not make the same table at once
                    connection.execute(sql.select(sql.func.pg_advisory_xact_lock(LOCK)))
                for table in TABLES.sorted_tables:
                    connection.execute(sql.schema.CreateTable(table, if_not_exists=True))
                    for index in table.indexes:
                        connection.execute(sql.schema.CreateIndex(index, if_not_exists=True))
                connection.execute(self._insert(SCHEMA).values(version=VERSION).on_conflict_do_nothing())
        with self._errors(), self.engine.connect() as connection:
            versions = list(connection.scalars(sql.select(SCHEMA.c.version)))
        if versions != [VERSION]:
            newer = ": a newer EdgeLab wrote it: update this one" if max(versions, default=0) > VERSION else ""
            shown = ", ".join(map(str, versions)) or "none"
            raise StoreError(f"{self.where}: expected reports of version {VERSION}, found {shown}{newer}")
        if is_sqlite:  # now that the file is known to be ours: it stays so
            with self._errors():
                log_ahead(self.engine)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            reason = " ".join(str(getattr(error, "orig", None) or error).split())
            raise StoreError(f"{self.where}: {reason[:300]}") from None


def open_store(url: str | None = None, *, create: bool = True) -> Store:
    """The store of that URL, or the one in the home. A password stands in the URL or, better, in libpq's own places
    (~/.pgpass, PGPASSWORD), and is never shown.

    Args:
        create: whether a SQLite file that is not there is made.

    A `StoreError` where it is no such URL, or the database is not one of reports, or cannot be opened.
    """
    store = Store(*open_engine(url, create=create))
    try:
        store._prepare()
    except BaseException:
        store.close()
        raise
    return store
