"""The stand-in cloud's server: the OpenAI chat-completions API over a bundle, behind an emulated network.

`edgelab.cloud.start_cloud` runs `python -m edgelab.cloud_server`, which reads its settings from standard input and
ends when that closes. `serve` runs it in the foreground, for `edgelab cloud`.
"""

import asyncio
import dataclasses
import hashlib
import json
import os
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable

import numpy as np

from edgelab.bundle import Bundle
from edgelab.cloud import STAND_IN, CloudError, Network, Trip

MAX_TOKENS = 512  # the encoder has no more positions
BEYOND = ("ask_cloud",)  # labels that are answered in words, not by a tool call


class Service:
    """Carries requests out, each once: what was answered under a key is answered again from memory."""

    def __init__(self, bundle: Bundle, *, answer_rate: float, seed: int):
        self.bundle, self.answer_rate, self.seed = bundle, answer_rate, seed
        self.traffic: Counter[str] = Counter()
        self._answered: dict[str, dict] = {}

    def answer(self, text: str, key: str | None) -> dict:
        """The completion of one request. `key` is the caller's idempotency key; without one every try is new."""
        if key in self._answered:
            self.traffic["repeated"] += 1
            return self._answered[key]
        self.traffic["carried_out"] += 1
        completion = self._carry_out(text)
        self._answered[key or completion["id"]] = completion
        return completion

    def _carry_out(self, text: str) -> dict:
        found = self.bundle.predict(text)
        number = f"{self.traffic['carried_out']:06d}"
        if found.label in BEYOND:
            right = self._answers_right(text)
            content = f"[emulated answer, no model wrote it; counted as {'right' if right else 'wrong'}] {text}"
            message, reason, extra = {"content": content}, "stop", {"emulated": True, "counted_right": right}
            written = content
        else:
            written = json.dumps(found.slots, ensure_ascii=False)
            call = {"id": f"call_{number}", "type": "function"}
            call["function"] = {"name": found.label, "arguments": written}
            message, reason, extra = {"content": None, "tool_calls": [call]}, "tool_calls", {"emulated": False}
        read, said = self.tokens(text), self.tokens(written)
        return {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": STAND_IN,
            "choices": [
                {"index": 0, "finish_reason": reason, "message": {"role": "assistant", "refusal": None, **message}}
            ],
            "usage": {"prompt_tokens": read, "completion_tokens": said, "total_tokens": read + said},
            **extra,
        }

    def _answers_right(self, text: str) -> bool:
        """The same text has the same luck, in whatever order requests come."""
        digest = hashlib.sha256(f"{self.seed}\0{text}".encode()).digest()
        return int.from_bytes(digest[:8], "big") / 2**64 < self.answer_rate

    def tokens(self, text: str) -> int:
        return len(self.bundle.tokenizer.encode(text).ids)


class EmulatedNetwork:
    """An ASGI application behind a network: it delays, and drops connections, of the chat completions alone."""

    def __init__(self, app, network: Network, traffic: Counter, *, seed: int, clock: Callable[[], float]):
        self.app, self.network, self.traffic, self.clock = app, network, traffic, clock
        self.unplugged = False
        self._draws, self._started = np.random.default_rng(seed), None

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["path"] != "/v1/chat/completions":
            return await self.app(scope, receive, send)
        self.traffic["arrived"] += 1
        if self.out_now():
            self.traffic["refused"] += 1
            return await drop(send)
        trip: Trip = self.network.draw(self._draws)
        await asyncio.sleep(trip.round_trip_ms / 2000)
        if trip.lost == "request":
            self.traffic["lost_requests"] += 1
            return await drop(send)
        answer = []

        async def keep(message):
            answer.append(message)

        await self.app(scope, receive, keep)
        await asyncio.sleep(trip.round_trip_ms / 2000)
        if trip.lost == "response":
            self.traffic["lost_responses"] += 1
            return await drop(send)
        for message in answer:
            await send(message)

    def out_now(self) -> bool:
        now = self.clock()
        self._started = now if self._started is None else self._started
        seconds, outage = now - self._started, self.network.outage
        return self.unplugged or (outage is not None and outage[0] <= seconds < outage[1])


async def drop(send) -> None:
    """Announce an answer and end without it: the server closes the connection, and the client sees it broken."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


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
        requests = len(service._answered)
        names = ("arrived", "refused", "lost_requests", "lost_responses", "carried_out", "repeated")
        traffic = {name: service.traffic[name] for name in names} | {"requests": requests}
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
            return refusal(
                404, f"The model {body.model!r} does not exist; it is {STAND_IN!r}.", "model_not_found", "model"
            )
        if body.stream or body.n != 1:
            return refusal(
                400, "The stand-in gives one whole answer: no stream, n = 1.", param="stream" if body.stream else "n"
            )
        text = last_request(body.messages)
        if not text:
            return refusal(400, "Expected a last message with the role 'user' and a text.", param="messages")
        if service.tokens(text) > MAX_TOKENS:
            return refusal(400, f"Expected at most {MAX_TOKENS} tokens.", "context_length_exceeded", "messages")
        return JSONResponse(service.answer(text, idempotency_key))

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
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
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

    app = build_app(Service(bundle, answer_rate=answer_rate, seed=seed), key, network)
    config = uvicorn.Config(app, log_level="critical", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    server = Server(config)
    if life_line is not None:
        threading.Thread(target=_watch, args=(life_line, server), daemon=True).start()
    server.run([listening])


def _watch(life_line: int, server) -> None:
    while os.read(life_line, 1024):  # not sys.stdin: a thread that waits in it would block Python's own exit
        pass
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
