"""The paths of the device lab: the page and its assets, the bundle, a session, reports, the room."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import ValidationError
from starlette.exceptions import HTTPException

from edgelab.fleet.content import Content, File
from edgelab.fleet.engine import StoreError
from edgelab.fleet.intake import Refusal, Refusals
from edgelab.fleet.reports import Report, first_fault
from edgelab.fleet.store import Entry, Kept, Outcome, Session, Store
from edgelab.fleet.table import body_of

RUNS, SUSTAINED_S = 300, 60
ROOM = 300  # devices that `/room` shows
ROOM_S = 1.0  # how old it may be: 200 pages ask for it
MOST_REPORTS = 100_000  # of a session: whoever has the token could fill the disk
PIECE = 256 * 1024  # bytes of a file that wait for a slow phone at a time
SENT = (
    "the kind of device, its system, browser, cores, memory and screen size, a random number for this tab, "
    "and the measured times"
)


def consent(host: str) -> str:
    """The sentence that a page shows before it measures."""
    over = "" if host.startswith("127.") else ", over a connection that others in this network can read"
    return (
        f"If you agree, this page measures how fast your device answers and sends {SENT} (no name, no address){over}, to "
        "the computer that showed the QR code, whose live view shows single devices to everybody who takes part."
    )


class NotNow(Refusal):
    """The database fails: the device tries again, and the host is told why."""

    def __init__(self, what: str, error: StoreError) -> None:
        super().__init__(503, f"{what} now: try again", where="database", told=str(error), headers={"retry-after": "2"})


class Commits:
    """Reports that arrive while others are being written share the next transaction: one wait for the disk, not one
    each, when a whole room reports at once."""

    def __init__(self, store: Store, session: str) -> None:
        self.store, self.session = store, session
        self.waiting: list[tuple[Entry, asyncio.Future[Outcome]]] = []
        self.writing = asyncio.Lock()

    async def put(self, entry: Entry) -> Outcome:
        """What became of it, once it is on the disk; a `StoreError` if it is not."""
        written: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.waiting.append((entry, written))
        async with self.writing:
            if not written.done():
                await self._write()
        return written.result()

    async def _write(self) -> None:
        batch, self.waiting = self.waiting, []
        try:
            outcomes = await asyncio.to_thread(self.store.put, self.session, [entry for entry, _ in batch])
        except Exception as error:  # whatever it is, nobody is left waiting
            for _, written in batch:
                written.set_exception(error)
            return
        except asyncio.CancelledError:  # nor when the server ends
            for _, written in batch:
                written.cancel()
            raise
        for (_, written), outcome in zip(batch, outcomes, strict=True):
            written.set_result(outcome)


class Api:
    """What the paths answer."""

    def __init__(self, content: Content, store: Store, session: Session, host: str, refusals: Refusals) -> None:
        self.content, self.store, self.session, self.host, self.refusals = content, store, session, host, refusals
        self.commits = Commits(store, session.name)
        self.stored = store.count(session.name)[1]
        self.room_json, self.room_until = b"", 0.0
        self.room_lock = asyncio.Lock()

    async def page(self, request: Request) -> Response:
        """The lab's page."""
        return deliver(self.content.page, request)

    async def asset(self, name: str, request: Request) -> Response:
        """A file of the page or the browser runtime."""
        return deliver(_named(self.content.assets, name), request)

    async def bundle(self, name: str, request: Request) -> Response:
        """A file of the bundle."""
        return deliver(_named(self.content.bundle, name), request)

    async def show_session(self) -> dict[str, Any]:
        """What a page measures, and what it says before."""
        bundle = {name: getattr(self.content, name) for name in ("model", "sha256", "size_bytes")}
        measured = {"texts": self.content.texts, "runs": RUNS, "sustained_seconds": SUSTAINED_S}
        return {"bundle": bundle, "consent": consent(self.host), **measured}

    async def report(self, request: Request) -> JSONResponse:
        """Keep a report: 201 stored now, 200 stored before.

        Raises:
            Refusal: it is none, or another of its id is kept, or the session is full.
            NotNow: it cannot be kept.
        """
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refusal(415, "expected the content type application/json")
        try:
            report = Report.model_validate_json(await request.body())
        except ValidationError as error:
            where, line = first_fault(error)
            raise Refusal(400 if line.startswith("body: Invalid JSON") else 422, line, where=where) from None
        if report.bundle_sha256 != self.content.sha256:
            raise Refusal(
                422, "bundle_sha256: expected this session's bundle: load the page again", where="bundle_sha256"
            )
        if self.stored >= MOST_REPORTS:
            raise Refusal(
                429, f"this session has its {MOST_REPORTS} reports", where="session", headers={"retry-after": "600"}
            )
        try:
            outcome = await self.commits.put(Entry(report.id, report.visit, report.model_dump_json()))
        except StoreError as error:
            raise NotNow("the report cannot be kept", error) from None
        if outcome is Outcome.CONFLICT:
            raise Refusal(409, "id: another report of this id is kept", where="id")
        self.stored += outcome is Outcome.STORED
        return JSONResponse({"stored": True}, outcome.value)

    async def room(self) -> Response:
        """The newest devices and how many there are.

        Raises:
            NotNow: the database fails.
        """
        async with self.room_lock:
            if time.monotonic() >= self.room_until:
                try:
                    self.room_json = await asyncio.to_thread(self._room)
                except StoreError as error:
                    raise NotNow("the room cannot be read", error) from None
                self.room_until = time.monotonic() + ROOM_S
        return Response(self.room_json, media_type="application/json")

    def _room(self) -> bytes:
        devices = [_in_the_room(kept) for kept in self.store.newest(self.session.name, ROOM)]
        return json.dumps({"devices": devices, "count": self.store.count(self.session.name)[0]}).encode()


def _in_the_room(kept: Kept) -> dict[str, Any]:
    body = body_of(kept)
    device, latency = body["device"], body["latency_ms"]
    return {
        "id8": body["id"][:8],
        **{name: device[name] for name in ("kind", "system", "browser")},
        **{"p50_ms": latency["p50"], "p99_ms": latency["p99"]},
        **{"load_ms": sum(body["load_ms"].values()), "first_ms": body["first_ms"], "received_at": kept.received_at},
    }


def _named(files: dict[str, File], name: str) -> File:
    if name not in files:
        raise Refusal(404, f"no such file: {name[:60]!r}")
    return files[name]


def deliver(file: File, request: Request) -> Response:
    """A file, packed where the browser takes that, in pieces; or word that the browser's own copy is still good."""
    headers = {"etag": file.etag, "cache-control": "no-cache", "vary": "accept-encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(status_code=304, headers=headers)
    content = file.content
    if file.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        content = file.packed
        headers["content-encoding"] = "gzip"
    headers |= {"content-length": str(len(content)), "x-uncompressed-length": str(len(file.content))}
    return StreamingResponse(_pieces(content), headers=headers, media_type=file.media_type)


async def _pieces(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), PIECE):
        yield content[start : start + PIECE]


def build_app(api: Api) -> FastAPI:
    """The application."""

    async def tell(request: Request, error: Exception) -> Response:
        if isinstance(error, HTTPException):
            path = request.scope["path"][:60]
            refusal = Refusal(
                error.status_code, f"{request.method} {path!r}: {error.detail}", headers=dict(error.headers or {})
            )
        elif isinstance(error, Refusal):
            refusal = error
        else:
            refusal = Refusal(500, f"the lab failed: {type(error).__name__}")
        return api.refusals.answer(refusal)

    app = FastAPI(
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        exception_handlers={Refusal: tell, HTTPException: tell, Exception: tell},
    )
    app.add_api_route("/", api.page, response_class=Response)
    app.add_api_route("/assets/{name}", api.asset, response_class=Response)
    app.add_api_route("/bundle/{name}", api.bundle, response_class=Response)
    app.add_api_route("/session", api.show_session)
    app.add_api_route("/reports", api.report, methods=["POST"], status_code=201)
    app.add_api_route("/room", api.room, response_class=Response)
    return app
