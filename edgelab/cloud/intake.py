"""What stands before the stand-in's API: the key, and an end to requests that are too large or too slow.

Whatever is refused, here or in the API, is refused in the shape of the OpenAI API's errors.
"""

import asyncio
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from edgelab.machine import patience
from edgelab.machine.patience import CLOSING, PatientProtocol, whole_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BYTES = 256 * 1024  # of a body: the longest request, with a hundred tools, has a tenth


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
            async with asyncio.timeout(patience.BODY_S):
                body = await whole_body(receive, LARGEST_BYTES)
        except TimeoutError:
            answer = refusal(408, f"Expected the body within {patience.BODY_S:g} seconds.", headers=CLOSING)
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


class Protocol(PatientProtocol):
    """HTTP with the API's errors."""

    @staticmethod
    def refusal(status: int, message: str) -> JSONResponse:
        """In the shape of the API's."""
        return refusal(status, message, headers=CLOSING)
