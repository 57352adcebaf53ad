"""The stand-in cloud's server: the OpenAI chat-completions API over a bundle, behind an emulated network.

`cloud.client.start_cloud` runs `python -m edgelab.cloud.server`, which reads its settings from standard input and
ends when that closes. `serve` runs it in the foreground, for `edgelab cloud`.
"""

import dataclasses
import json
import os
import socket
import sys
import threading
import time
from collections.abc import Callable

from edgelab.bundle.predict import Bundle
from edgelab.cloud.client import STAND_IN, CloudError
from edgelab.cloud.network import EmulatedNetwork, Network
from edgelab.cloud.stand_in import KeyReused, Service

MAX_CHARACTERS = 2000  # a request to a phone; a bundle's tokenizer would cut off more in silence


def build_app(service: Service, key: str, network: Network, *, clock: Callable[[], float] = time.monotonic):
    """The ASGI application."""
    from fastapi import FastAPI, Header, Request
    from fastapi.exceptions import RequestValidationError
    from fastapi.responses import JSONResponse
    from pydantic import BaseModel, Field
    from starlette.exceptions import HTTPException

    class Message(BaseModel):
        role: str
        content: str | list[dict] | None = None

    class ChatRequest(BaseModel):
        model: str
        messages: list[Message] = Field(min_length=1)
        stream: bool = False
        n: int = 1

    class Control(BaseModel):
        outage: bool

    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    emulated = EmulatedNetwork(app, network, service.traffic, seed=service.seed, clock=clock)

    def refusal(status: int, message: str, code: str | None = None, param: str | None = None) -> JSONResponse:
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        return JSONResponse({"error": error}, status)

    @app.middleware("http")
    async def check_key(request: Request, call_next):
        if request.headers.get("authorization") != f"Bearer {key}":
            return refusal(401, "Incorrect API key provided to the stand-in cloud.", "invalid_api_key")
        return await call_next(request)

    @app.exception_handler(RequestValidationError)
    async def bad_body(request: Request, error: RequestValidationError):
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:]) or "body"
        return refusal(400, f"{where}: {first['msg']}", param=where)

    @app.exception_handler(HTTPException)
    async def not_here(request: Request, error: HTTPException):
        return refusal(error.status_code, f"{request.method} {request.url.path}: {error.detail}")

    @app.get("/network")
    def show_network():
        names = ("arrived", "refused", "lost_requests", "lost_responses", "carried_out", "repeated")
        traffic = {name: service.traffic[name] for name in names} | {"requests": service.requests}
        return {"network": dataclasses.asdict(network), "unplugged": emulated.unplugged, "traffic": traffic}

    @app.put("/network")
    def set_network(control: Control):
        emulated.unplugged = control.outage
        return show_network()

    @app.get("/v1/models")
    def models():
        return {"object": "list", "data": [{"id": STAND_IN, "object": "model", "created": 0, "owned_by": "edgelab"}]}

    @app.post("/v1/chat/completions")
    async def chat(body: ChatRequest, idempotency_key: str | None = Header(None)):
        if body.model != STAND_IN:
            said = f"The model {body.model!r} does not exist; it is {STAND_IN!r}."
            return refusal(404, said, "model_not_found", "model")
        if body.stream or body.n != 1:
            said = "The stand-in gives one whole answer: no stream, n = 1."
            return refusal(400, said, param="stream" if body.stream else "n")
        text = last_request(body.messages)
        if not text:
            return refusal(400, "Expected a last message with the role 'user' and a text.", param="messages")
        if len(text) > MAX_CHARACTERS:
            said = f"Expected at most {MAX_CHARACTERS} characters, found {len(text)}."
            return refusal(400, said, "context_length_exceeded", "messages")
        try:
            return JSONResponse(service.answer(text, idempotency_key))
        except KeyReused as error:
            return refusal(400, str(error), "idempotency_key_reused")

    return emulated


def last_request(messages: list) -> str:
    """The text of the last message if a user wrote it, else an empty one."""
    content = messages[-1].content if messages[-1].role == "user" else None
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content)
    return (content or "").strip()


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
    except (OSError, OverflowError) as error:
        listening.close()
        raise CloudError(f"port {port}: cannot be served on: {getattr(error, 'strerror', None) or error}") from None
    return listening


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
        async def startup(self, sockets=None):
            await super().startup(sockets)
            on_ready(listening.getsockname()[1])

    app = build_app(Service(bundle, STAND_IN, answer_rate=answer_rate, seed=seed), key, network)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = Server(config)
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


def _end_after(watch: Callable[[int], None], life_line: int, server) -> None:
    watch(life_line)
    server.should_exit = True
    time.sleep(3)
    os._exit(1)  # whatever it hangs in: nobody is left to ask


def main() -> None:
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
