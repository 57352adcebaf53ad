"""The server as strangers see it, over raw sockets: whatever comes, it answers in the API's shape, and goes on."""

import json
import random

import pytest

from edgelab.cloud import stand_in
from edgelab.cloud.client import STAND_IN
from edgelab.cloud.network import COMPLETIONS
from edgelab.machine import patience
from edgelab.machine.serving import ServingError, listen
from tests.clouds import GOOD, request

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
    before = server.counted.get("carried_out", 0)
    for value in values:
        status, message = server.refusal(request(GOOD | {name: value}))
        assert status == 400 and (message.startswith(name) or "no stream, n = 1" in message), value
    assert server.counted.get("carried_out", 0) == before


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
    monkeypatch.setattr(patience, "HEAD_S", 0.05)
    monkeypatch.setattr(patience, "BODY_S", 0.05)
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
        with pytest.raises(ServingError, match=f"port {port}: cannot be served on: .*{says}"):
            listen(port)


def test_a_port_is_taken_before_the_server_runs():
    first = listen(0)
    with first, pytest.raises(ServingError, match="Address already in use"):
        listen(first.getsockname()[1])
