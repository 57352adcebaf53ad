"""The stand-in cloud's server: the API over a bundle, behind an emulated network, on a port of this machine.

`cloud.client.start_cloud` runs `python -m edgelab.cloud.server`, which reads its settings from standard input and
ends when that closes. `serve` runs it in the foreground, for `edgelab cloud`.
"""

import json
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from edgelab.bundle.predict import Bundle
from edgelab.cloud.client import STAND_IN
from edgelab.cloud.network import Network
from edgelab.cloud.stand_in import Service
from edgelab.machine.serving import end_with, first_line, listen

if TYPE_CHECKING:
    import uvicorn


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
        end_with(life_line, server)
    server.run([listening])


def main() -> None:
    """Serve as the settings on standard input say, until that closes; the port goes to standard output."""
    settings = json.loads(first_line(0))
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


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
