"""A PostgreSQL server of the tests' own, in a folder of its own, where PostgreSQL is installed."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


def program(name: str) -> str:
    """Of PostgreSQL's server, which Debian keeps out of PATH; the test is skipped where there is none."""
    found = shutil.which(name) or next(map(str, sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))[::-1]), None)
    if not found:
        pytest.skip(f"PostgreSQL is not installed: no {name}")
    return os.path.realpath(found)


@contextlib.contextmanager
def running_postgres() -> Iterator[str]:
    """The URL of an empty database, on loopback; the server ends with the block."""
    initdb, postgres = program("initdb"), program("postgres")
    folder = Path(tempfile.mkdtemp(prefix="edgelab-postgres-"))
    own = {}
    if os.name == "posix" and os.geteuid() == 0:  # it refuses to run as root
        own = {"user": "nobody", "extra_groups": []}
        shutil.chown(folder, "nobody")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = {"cwd": folder, "stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True, **own}
    try:
        made = [initdb, "-D", folder / "data", "-U", "tester", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, **quiet)
        command = [postgres, "-D", folder / "data", "-h", "127.0.0.1", "-p", str(port), "-k", ""]
        server = subprocess.Popen(command, **quiet)
        try:
            for line in server.stderr:
                if "ready to accept connections" in line:
                    break
            else:
                raise RuntimeError("PostgreSQL did not start")
            yield f"postgresql://tester@127.0.0.1:{port}/postgres"
        finally:
            server.send_signal(2)  # at once, and cleanly: it waits for no client
            server.communicate(timeout=30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
