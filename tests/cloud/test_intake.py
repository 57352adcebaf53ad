"""What is too large or too slow, or has not the key, is refused, and nothing else is."""

import asyncio
import json
import time
import tracemalloc

import pytest

from edgelab.cloud.intake import LARGEST_BYTES
from edgelab.cloud.network import COMPLETIONS, Network
from edgelab.machine.patience import DISCARDED, whole_body
from tests.clouds import GOOD, KEY, answered, request


def test_the_key_is_looked_for_on_every_path(server):
    for path in (COMPLETIONS, "/network", "/x"):
        for wrong in (b"sk-known ", b"", b"sk-kn\xc3\xb6wn"):
            answer = server.refusal(request(b"", path=path).replace(KEY.encode(), wrong + b"x"))
            assert answer == (401, "Incorrect API key provided to the stand-in cloud.")


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
        assert asyncio.run(whole_body(endless, LARGEST_BYTES)) is None
        assert tracemalloc.get_traced_memory()[1] < 4 * LARGEST_BYTES
    finally:
        tracemalloc.stop()
    assert read <= LARGEST_BYTES * (1 + DISCARDED) + 65536


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
