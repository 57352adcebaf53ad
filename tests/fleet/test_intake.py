"""Who is let in, and what is refused before it is read: each is said in one line, told to the host once, and not stored."""

import asyncio
import contextlib
import http.client
import json
import socket
import time

import pytest

from edgelab.fleet.intake import BURST, LARGEST_BYTES, PER_SECOND, Guard, Limiter, Refusal, Refusals
from edgelab.machine import patience
from tests.labs import report, running_lab

OPEN = ("/", "/assets/lab.js")
GUARDED = ("/session", "/room", "/reports", "/bundle/model.onnx", "/bundle/bundle.json", "/nothing")


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "wrong",
    ["Authorization: -", "Authorization: Bearer", "Authorization: Bearer x\xf6\xff", "Authorization: Basic eDp5"],
)
def test_without_the_token_nothing_but_the_page(lab, path, wrong):
    method = "POST" if path == "/reports" else "GET"
    status, line = lab.refused(method, path, report(lab.sha256) if method == "POST" else b"", wrong)
    assert status == 401 and "this session's token" in line and lab.opened.session.token not in line


def test_the_token_is_in_no_answer_and_no_line_for_the_host(lab):
    answers = [lab.ask("GET", path).content for path in (*OPEN, "/session", "/room", "/nothing")]
    secret = lab.opened.session.token
    assert len(secret) >= 24 and not any(secret.encode() in content for content in answers)
    assert not any(secret in line for line in lab.said)
    assert lab.opened.url.endswith(f"/#{secret}")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", "[::1]:80", ""])
@pytest.mark.parametrize("path", ["/", "/assets/lab.js", "/session", "/bundle/model.onnx"])
def test_a_foreign_name_is_refused(lab, host, path):
    """DNS rebinding: a page of evil.example whose name now points here sends its own name."""
    assert lab.refused("GET", path, b"", f"Host: {host}")[0] == 421


def test_its_own_names_are_taken(lab):
    assert lab.ask("GET", "/session", b"", f"Host: localhost:{lab.opened.port}").status == 200
    assert lab.refusal(lab.request("GET", "/").replace(b"HTTP/1.1", b"HTTP/1.0").replace(b"Host", b"X"))[0] == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1", "http://127.0.0.1", "file://"])
def test_a_post_of_another_page_is_refused(lab, origin):
    assert lab.refused("POST", "/reports", report(lab.sha256), f"Origin: {origin}")[0] == 403


def test_other_origins_get_no_leave_to_read(lab):
    preflight = lab.ask(
        "OPTIONS", "/reports", b"", "Origin: http://evil.example", "Access-Control-Request-Method: POST"
    )
    assert preflight.status in (403, 405)
    for path in (*OPEN, "/session"):
        assert lab.ask("GET", path).getheader("Access-Control-Allow-Origin") is None


@pytest.mark.parametrize("path", [*OPEN, "/session", "/nothing"])
def test_every_answer_forbids_what_a_page_could_be_made_to_do(lab, path):
    answer = lab.ask("GET", path)
    policy = dict(part.strip().partition(" ")[::2] for part in answer.getheader("Content-Security-Policy").split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "unsafe-inline" not in str(policy) and policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert answer.getheader("X-Content-Type-Options") == "nosniff"
    assert answer.getheader("Referrer-Policy") == "same-origin"


def chunked(*parts: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def test_a_body_that_is_too_large_is_refused_however_it_comes(lab):
    expected = 413, f"expected a body of at most {LARGEST_BYTES} bytes"
    fitting = json.dumps(report(lab.sha256)).encode().ljust(LARGEST_BYTES)
    assert lab.ask("POST", "/reports", fitting).status == 201
    assert lab.refused("POST", "/reports", fitting + b" ") == expected
    assert lab.refused("POST", "/reports", b"y" * 10 * LARGEST_BYTES) == expected
    head = lab.request("POST", "/reports", b"", "Content-Length: -", "Transfer-Encoding: chunked")
    assert lab.refusal(head, chunked(*[b"y" * 4096] * 20)) == expected
    assert lab.refused("GET", "/session", b"y" * 2 * LARGEST_BYTES)[0] == 413
    in_two = json.dumps(report(lab.sha256)).encode()
    assert lab.answer(head, chunked(in_two[:100], in_two[100:])).status == 201


@pytest.mark.parametrize("begun", [b"", b"POST /rep", b"POST /reports HTTP/1.1\r\nHost: x\r\n"])
def test_a_head_that_does_not_end_is_not_waited_for(impatient, begun):
    assert impatient.refusal(begun) == (408, "Expected the head of a request within 0.3 seconds.")


@pytest.mark.parametrize("length", [True, False])
def test_a_body_that_drips_is_not_waited_for(impatient, length):
    sizes = ["Content-Length: 99"] if length else ["Content-Length: -", "Transfer-Encoding: chunked"]
    head = impatient.request("POST", "/reports", b"", *sizes)
    drops = [b"{"] * 30 if length else [b"1\r\n{\r\n"] * 30
    assert impatient.refusal(head, *drops, pause_s=0.05) == (408, "expected the body within 0.3 seconds")


@pytest.mark.parametrize(
    "junk", [b"\0\1\2\r\n\r\n", b"GET / HTTP/9\r\n\r\n", b"POST /reports HTTP/1.1\r\nContent-Length: -5\r\n\r\n"]
)
def test_what_is_no_http_is_refused(lab, junk):
    assert lab.refusal(junk)[0] == 400
    assert lab.ask("GET", "/").status == 200


# --- how much of it -----------------------------------------------------------------------------


def test_a_room_behind_one_address_passes_and_a_flood_does_not():
    now = 0.0
    limiter = Limiter(clock=lambda: now)
    assert not any(limiter.wait_s("router") for _ in range(200))  # 200 phones in the same second
    for _ in range(2000):  # and then ten reports each, in a minute
        now += 60 / 2000
        assert not limiter.wait_s("router")
    passed = sum(not limiter.wait_s("router") for _ in range(10_000))
    assert passed <= BURST and limiter.wait_s("router") > 0 and not limiter.wait_s("another")
    now += limiter.wait_s("router")
    assert not limiter.wait_s("router") and limiter.wait_s("router")


def test_the_limit_forgets_addresses_that_have_gone():
    now = 0.0
    limiter = Limiter(clock=lambda: now)
    for number in range(10_000):
        now += 1 / PER_SECOND
        limiter.wait_s(str(number))
    assert len(limiter.busy_until) <= 4097


def test_who_posts_too_much_is_told_when_to_come_back(lab, monkeypatch):
    monkeypatch.setattr(lab.guard, "limiter", Limiter(burst=2, per_second=0.1))
    assert [lab.ask("POST", "/reports", report(lab.sha256)).status for _ in range(2)] == [201, 201]
    answer = lab.ask("POST", "/reports", report(lab.sha256))
    assert (answer.status, answer.getheader("Retry-After")) == (429, "10")
    assert lab.ask("GET", "/room").status == 200  # reading is not limited


def test_a_flood_of_refusals_is_two_lines_for_the_host():
    said = []
    refusals = Refusals(said.append)
    for _ in range(1000):
        answer = refusals.answer(Refusal(422, "runs: \x1b[31mno\n" + "y" * 500, where="runs"))
    refusals.answer(Refusal(401, "expected a token"))
    assert answer.status_code == 422
    assert [line[:24] for line in said] == ["refused (422): runs: ?[3", "refused (401): expected "]
    assert all(len(line) < 250 and line.isprintable() for line in said)
    assert refusals.summary() == ["refused (422, runs): 1000 in all"]


def test_kinds_of_refusals_are_bounded():
    said = []
    refusals = Refusals(said.append)
    for number in range(1000):
        refusals.answer(Refusal(422, "no", where=str(number)))
    assert len(said) == 101 and sum(refusals.counts.values()) == 1000


def test_who_waits_when_the_lab_ends_may_try_again():
    """uvicorn gives up after some seconds: on a database, say, that does not answer."""

    async def waiting(scope, receive, send):
        await asyncio.sleep(60)

    async def cut_off() -> list[dict]:
        sent: list[dict] = []

        async def receive() -> dict:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: dict) -> None:
            sent.append(message)

        guard = Guard(waiting, ["x"], "token", Limiter(), Refusals(str))
        scope = {"type": "http", "method": "GET", "path": "/", "headers": [(b"host", b"x")], "client": None}
        request = asyncio.create_task(guard(scope, receive, send))
        await asyncio.sleep(0.01)
        request.cancel()
        await request
        return sent

    start, body = asyncio.run(cut_off())
    assert start["status"] == 503 and "try again" in json.loads(body["body"])["error"]


@pytest.mark.parametrize(("pause_s", "whole"), [(0.01, True), (1.5, False)])
def test_who_does_not_read_the_answer_is_not_waited_for(stub, tmp_path, monkeypatch, pause_s, whole):
    monkeypatch.setattr(patience, "STALLED_S", 0.5)
    with running_lab(stub, f"sqlite:///{tmp_path}/reports.db") as lab:
        lab.opened.listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)  # else the system takes it all
        with socket.socket() as phone:
            phone.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            phone.settimeout(10)
            phone.connect(("127.0.0.1", lab.opened.port))
            phone.sendall(lab.request("GET", "/assets/ort-wasm-simd-threaded.wasm", b"", "Connection: close"))
            time.sleep(pause_s)
            arrived = b""
            with contextlib.suppress(ConnectionError):
                while piece := phone.recv(1 << 16):
                    arrived += piece
        assert (len(arrived) > 1_000_000) == whole
        assert lab.ask("GET", "/session").status == 200


def test_more_connections_than_there_are_files_for_are_cut_off(lab, monkeypatch):
    monkeypatch.setattr(patience, "most_connections", lambda: 5)
    with contextlib.ExitStack() as opened:
        phones = [opened.enter_context(socket.create_connection(("127.0.0.1", lab.opened.port), 5)) for _ in range(20)]
        cut_off = 0
        for phone in phones[5:]:
            with contextlib.suppress(ConnectionError):
                assert phone.recv(1) == b""
            cut_off += 1
        phones[0].sendall(lab.request("GET", "/session"))
        response = http.client.HTTPResponse(phones[0])
        response.begin()
        assert (cut_off, response.status) == (15, 200)


def test_as_many_as_the_system_has_files_for():
    resource = pytest.importorskip("resource")
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    most = patience.most_connections()
    assert most == float("inf") if allowed == resource.RLIM_INFINITY else 0 < most < allowed
