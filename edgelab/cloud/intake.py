"""What stands before the stand-in's API: the key, and an end to requests that are too large or too slow.

Whatever is refused, here or in the API, is refused in the shape of the OpenAI API's errors.
"""

import asyncio
import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BYTES = 256 * 1024  # of a body: the longest request, with a hundred tools, has a tenth
DISCARDED_BYTES = 16 * LARGEST_BYTES  # read beyond that and thrown away, so that the client comes to hear why
HEAD_S = BODY_S = 10.0  # how long a request's head, and then its body, may take to arrive
CLOSING = {"connection": "close"}


def refusal(
    status: int,
    message: str,
    *,
    code: str | None = None,
    param: str | None = None,
    headers: dict[str, str] | None = None,
) -> JSONResponse:
    """An error in the shape of the API's."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return JSONResponse({"error": error}, status, headers)


class Guard:
    """An ASGI application behind a key, which gets each body whole."""

    def __init__(self, app: "ASGIApp", key: str) -> None:
        self.app, self.key = app, key

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Let a request through, or refuse it."""
        answer: ASGIApp = self.app
        body: bytes | None = None
        try:
            async with asyncio.timeout(BODY_S):
                body = await whole_body(receive)
        except TimeoutError:
            answer = refusal(408, f"Expected the body within {BODY_S:g} seconds.", headers=CLOSING)
        except ConnectionError:  # nobody is left to hear
            return
        else:
            if body is None:
                answer = refusal(413, f"Expected a body of at most {LARGEST_BYTES} bytes.", headers=CLOSING)
            elif Headers(scope=scope).get("authorization") != f"Bearer {self.key}":
                answer = refusal(401, "Incorrect API key provided to the stand-in cloud.", code="invalid_api_key")

        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> "Message":
            return whole.pop() if whole else await receive()

        await answer(scope, again, send)


async def whole_body(receive: "Receive") -> bytes | None:
    """A request's body; None if it is too large.

    Raises:
        ConnectionError: the client is gone.
    """
    body, arrived, more = bytearray(), 0, True
    while more and arrived <= LARGEST_BYTES + DISCARDED_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client is gone")
        piece, more = message.get("body", b""), message.get("more_body", False)
        arrived += len(piece)
        if arrived <= LARGEST_BYTES:
            body += piece
        else:
            body.clear()
    return bytes(body) if arrived <= LARGEST_BYTES else None


class Protocol(H11Protocol):
    """HTTP as uvicorn speaks it, with an end to its patience for a request's head, and with the API's errors."""

    _head_is_late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Await the first request's head."""
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        """Await the rest of a head that has begun, and no longer one that is here."""
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete:
            self._wait_for_head()
        else:
            self._wait_no_longer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Await nothing more."""
        self._wait_no_longer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP."""
        self._refuse(400, msg)

    def _wait_for_head(self) -> None:
        if self._head_is_late is None:
            message = f"Expected the head of a request within {HEAD_S:g} seconds."
            self._head_is_late = self.loop.call_later(HEAD_S, self._refuse, 408, message)

    def _wait_no_longer(self) -> None:
        if self._head_is_late is not None:
            self._head_is_late.cancel()
            self._head_is_late = None

    def _refuse(self, status: int, message: str) -> None:
        answer = refusal(status, message, headers=CLOSING)
        head = h11.Response(status_code=status, headers=answer.raw_headers, reason=HTTPStatus(status).phrase.encode())
        with contextlib.suppress(h11.LocalProtocolError):  # an answer has begun already
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
