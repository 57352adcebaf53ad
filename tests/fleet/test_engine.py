"""The database behind an address: no password is shown, no wait is endless, and no report goes into a file that is gone."""

import os
import shutil

import psycopg
import pytest

from edgelab.fleet import engine
from edgelab.fleet.engine import StoreError
from edgelab.fleet.store import Entry, Outcome, open_store

BUNDLE = "votes", "a" * 64


def entry(number: int) -> Entry:
    return Entry(str(number), "v", "{}")


@pytest.mark.parametrize("option", ["password", "sslpassword"])
def test_a_password_among_the_options_is_not_shown(postgres, option):
    store = open_store(f"{postgres}?{option}=secret")
    assert store.where == postgres
    store.close()
    with pytest.raises(StoreError) as told:
        open_store(f"postgresql://u@127.0.0.1:9/d?{option}=secret")
    assert "secret" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:half@secret@127.0.0.1:9/d",  # its @ ends it
        "postgresql://u:secret%00@127.0.0.1:9/d",  # libpq would take the rest, port and all, for no part of it
        "postgresql://u:secret\udce9@127.0.0.1:9/d",  # as Python reads an argument that is not UTF-8
        "sqlite:////tmp/secret%00.db",
    ],
)
def test_what_cannot_stand_in_a_url_is_refused(url):
    with pytest.raises(StoreError, match="^database: expected sqlite:///FILE or postgresql://USER@HOST/NAME") as told:
        open_store(url)
    assert "secret" not in str(told.value)


def test_a_file_may_have_such_a_name(tmp_path):
    for name in ("a@b.db", "caf\udce9.db"):
        open_store(f"sqlite:///{tmp_path}/{name}").close()
        assert (tmp_path / name).is_file()


@pytest.mark.skipif(os.name == "nt", reason="there an open file cannot be taken away")
@pytest.mark.parametrize("replaced", [False, True])
def test_nothing_is_taken_for_a_file_that_somebody_took_away(tmp_path, replaced):
    file = tmp_path / "reports.db"
    store = open_store(f"sqlite:///{file}")
    store.session("s", *BUNDLE)
    assert store.put("s", [entry(1)]) == [Outcome.STORED]
    if replaced:
        shutil.copy(file, tmp_path / "copy.db")
    file.rename(tmp_path / "away.db")
    if replaced:
        (tmp_path / "copy.db").rename(file)
    for ask in (lambda: store.put("s", [entry(2)]), lambda: store.count("s"), lambda: store.newest("s", 1)):
        with pytest.raises(StoreError, match=f"^{file}: somebody removed or replaced it"):
            ask()
    (tmp_path / "away.db").rename(file)
    assert store.put("s", [entry(2)]) == [Outcome.STORED] and store.count("s") == (1, 2)
    store.close()


def test_a_lock_that_is_held_is_not_waited_for_without_end(postgres, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE_S", 1)
    store = open_store(postgres)
    store.session("locked", *BUNDLE)
    with psycopg.connect(postgres) as other:
        other.execute("LOCK TABLE edgelab_reports IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(StoreError, match="timeout"):
            store.put("locked", [entry(1)])
        other.rollback()
    assert store.put("locked", [entry(1)]) == [Outcome.STORED]
    store.close()


@pytest.mark.parametrize(("options", "expected"), [("", "10000"), ("?tcp_user_timeout=77", "77")])
def test_a_network_that_is_gone_is_not_waited_for_without_end(postgres, options, expected):
    store = open_store(postgres + options)
    with store.engine.connect() as connection:
        asked = connection.connection.dbapi_connection.info.get_parameters()
    assert asked["tcp_user_timeout"] == expected and asked["keepalives_idle"] == "10"
    store.close()
