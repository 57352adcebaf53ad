"""What the tests of the cloud and of the assistant start it with, and how they ask: as a client, or byte by byte."""

import contextlib
import http.client
import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from edgelab.cloud.client import STAND_IN
from edgelab.cloud.network import COMPLETIONS, EmulatedNetwork, Network
from edgelab.cloud.stand_in import Service

POCKET = Path(__file__).parents[1] / "data" / "bundles" / "pocket"
KEY = "sk-known"
GOOD = {"model": STAND_IN, "messages": [{"role": "user", "content": "wake me at seven"}]}
AT_ONCE = Network(round_trip_ms=0, jitter=0)


def ask(client, text, **changes):
    request = {"model": STAND_IN, "messages": [{"role": "user", "content": text}]}
    return client.chat.completions.create(**request | changes)


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
