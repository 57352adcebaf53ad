"""The database behind an address: how it is reached, for how long it is waited for, and what of it is shown."""

import contextlib
import os
import time
from pathlib import Path
from urllib.parse import unquote

import sqlalchemy as sql
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from edgelab.declarations import Stored
from edgelab.fleet.content import FleetError
from edgelab.workspace import home, home_errors

DECLARED = (
    Stored(
        what="the reports of the devices that joined a session of the device lab",
        where="{home}/fleet/reports.db*",
        how_long="until deleted by hand",
        about="device",
        part="course",
    ),
)

EXPECTED = "expected sqlite:///FILE or postgresql://USER@HOST/NAME"
PATIENCE_S = 10  # with a server that is not there, a lock that somebody holds, a network that is gone
WAITING = {"connect_timeout": PATIENCE_S, "tcp_user_timeout": PATIENCE_S * 1000, "keepalives_idle": PATIENCE_S}


class StoreError(FleetError):
    """The database cannot be opened, read or written to now; the message says which and why."""


def default_file() -> Path:
    """Where reports are kept when no database is named."""
    return home() / "fleet" / "reports.db"


def open_engine(url: str | None, *, create: bool) -> tuple[sql.Engine, str]:
    """The database of that URL, or the file in the home, and its name without a password.

    Args:
        create: whether a SQLite file that is not there is made.

    Raises:
        StoreError: it is no such URL, or the file cannot be made.
    """
    parsed = sql.URL.create("sqlite", database=str(default_file())) if url is None else _parsed(url)
    kind = parsed.drivername
    if kind == "sqlite" and parsed.database not in (None, "", ":memory:") and not parsed.query and not parsed.host:
        file = Path(parsed.database or "")
        return _sqlite(file, create), str(file)
    if kind in ("postgresql", "postgres", "postgresql+psycopg"):
        return _postgres(parsed), parsed.set(query={}).render_as_string(hide_password=True)  # `?password=` is one, too
    raise StoreError(f"database: {EXPECTED}, found another")


def _parsed(url: str) -> sql.URL:
    try:
        parsed = sql.make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"database: {EXPECTED}, found something else") from None
    # A password's @ is written %40: else the password ends there, and its rest is taken for the host, and shown.
    if "\0" in unquote(url) or "@" in (parsed.host or ""):
        raise StoreError(f"database: {EXPECTED}, with %40 for an @ in a password, found something else")
    return parsed


def _postgres(url: sql.URL) -> sql.Engine:
    try:
        url.render_as_string(hide_password=False).encode()
    except UnicodeEncodeError:
        raise StoreError(f"database: {EXPECTED} in UTF-8, found something else") from None
    waiting = {name: value for name, value in WAITING.items() if name not in url.query}
    engine = _engine(url.set(drivername="postgresql+psycopg"), connect_args=waiting, pool_pre_ping=True)

    @sql.event.listens_for(engine, "connect")
    def connected(connection: object, record: object) -> None:
        connection.execute(f"SET statement_timeout = '{PATIENCE_S}s'")  # type: ignore[attr-defined]
        connection.commit()  # type: ignore[attr-defined]

    return engine


def _engine(url: sql.URL, **options: object) -> sql.Engine:
    try:
        return sql.create_engine(url, **options)
    except (SQLAlchemyError, TypeError, ValueError):  # of a query that the driver does not know
        raise StoreError(f"database: {EXPECTED}, found options that are none of its") from None


def _sqlite(file: Path, create: bool) -> sql.Engine:
    if not create and not file.is_file():
        raise StoreError(f"{file}: expected a database of reports, found no file: `edgelab fleet BUNDLE` makes one")
    if file.is_relative_to(home()):
        with home_errors():
            _make(file)
    else:
        try:
            _make(file)
        except OSError as error:
            raise StoreError(f"{file}: cannot be opened: {error.strerror}") from None
    engine = _engine(sql.URL.create("sqlite", database=str(file)), connect_args={"timeout": PATIENCE_S})
    opened = _identity(file)

    @sql.event.listens_for(engine, "connect")
    def connected(connection: object, record: object) -> None:
        connection.isolation_level = None  # type: ignore[attr-defined]  # transactions begin where `begun` says
        connection.execute("PRAGMA synchronous = FULL")  # type: ignore[attr-defined]  # each commit is on the disk
        connection.execute("PRAGMA foreign_keys = ON")  # type: ignore[attr-defined]

    @sql.event.listens_for(engine, "begin")
    def begun(connection: sql.Connection) -> None:
        if _identity(file) != opened:  # what is written now would be gone with the last process that has the file open
            raise StoreError(f"{file}: somebody removed or replaced it: put it back, or start the lab again")
        options = connection.get_execution_options()
        if options.get("isolation_level") != "AUTOCOMMIT":
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes_after_reading") else "BEGIN")

    return engine


def log_ahead(engine: sql.Engine) -> None:
    """Readers of this SQLite file do not wait for a writer, nor it for them: from now on, for whoever opens it.

    Raises:
        OperationalError: somebody else keeps it locked, or it cannot be written to.
    """
    patience = time.monotonic() + PATIENCE_S
    while True:
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            return
        except OperationalError:  # another program is about to do the same: here SQLite does not wait by itself
            if time.monotonic() > patience:
                raise
            time.sleep(0.05)


def _identity(file: Path) -> tuple[int, int] | None:
    """Which file it is, whatever its name; None where there is none."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _make(file: Path) -> None:
    """An empty file for its owner alone, where there is none: who may read it could send reports in."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
