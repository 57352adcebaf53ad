"""What comes over HTTP to the stand-in for the cloud: drawn from its schema, and requests gone bad byte by byte. The device lab's
are in tests/fleet/test_api.py."""

import contextlib
import json
import socket
import subprocess
import sys
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from edgelab.cloud.api import build_app
from edgelab.cloud.client import STAND_IN
from edgelab.cloud.network import Network
from tests.fuzz.mutate import mutated

pytestmark = pytest.mark.slow


def schema_of(app) -> dict:
    """The API's OpenAPI schema, which the stand-in itself does not hand out."""
    while not hasattr(app, "openapi"):  # the network, the guard
        app = app.app
    return app.openapi()


def test_schemathesis_finds_no_server_error(cloud, tmp_path):
    schema = schema_of(build_app(SimpleNamespace(traffic={}, seed=0), "key", Network()))
    del schema["paths"]["/network"]["put"]  # an outage: all that follow would be unanswered
    schema["components"]["schemas"]["ChatRequest"]["properties"]["model"] = {"enum": [STAND_IN, "other"]}
    (tmp_path / "openapi.json").write_text(json.dumps(schema))
    command = [sys.executable, "-m", "schemathesis.cli", "run", "openapi.json"]
    command += ["--url", cloud.base_url.removesuffix("/v1"), "--header", f"Authorization: Bearer {cloud.key}"]
    command += ["--max-examples", "40", "--seed", "1", "--checks", "not_a_server_error", "--no-color"]
    command += ["--phases", "examples,coverage,fuzzing"]
    before = cloud.traffic()["arrived"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert cloud.traffic()["arrived"] > before and cloud.running


def test_bad_bytes_do_not_make_it_fail(cloud):
    at = urlsplit(cloud.base_url)
    body = json.dumps({"model": STAND_IN, "messages": [{"role": "user", "content": "play queen"}]}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: {at.netloc}\r\nAuthorization: Bearer {cloud.key}\r\n"
        f"Content-Type: application/json\r\nConnection: close\r\nContent-Length: "
    ).encode()

    def status(request: bytes, whole: bool = True) -> int:
        heard_enough = contextlib.suppress(ConnectionError)
        with heard_enough, socket.create_connection((at.hostname, at.port), timeout=20) as connection:
            connection.sendall(request)
            if not whole:  # else it would wait for the rest
                connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(64)
            return int(answer[9:12]) if answer else 0
        return 0

    assert status(head + str(len(body)).encode() + b"\r\n\r\n" + body) == 200
    for number in range(150):
        bad = mutated(body, number)[:200_000]
        assert status(head + str(len(bad)).encode() + b"\r\n\r\n" + bad) < 500, f"body {number}"
        if number >= 10:
            assert status(mutated(head + b"100\r\n\r\n" + body, number), whole=False) in (*range(500), 501, 505), (
                f"request {number}"
            )
    assert cloud.running
