"""The server as strangers see it, over raw sockets: whatever comes, it answers in the API's shape, soon, and goes on."""

import asyncio
import contextlib
import http.client
import json
import random
import socket
import threading
import time
import tracemalloc
from dataclasses import dataclass

import pytest
import uvicorn

from edgelab.cloud import intake, stand_in
from edgelab.cloud.client import STAND_IN, CloudError
from edgelab.cloud.intake import DISCARDED_BYTES, LARGEST_BYTES, whole_body
from edgelab.cloud.network import COMPLETIONS, EmulatedNetwork, Network
from edgelab.cloud.server import configured, listen
from edgelab.cloud.stand_in import Service
from tests.clouds import AT_ONCE

KEY = "sk-known"
GOOD = {"model": STAND_IN, "messages": [{"role": "user", "content": "wake me at seven"}]}


@dataclass(frozen=True)
class Server:
    """The server, in a thread of this process, so that a test can shorten its patience."""

    port: int
    service: Service
    network: EmulatedNetwork

    @contextlib.contextmanager
    def connected(self):
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            yield connection

    def answer(self, *pieces: bytes, pause_s: float = 0.0, method: str = "POST") -> tuple[int, bytes]:
        """Status and body of what it says to these bytes, sent one after the other."""
        with self.connected() as connection:
            with contextlib.suppress(ConnectionError):  # it may have heard enough
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
            return answered(connection, method)

    def refusal(self, *pieces: bytes, **options) -> tuple[int, str]:
        """Status and message of its refusal."""
        status, body = self.answer(*pieces, **options)
        error = json.loads(body)["error"]
        assert set(error) == {"message", "type", "param", "code"} and "\n" not in error["message"]
        assert error["type"] == ("invalid_request_error" if status < 500 else "server_error")
        return status, error["message"]

    @property
    def counted(self) -> dict[str, int]:
        return dict(self.service.traffic) | {"requests": self.service.requests}


def answered(connection: socket.socket, method: str = "POST") -> tuple[int, bytes]:
    response = http.client.HTTPResponse(connection, method=method)
    response.begin()
    return response.status, response.read()


def request(body, *headers: str, method: str = "POST", path: str = COMPLETIONS, length: bool = True) -> bytes:
    """The bytes of a request; a `body` that is none yet becomes JSON."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: here", f"Authorization: Bearer {KEY}", "Content-Type: application/json"]
    sizes = [f"Content-Length: {len(content)}"] if length else ["Transfer-Encoding: chunked"]
    return "\r\n".join([*head, *sizes, *headers, "", ""]).encode("latin-1") + content


@pytest.fixture(scope="module")
def server(pocket):
    listening, service = listen(0), Service(pocket, STAND_IN, answer_rate=1, seed=0)
    config = configured(service, KEY, AT_ONCE)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listening],))
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield Server(listening.getsockname()[1], service, config.app)
    running.should_exit = True
    thread.join(10)


@pytest.fixture
def impatient(server, monkeypatch):
    """The same server with little patience."""
    monkeypatch.setattr(intake, "HEAD_S", 0.3)
    monkeypatch.setattr(intake, "BODY_S", 0.3)
    return server


# --- what is asked ------------------------------------------------------------------------------


def test_a_good_request_gets_its_answer(server):
    status, body = server.answer(request(GOOD))
    assert status == 200 and json.loads(body)["choices"][0]["message"]["tool_calls"]
    status, _ = server.answer(
        request(GOOD | {"n": None, "temperature": None, "top_p": 1, "max_tokens": 5, "stream": None})
    )
    assert status == 200


@pytest.mark.parametrize("at", ['"content": "%s"', '"content": [{"type": "text", "text": "%s"}]'])
@pytest.mark.parametrize("half", ["\\ud800", "wake me \\udfff at seven"])
def test_half_a_character_is_refused_and_counted_once(server, at, half):
    before = server.counted
    body = f'{{"model": "{STAND_IN}", "messages": [{{"role": "user", {at % half}}}]}}'.encode()
    assert server.refusal(request(body)) == (
        400,
        "messages.0.content.0.text: Input should be a text, found half a character in it",
    )
    assert server.counted == before | {"arrived": before["arrived"] + 1}
    assert server.refusal(request(body.replace(STAND_IN.encode(), b"\\ud800")))[0] == 400


@pytest.mark.parametrize(
    "name, values",
    [
        ("n", ("1", True, 1.5, 0, 2, -1, [], 10**30)),
        ("temperature", ("0.7", True, -0.1, 2.1, float("nan"), float("inf"), {})),
        ("top_p", ("1", -0.1, 1.1, float("nan"), [1])),
        ("max_tokens", ("5", 0, -1, 1.5, False)),
        ("max_completion_tokens", ("5", 0)),
        ("stream", ("true", 1, 0, True, [])),
        ("model", (None, 5, [STAND_IN])),
        ("messages", (None, "wake me", {}, [], ["wake me"], [None])),
    ],
)
def test_a_setting_of_another_kind_or_out_of_range_is_named(server, name, values):
    before = server.counted["carried_out"]
    for value in values:
        status, message = server.refusal(request(GOOD | {name: value}))
        assert status == 400 and (message.startswith(name) or "no stream, n = 1" in message), value
    assert server.counted["carried_out"] == before


@pytest.mark.parametrize(
    "content",
    [[{"type": "text", "text": None}], [{"type": "text"}], [{"text": "x"}], [{"type": "image_url", "image_url": {}}],
     [{"type": "text", "text": 5}], ["wake me"], [[]], [None], 5, {}, True, "", " ", [], None],
)  # fmt: skip
def test_a_content_that_is_no_text_is_refused(server, content):
    status, message = server.refusal(request(GOOD | {"messages": [{"role": "user", "content": content}]}))
    assert status == 400 and message.startswith(("messages.0.content", "Expected a last message"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"5",
        b"\xff\xfe{",
        b"[" * 100_000,
        b"1" * 5000,
        b'{"a":' * 5000,
        b"\0",
        b"{}" * 9,
    ],
)
def test_a_body_that_is_no_request_is_refused(server, body):
    assert server.refusal(request(body))[0] == 400


def test_a_path_or_method_that_is_not_there(server):
    for path in ("/", "/x", COMPLETIONS + "/", "//", "/%00", "/%ff", "/v1/models/x", "*", "/" + "x" * 5000):
        status, message = server.refusal(request(b"", path=path))
        assert status == 404 and message.endswith("Not Found"), path
    for method, path in (("PUT", COMPLETIONS), ("GET", COMPLETIONS), ("DELETE", "/network"), ("OPTIONS", "/v1/models")):
        assert server.refusal(request(b"", method=method, path=path)) == (405, f"{method} {path}: Method Not Allowed")
    assert server.answer(request(b"", method="HEAD", path="/v1/models"), method="HEAD") == (405, b"")


def test_the_key_is_looked_for_on_every_path(server):
    for path in (COMPLETIONS, "/network", "/x"):
        for wrong in (b"sk-known ", b"", b"sk-kn\xc3\xb6wn"):
            answer = server.refusal(request(b"", path=path).replace(KEY.encode(), wrong + b"x"))
            assert answer == (401, "Incorrect API key provided to the stand-in cloud.")


def test_a_switch_of_the_network_that_means_nothing(server):
    for body in ({}, {"outage": "yes"}, {"outage": 1}, {"outage": None}, []):
        assert server.refusal(request(body, method="PUT", path="/network"))[0] == 400
    assert not server.network.unplugged


def test_a_key_that_is_too_long_is_refused(server):
    status, message = server.refusal(request(GOOD, "Idempotency-Key: " + "k" * 256))
    assert status == 400 and message.startswith("idempotency-key: ") and "255" in message
    assert server.answer(request(GOOD, "Idempotency-Key: " + "k" * 255))[0] == 200


def test_what_fails_in_the_work_says_so_and_is_not_counted(server, monkeypatch):
    before = server.counted

    def fails(*args):
        raise MemoryError

    monkeypatch.setattr(stand_in, "understand", fails)
    assert server.refusal(request(GOOD)) == (500, "The stand-in failed: MemoryError.")
    assert server.counted == before | {"arrived": before["arrived"] + 1}


# --- too much, too slow -------------------------------------------------------------------------


def chunks(size: int) -> bytes:
    return b"".join(b"10000\r\n" + b"y" * 65536 + b"\r\n" for _ in range(size // 65536)) + b"0\r\n\r\n"


def test_a_body_that_is_too_large_is_refused_however_it_comes(server):
    expected = (413, f"Expected a body of at most {LARGEST_BYTES} bytes.")
    fitting = json.dumps(GOOD).encode().ljust(LARGEST_BYTES)
    assert server.answer(request(fitting))[0] == 200
    assert server.refusal(request(fitting + b" ")) == expected
    assert server.refusal(request(b"y" * 10 * LARGEST_BYTES)) == expected
    assert server.refusal(request(b"", length=False), chunks(10 * LARGEST_BYTES)) == expected
    assert server.refusal(request(b"y" * 2 * LARGEST_BYTES, path="/x")) == expected
    in_two = fitting[:1000], fitting[1000:]
    framed = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in in_two) + b"0\r\n\r\n"
    assert server.answer(request(b"", length=False), framed)[0] == 200


def test_what_is_too_large_is_neither_kept_nor_read_without_end():
    read = 0

    async def endless():
        nonlocal read
        read += 65536
        return {"type": "http.request", "body": b"y" * 65536, "more_body": True}

    tracemalloc.start()
    try:
        assert asyncio.run(whole_body(endless)) is None
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_BYTES
    finally:
        tracemalloc.stop()
    assert read <= LARGEST_BYTES + DISCARDED_BYTES + 65536


@pytest.mark.parametrize("begun", [b"", b"POST", request(GOOD)[:60]])
def test_a_head_that_does_not_end_is_not_waited_for(impatient, begun):
    assert impatient.refusal(begun) == (408, "Expected the head of a request within 0.3 seconds.")


def test_a_head_that_drips_is_not_waited_for(impatient):
    drops = [bytes([byte]) for byte in request(GOOD)[:40]]
    assert impatient.refusal(*drops, pause_s=0.05) == (408, "Expected the head of a request within 0.3 seconds.")


@pytest.mark.parametrize("length", [True, False])
def test_a_body_that_drips_is_not_waited_for(impatient, length):
    head = request(b"", "Content-Length: 99", length=False).replace(b"Transfer-Encoding: chunked\r\n", b"")
    drops = [b"{"] * 30 if length else [b"1\r\n{\r\n"] * 30
    answer = impatient.refusal(head if length else request(b"", length=False), *drops, pause_s=0.05)
    assert answer == (408, "Expected the body within 0.3 seconds.")


def test_patience_is_for_what_is_late_alone(impatient, monkeypatch):
    """A slow answer is no slow request, and a connection may be used again, its next head waited for as the first."""
    monkeypatch.setattr(impatient.network, "network", Network(round_trip_ms=900, jitter=0))
    with impatient.connected() as connection:
        connection.sendall(request(GOOD))
        assert answered(connection)[0] == 200
        time.sleep(0.5)  # nothing of a next one has come: that is the connection's rest
        connection.sendall(request(b"", method="GET", path="/v1/models"))
        assert answered(connection)[0] == 200
        connection.sendall(b"GET /v1/mod")
        assert answered(connection)[0] == 408


def test_a_client_that_hangs_up_is_no_trouble(server):
    for part in (request(GOOD)[:-10], request(b"", length=False) + b"5\r\nab", request(GOOD)):
        with server.connected() as connection:
            connection.sendall(part)
    assert server.answer(request(GOOD))[0] == 200


# --- anything at all ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n", b"\0" * 100, b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0",
        request(b"", length=False) + b"zz\r\nabc", request(b"abc", "Content-Length: 5"), request(b"abc", "Transfer-Encoding: x"),
        request(b"", "Content-Length: -5", length=False), request(b"", "Content-Length: x"), request(b"", "Bad Header"),
        request(b"", "Host: [", path="/x"),
    ],
)  # fmt: skip
def test_what_is_no_http_is_refused(server, sent):
    assert server.refusal(sent) == (400, "Invalid HTTP request received.")


def test_no_bytes_make_it_fail(impatient, monkeypatch):
    """A good request with bytes changed, cut out, repeated: 200 of them, each answered, none with the server's fault."""
    monkeypatch.setattr(intake, "HEAD_S", 0.05)
    monkeypatch.setattr(intake, "BODY_S", 0.05)
    draw, whole, statuses = random.Random(0), request(GOOD, "Idempotency-Key: mine", "Connection: close"), []
    for _ in range(200):
        sent = bytearray(whole)
        for _ in range(draw.randint(1, 4)):
            at, size = draw.randrange(len(sent)), draw.randint(0, 8)
            sent[at : at + size] = draw.choice(
                [b"", draw.randbytes(size), sent[at : at + size] * 2, b'"', b"\\ud800", b"\r\n"]
            )
        status, body = impatient.answer(bytes(sent))
        statuses.append(status)
        assert status < 500 and (status == 200 or set(json.loads(body)) == {"error"}), bytes(sent)
    assert {200, 400, 401, 408} <= set(statuses)  # else the changes are too few or too many


def test_no_json_makes_it_fail(server):
    """Requests with anything in the place of anything: 300 of them."""
    draw, statuses = random.Random(1), []
    odd = [
        None,
        True,
        0,
        -1,
        1.5,
        10**40,
        1e308,
        float("nan"),
        "",
        "x",
        "\ud800",
        "\0",
        [],
        {},
        [None],
        {"type": "text"},
    ]
    odd += [[{"type": "text", "text": "play queen"}], "é⏰" * 200, "word " * 900, {"\ud800": 1}]
    for _ in range(300):
        message = {name: draw.choice([*odd, "user"]) for name in ("role", "content", "name") if draw.random() < 0.8}
        body = dict(GOOD)
        if draw.random() < 0.7:
            body["messages"] = [*GOOD["messages"], message, *(GOOD["messages"] if draw.random() < 0.5 else [])]
        for name in draw.sample(["model", "messages", "n", "stream", "temperature", "tools", "user", "stop"], k=2):
            if draw.random() < 0.4:
                body[name] = draw.choice(odd)
        status, answer = server.answer(request(body, "Connection: close"))
        statuses.append(status)
        assert status < 500 and (status == 200 or set(json.loads(answer)) == {"error"}), body
    assert {200, 400, 404} <= set(statuses)
    assert server.answer(request(GOOD))[0] == 200


# --- where it listens ---------------------------------------------------------------------------


def test_a_port_that_is_taken_or_none_is_named(server):
    for port, says in ((server.port, "in use"), (70_000, "0-65535"), (-1, "0-65535")):
        with pytest.raises(CloudError, match=f"port {port}: cannot be served on: .*{says}"):
            listen(port)
