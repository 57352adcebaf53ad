"""What the tests of the device lab start it with, and how they ask: as a phone does, or byte by byte."""

import contextlib
import http.client
import json
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from edgelab.fleet.intake import Guard, Refusals
from edgelab.fleet.server import Opened, configured, open_lab
from edgelab.machine.assets import FILES
from tests.clouds import POCKET

PAGE = '<!doctype html><html lang="en"><title>lab</title><script type="module" src="/assets/lab.js"></script></html>'


def stub_assets(folder: Path) -> Path:
    """A page that does nothing, with what stands beside it in the built folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        (folder / name).write_text("\n")
    (folder / "lab.html").write_text(PAGE)
    (folder / "lab.js").write_text("export const nothing = 0;\n" * 50)
    (folder / "ort-wasm-simd-threaded.wasm").write_bytes(b"\0asm\1\0\0\0" + bytes(1_000_000))
    (folder / "notes.txt").write_text("not to be handed out")
    return folder


def report(sha256: str, **changes) -> dict:
    """A good report; `changes` of its keys are others."""
    good = {
        "id": str(uuid.uuid4()),
        "visit": str(uuid.uuid4()),
        "device": device(),
        "bundle_sha256": sha256,
        "load_ms": {"download": 812.5, "session": 120},
        "first_ms": 9.25,
        "latency_ms": {"p10": 3, "p50": 4.5, "p90": 6, "p99": 11},
        "runs": 300,
        "batch": 1,
        "clock_step_ms": 0.1,
        "sustained": {"seconds": 60.1, "p50_ms": [4.5, 4.6, 5]},
    }
    return good | changes


def device(**changes) -> dict:
    names = {"kind": "phone", "system": "Android", "browser": "Chrome"}
    return names | {"cores": 8, "memory_gb": 4, "screen": [390, 844]} | changes


@dataclass(frozen=True)
class Lab:
    """A lab's server, in a thread of this process, so that a test can shorten its patience."""

    opened: Opened
    refusals: Refusals
    said: list[str]
    guard: Guard

    @property
    def sha256(self) -> str:
        return self.opened.content.sha256

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.opened.port}"

    def request(self, method: str, path: str, body: object = b"", *headers: str, token: str | None = None) -> bytes:
        """The bytes of a request as the page sends it; `headers` take the place of its own of the same name."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = [f"Host: {self.host}", f"Authorization: Bearer {token or self.opened.session.token}"]
        if method == "POST":
            own += ["Content-Type: application/json", f"Origin: http://{self.host}"]
        if content or method == "POST":
            own += [f"Content-Length: {len(content)}"]
        given = {header.partition(":")[0].lower() for header in headers}
        lines = [line for line in own if line.partition(":")[0].lower() not in given]
        lines += [header for header in headers if not header.endswith(": -")]  # "Host: -": none at all
        return "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "", ""]).encode("latin-1") + content

    def answer(self, *pieces: bytes, pause_s: float = 0.0) -> http.client.HTTPResponse:
        """What it says to these bytes, sent one after the other; its body is in `content`."""
        with socket.create_connection(("127.0.0.1", self.opened.port), timeout=10) as connection:
            with contextlib.suppress(ConnectionError):  # it may have heard enough
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause_s)
            response = http.client.HTTPResponse(connection, method=pieces[0].partition(b" ")[0].decode() or "GET")
            response.begin()
            response.content = response.read()
            return response

    def ask(self, method: str, path: str, body: object = b"", *headers: str, **options) -> http.client.HTTPResponse:
        return self.answer(self.request(method, path, body, *headers, **options))

    def refusal(self, *pieces: bytes, **options) -> tuple[int, str]:
        """Status and line of a refusal, after which nothing is stored."""
        before = self.kept
        response = self.answer(*pieces, **options)
        (said,) = json.loads(response.content).items()
        assert said[0] == "error" and "\n" not in said[1] and len(said[1]) < 400
        assert self.kept == before
        return response.status, said[1]

    def refused(self, method: str, path: str, body: object = b"", *headers: str, **options) -> tuple[int, str]:
        return self.refusal(self.request(method, path, body, *headers, **options))

    @property
    def kept(self) -> int:
        return self.opened.store.count(self.opened.session.name)[1]


@contextlib.contextmanager
def running_lab(assets: Path, db: str, **options) -> Iterator[Lab]:
    """The lab of Pocket's bundle, on a free port."""
    opened = open_lab(POCKET, assets, db=db, **options)
    said: list[str] = []
    refusals = Refusals(said.append)
    config = configured(opened, refusals)
    lab, server = Lab(opened, refusals, said, config.app), uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([opened.listening],))
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        yield lab
    finally:
        server.should_exit = True
        thread.join(10)
        opened.store.close()
