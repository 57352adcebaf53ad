"""The stand-in cloud's server: the API over a bundle, behind an emulated network, on a port of this machine.

`cloud.client.start_cloud` runs `python -m edgelab.cloud.server`, which reads its settings from standard input and
ends when that closes. `serve` runs it in the foreground, for `edgelab cloud`.
"""

import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelab.bundle.predict import Bundle
from edgelab.cloud.client import STAND_IN, CloudError
from edgelab.cloud.network import Network
from edgelab.cloud.stand_in import Service

if TYPE_CHECKING:
    import uvicorn


def listen(port: int) -> socket.socket:
    """A loopback socket on this port, 0 for a free one.

    Raises:
        CloudError: the port is taken or forbidden.
    """
    # With the protocol named, asyncio sends small packets at once; without, each answer waits 40 ms for the next.
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen()  # now: until somebody listens, the port can be bound a second time
    except (OSError, OverflowError) as error:
        listening.close()
        raise CloudError(f"port {port}: cannot be served on: {getattr(error, 'strerror', None) or error}") from None
    return listening


def configured(service: Service, key: str, network: Network) -> "uvicorn.Config":
    """How uvicorn serves a service: in silence, over HTTP alone."""
    import uvicorn

    from edgelab.cloud.api import build_app
    from edgelab.cloud.intake import Protocol

    return uvicorn.Config(
        build_app(service, key, network),
        http=Protocol,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_graceful_shutdown=1,
    )


def serve(
    bundle: Bundle,
    key: str,
    network: Network,
    listening: socket.socket,
    *,
    answer_rate: float = 0.95,
    seed: int = 0,
    on_ready: Callable[[int], None],
    life_line: int | None = None,
) -> None:
    """Serve until interrupted, terminated, or `life_line` (a file descriptor) closes; `on_ready` gets the port."""
    import uvicorn

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_ready(listening.getsockname()[1])

    server = Server(configured(Service(bundle, STAND_IN, answer_rate=answer_rate, seed=seed), key, network))
    if life_line is not None:
        for watch in (_until_closed, _until_orphaned):
            threading.Thread(target=_end_after, args=(watch, life_line, server), daemon=True).start()
    server.run([listening])


def _until_closed(life_line: int) -> None:
    while os.read(life_line, 1024):  # not sys.stdin: a thread that waits in it would block Python's own exit
        pass


def _until_orphaned(life_line: int) -> None:
    """The pipe stays open in what a killed parent had forked; the parent's id does not stay."""
    parent = os.getppid()
    while os.getppid() == parent:
        time.sleep(0.5)


def _end_after(watch: Callable[[int], None], life_line: int, server: "uvicorn.Server") -> None:
    watch(life_line)
    server.should_exit = True
    time.sleep(3)
    os._exit(1)  # whatever it hangs in: nobody is left to ask


def main() -> None:
    """Serve as the settings on standard input say, until that closes; the port goes to standard output."""
    settings = json.loads(_first_line(0))
    outage = settings["network"]["outage"]
    network = Network(**settings["network"] | {"outage": tuple(outage) if outage else None})
    serve(
        Bundle.load(settings["bundle"]),
        settings["key"],
        network,
        listen(0),
        answer_rate=settings["answer_rate"],
        seed=settings["seed"],
        on_ready=lambda port: print(port, flush=True),
        life_line=0,
    )


def _first_line(descriptor: int) -> bytes:
    line = b""
    while not line.endswith(b"\n") and (more := os.read(descriptor, 1)):
        line += more
    return line


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
