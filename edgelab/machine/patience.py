"""HTTP for servers that strangers reach: an end to requests that are too large or too slow, and to clients that do not read
their answers. Apart from `serving`, which loads without any of this."""

import asyncio
import contextlib
import math
from http import HTTPStatus
from typing import TYPE_CHECKING

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive

HEAD_S = BODY_S = 10.0  # how long a request's head, and then its body, may take to arrive
STALLED_S = 60.0  # how long what waits for a client (a quarter of a megabyte at most) may wait
AT_ONCE = 16  # connections taken in one go, as uvicorn's `backlog`: they are counted some rounds of the loop later
WAITING = 1024  # connections that the system keeps until they are taken: a room that comes back all at once
OTHER_FILES = 32 + 6 * AT_ONCE  # that a server has open besides its connections, and those that are not counted yet
DISCARDED = 16  # times the largest body: read beyond it and thrown away, so that the client comes to hear why
CLOSING = {"connection": "close"}


async def whole_body(receive: "Receive", largest: int) -> bytes | None:
    """A request's body; None if it has more than `largest` bytes.

    Raises:
        ConnectionError: the client is gone.
    """
    body, arrived, more = bytearray(), 0, True
    while more and arrived <= largest * (1 + DISCARDED):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client is gone")
        piece, more = message.get("body", b""), message.get("more_body", False)
        arrived += len(piece)
        if arrived <= largest:
            body += piece
        else:
            body.clear()
    return bytes(body) if arrived <= largest else None


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with an end to its patience: for a request's head, and for a client that does not read
    its answer. With more connections than files may be open, asyncio would only complain, a traceback each, and the
    database have none left: what is beyond that is cut off."""

    _head_is_late: asyncio.TimerHandle | None = None
    _stalled: asyncio.TimerHandle | None = None

    @staticmethod
    def refusal(status: int, message: str) -> "Response":
        """A refusal in the shape of the server's own, which closes the connection."""
        raise NotImplementedError

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Await the first request's head."""
        super().connection_made(transport)
        if len(self.connections) > most_connections():
            transport.abort()
        else:
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
        self._reads_again()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The client does not read as fast as it is written to: it has some time to catch up."""
        super().pause_writing()
        self._stalled = self._stalled or self.loop.call_later(STALLED_S, self.transport.abort)

    def resume_writing(self) -> None:
        """It has."""
        self._reads_again()
        super().resume_writing()

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

    def _reads_again(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _refuse(self, status: int, message: str) -> None:
        answer = self.refusal(status, message)
        head = h11.Response(status_code=status, headers=answer.raw_headers, reason=HTTPStatus(status).phrase.encode())
        with contextlib.suppress(h11.LocalProtocolError):  # an answer has begun already
            for event in (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def most_connections() -> float:
    """How many at once the system has open files for."""
    try:
        import resource
    except ImportError:  # Windows counts none
        return math.inf
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return math.inf if allowed == resource.RLIM_INFINITY else max(allowed - OTHER_FILES, allowed // 2)
