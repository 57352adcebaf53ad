"""What stands before the lab's API: which requests are let through, and how refusals are told and counted."""

import asyncio
import re
import secrets
import time
from collections import Counter
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse

from edgelab.machine import patience
from edgelab.machine.patience import CLOSING, PatientProtocol, whole_body

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

LARGEST_BYTES = 8192  # of a body: a report has a tenth
# Of reports from one address. A room of phones has one address where a router stands between: 200 may report in the same
# second, go on with 10 reports each a minute, and try again all together when the server comes back.
BURST, PER_SECOND = 1000, 100.0
MOST_ADDRESSES = 4096
MOST_KINDS = 100  # of refusals that are told apart
SECURITY = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # with none at all, some posts of the page itself would have the origin null
    "cross-origin-resource-policy": "same-origin",
}


class Refusal(Exception):
    """A request that is not carried out. `where` tells kinds of one status apart: a report's field, or nothing; `told`
    is what the host reads of it, if that is more than the device."""

    def __init__(
        self, status: int, message: str, *, where: str = "", told: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.where, self.headers = status, message, where, headers
        self.told = told or message


def refused(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    """A refusal in the shape of all of them."""
    return JSONResponse({"error": message}, status, headers)


class Refusals:
    """Tells the first refusal of each kind, and counts the others: a flood is two lines."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.counts: Counter[tuple[int, str]] = Counter()

    def answer(self, refusal: Refusal) -> JSONResponse:
        """The response that says it."""
        kind = refusal.status, refusal.where
        if kind not in self.counts and len(self.counts) >= MOST_KINDS:
            kind = refusal.status, ""
        self.counts[kind] += 1
        if self.counts[kind] == 1:
            self.say(f"refused ({refusal.status}): {_one_line(refusal.told)}")
        return refused(refusal.status, refusal.message, refusal.headers)

    def summary(self) -> list[str]:
        """A line for each kind that came more than once."""
        return [
            f"refused ({status}{f', {where}' if where else ''}): {count} in all"
            for (status, where), count in sorted(self.counts.items())
            if count > 1
        ]


def _one_line(message: str) -> str:
    """What somebody sent may steer a terminal."""
    return re.sub(r"[^\x20-\x7e]", "?", message)[:200]


class Limiter:
    """So many at once and so many a second from each address (the generic cell rate algorithm)."""

    def __init__(
        self, burst: int = BURST, per_second: float = PER_SECOND, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.burst, self.per_second, self.clock = burst, per_second, clock
        self.busy_until: dict[str, float] = {}

    def wait_s(self, address: str) -> float:
        """0 if one more from this address may pass, which then counts; else the seconds until one may."""
        now = self.clock()
        if len(self.busy_until) >= MOST_ADDRESSES:
            self.busy_until = {a: until for a, until in self.busy_until.items() if until > now}
        until = max(self.busy_until.get(address, now), now) + 1 / self.per_second
        excess = until - now - self.burst / self.per_second
        if excess > 1e-9:  # of rounding
            return excess
        self.busy_until[address] = until
        return 0.0


class Guard:
    """The lab's application behind its checks, which gets each body whole; every answer carries `SECURITY`.

    Args:
        hosts: how the server may be named. A foreign page whose own name points here (DNS rebinding) names it otherwise.
        token: what whoever has the QR code sends; everything but the page and its assets needs it.
    """

    def __init__(
        self, app: "ASGIApp", hosts: Collection[str], token: str, limiter: Limiter, refusals: Refusals
    ) -> None:
        self.app, self.hosts, self.token = app, frozenset(hosts), token
        self.limiter, self.refusals = limiter, refusals

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Let a request through, or refuse it.

        Raises:
            CancelledError: the server ends in the middle of an answer.
        """
        answer: ASGIApp = self.app
        body = b""
        try:
            body = await self._body(receive)
            self._check(scope)
        except ConnectionError:  # nobody is left to hear
            return
        except Refusal as refusal:
            answer = self.refusals.answer(refusal)
        whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def again() -> "Message":
            return whole.pop() if whole else await receive()

        begun = False

        async def secured(message: "Message") -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers.update(SECURITY)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await answer(scope, again, secured)
        except asyncio.CancelledError:  # the server ends, and the database did not answer in time
            if begun:
                raise
            await self.refusals.answer(Refusal(503, "the lab is ending: try again"))(scope, again, secured)

    async def _body(self, receive: "Receive") -> bytes:
        try:
            async with asyncio.timeout(patience.BODY_S):
                body = await whole_body(receive, LARGEST_BYTES)
        except TimeoutError:
            raise Refusal(408, f"expected the body within {patience.BODY_S:g} seconds", headers=CLOSING) from None
        if body is None:
            raise Refusal(413, f"expected a body of at most {LARGEST_BYTES} bytes", headers=CLOSING)
        return body

    def _check(self, scope: "Scope") -> None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        host = headers.get("host", "")
        if host not in self.hosts or len(headers.getlist("host")) != 1:
            raise Refusal(421, f"expected the host {' or '.join(sorted(self.hosts))}, found {host[:60]!r}")
        if method != "GET" and headers.get("origin", f"http://{host}") != f"http://{host}":
            raise Refusal(403, f"expected a page of this server, found one of {headers['origin'][:60]!r}")
        if path != "/" and not path.startswith("/assets/"):
            given = headers.get("authorization", "").encode()
            if not secrets.compare_digest(given, f"Bearer {self.token}".encode()):
                raise Refusal(401, "expected this session's token: open the address of its QR code again")
        if (method, path) == ("POST", "/reports"):
            client = scope["client"]
            if wait := self.limiter.wait_s(client[0] if client else ""):
                later = {"retry-after": str(int(wait) + 1)}
                raise Refusal(429, "too many reports from this address: try again later", headers=later)


class Protocol(PatientProtocol):
    """HTTP with the lab's refusals."""

    @staticmethod
    def refusal(status: int, message: str) -> JSONResponse:
        """In the shape of the lab's."""
        return refused(status, message, {**CLOSING, **SECURITY})
