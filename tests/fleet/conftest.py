"""A lab of the ready-made bundle, with a page that does nothing."""

import pytest

from edgelab.machine import patience
from tests.labs import running_lab, stub_assets
from tests.postgres import running_postgres


@pytest.fixture(scope="session")
def stub(tmp_path_factory):
    return stub_assets(tmp_path_factory.mktemp("assets"))


@pytest.fixture(scope="session")
def postgres():
    """The URL of a database of this run's own; skipped where PostgreSQL is not installed."""
    with running_postgres() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def db(request, tmp_path):
    """The URL of a database, of each kind; on PostgreSQL tests share one, and name sessions of their own."""
    return f"sqlite:///{tmp_path / 'reports.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture(scope="module")
def lab(stub, tmp_path_factory):
    with running_lab(stub, f"sqlite:///{tmp_path_factory.mktemp('lab') / 'reports.db'}") as running:
        yield running


@pytest.fixture
def impatient(lab, monkeypatch):
    """The same lab with little patience."""
    monkeypatch.setattr(patience, "HEAD_S", 0.3)
    monkeypatch.setattr(patience, "BODY_S", 0.3)
    return lab
