"""A learner's file, and the public data through a server on loopback."""

from pathlib import Path

import pytest

from tests.mirrors import mirror

__all__ = ["mirror"]


@pytest.fixture
def file(tmp_path):
    def write(content: str | bytes, name: str = "mine.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write
