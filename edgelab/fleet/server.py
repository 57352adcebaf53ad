"""The device lab's server: on loopback, or on this machine's address in its network.

`fleet.lab.start_lab` runs `python -m edgelab.fleet.server`, which reads its settings from standard input and ends when
that closes. `serve` runs it in the foreground, for `edgelab fleet`.
"""

import contextlib
import json
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from edgelab.fleet.address import LOOPBACK
from edgelab.fleet.api import Api, build_app
from edgelab.fleet.content import Content, read_content
from edgelab.fleet.intake import Guard, Limiter, Protocol, Refusals
from edgelab.fleet.store import Session, Store, open_store
from edgelab.machine.patience import AT_ONCE, WAITING
from edgelab.machine.serving import end_with, first_line, listen

MOST_FILES = 8192  # open at once: 200 phones with six connections each are more than many systems' default allows


@dataclass(frozen=True)
class Opened:
    """All that a lab needs to serve, ready: what is wrong with any of it has been told."""

    content: Content
    store: Store
    session: Session
    listening: socket.socket

    @property
    def host(self) -> str:
        """The address it is served on."""
        return self.listening.getsockname()[0]

    @property
    def port(self) -> int:
        """The port it is served on."""
        return self.listening.getsockname()[1]

    @property
    def url(self) -> str:
        """What the QR code says. What stands behind # the browser keeps to itself: it is in no request and no log."""
        return f"http://{self.host}:{self.port}/#{self.session.token}"

    @property
    def hosts(self) -> set[str]:
        """The names that it answers to."""
        names = {self.host, "localhost"} if self.host == LOOPBACK else {self.host}
        return {f"{name}:{self.port}" for name in names} | (names if self.port == 80 else set())


def open_lab(
    bundle: Path,
    assets: Path,
    *,
    host: str = LOOPBACK,
    port: int = 0,
    db: str | None = None,
    session: str | None = None,
    texts: Path | None = None,
) -> Opened:
    """Everything that is served, read and verified; the session that is begun, or continued where it has that name; the
    port taken. A `UserError` says what cannot be had."""
    content = read_content(bundle, assets, texts)
    listening = listen(port, host)
    try:
        store = open_store(db)
        try:
            return Opened(content, store, store.session(session, content.model, content.sha256), listening)
        except BaseException:
            store.close()
            raise
    except BaseException:
        listening.close()
        raise


def configured(opened: Opened, refusals: Refusals) -> uvicorn.Config:
    """How uvicorn serves a lab: in silence, over HTTP alone."""
    api = Api(opened.content, opened.store, opened.session, opened.host, refusals)
    guard = Guard(build_app(api), opened.hosts, opened.session.token, Limiter(), refusals)
    return uvicorn.Config(
        guard,
        http=Protocol,
        backlog=AT_ONCE,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=3,
    )


def serve(
    opened: Opened, say: Callable[[str], None], on_ready: Callable[[], None], *, life_line: int | None = None
) -> None:
    """Serve until interrupted, terminated, or `life_line` (a file descriptor) closes. `say` gets what the host should
    read, a line at a time."""

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            opened.listening.listen(WAITING)  # again, as asyncio had made it `backlog`
            on_ready()

    _allow_files()
    refusals = Refusals(say)
    server = Server(configured(opened, refusals))
    if life_line is not None:
        end_with(life_line, server)
    try:
        server.run([opened.listening])
    finally:
        opened.store.close()
        for line in refusals.summary():
            say(line)


def _allow_files() -> None:
    """As many open files as are needed, if the system lets a program ask."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
        if soft != resource.RLIM_INFINITY and soft < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def main() -> None:
    """Serve as the settings on standard input say, until that closes; the address and the session go to standard output."""
    settings = json.loads(first_line(0))
    texts = settings["texts"]
    opened = open_lab(
        Path(settings["bundle"]),
        Path(settings["assets"]),
        texts=Path(texts) if texts else None,
        **{name: settings[name] for name in ("host", "port", "db", "session")},
    )
    ready = json.dumps({"url": opened.url, "session": opened.session.name})
    serve(
        opened,
        lambda line: print(line, file=sys.stderr, flush=True),
        lambda: print(ready, flush=True),
        life_line=0,
    )


if __name__ == "__main__":
    from edgelab.errors import UserError

    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except UserError as error:
        sys.exit(str(error))
