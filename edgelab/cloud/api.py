"""The OpenAI chat-completions API of the stand-in, and the switch of its emulated network."""

import dataclasses
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Header, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError
from starlette.exceptions import HTTPException

from edgelab.bundle.manifest import is_text
from edgelab.cloud.client import STAND_IN
from edgelab.cloud.intake import Guard, refusal
from edgelab.cloud.network import COMPLETIONS, EmulatedNetwork, Network
from edgelab.cloud.stand_in import KeyReused, Service

MAX_CHARACTERS = 2000  # a request to a phone; a bundle's tokenizer would cut off more in silence
LONGEST_KEY = 255  # of an idempotency key
COUNTED = ("arrived", "refused", "lost_requests", "lost_responses", "carried_out", "repeated")
STRICT = ConfigDict(strict=True, allow_inf_nan=False)  # as the API: "1" is no number, 1 no truth


def written(text: str) -> str:
    """A text as it is, if it can be written: JSON may hold half a character.

    Raises:
        PydanticCustomError: it cannot.
    """
    if not is_text(text):
        raise PydanticCustomError("half_a_character", "Input should be a text, found half a character in it")
    return text


Text = Annotated[str, AfterValidator(written)]


class Part(BaseModel):
    """One part of a message's content: the stand-in reads text alone."""

    model_config = STRICT
    type: Literal["text"]
    text: Text


def as_parts(content: object) -> object:
    """A message's content as a list of parts, which it may also be written as."""
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


class Message(BaseModel):
    """One message of a conversation."""

    model_config = STRICT
    role: Text
    content: Annotated[list[Part] | None, BeforeValidator(as_parts)] = None


class ChatRequest(BaseModel):
    """A request for a completion. What it says about sampling is checked, as the API does, and not followed."""

    model_config = STRICT
    model: Text
    messages: list[Message] = Field(min_length=1)
    stream: bool | None = None
    n: int | None = None
    temperature: float | None = Field(None, ge=0, le=2)
    top_p: float | None = Field(None, ge=0, le=1)
    max_tokens: int | None = Field(None, ge=1)
    max_completion_tokens: int | None = Field(None, ge=1)


class Control(BaseModel):
    """What one may set of the network while it runs."""

    model_config = STRICT
    outage: bool


class Api:
    """The paths that the stand-in answers on."""

    def __init__(self, service: Service, network: EmulatedNetwork) -> None:
        self.service, self.network = service, network

    async def show_network(self) -> dict[str, Any]:
        """The network's parameters, and what it and the service counted."""
        traffic = {name: self.service.traffic[name] for name in COUNTED} | {"requests": self.service.requests}
        parameters = dataclasses.asdict(self.network.network)
        return {"network": parameters, "unplugged": self.network.unplugged, "traffic": traffic}

    async def set_network(self, control: Control) -> dict[str, Any]:
        """Begin or end an outage."""
        self.network.unplugged = control.outage
        return await self.show_network()

    async def models(self) -> dict[str, Any]:
        """The one model."""
        return {"object": "list", "data": [{"id": STAND_IN, "object": "model", "created": 0, "owned_by": "edgelab"}]}

    async def chat(
        self, body: ChatRequest, idempotency_key: Annotated[str | None, Header(max_length=LONGEST_KEY)] = None
    ) -> JSONResponse:
        """Carry a request out, or say why not."""
        if body.model != STAND_IN:
            said = f"The model {body.model!r} does not exist; it is {STAND_IN!r}."
            return refusal(404, said, code="model_not_found", param="model")
        if body.stream or body.n not in (None, 1):
            said = "The stand-in gives one whole answer: no stream, n = 1."
            return refusal(400, said, param="stream" if body.stream else "n")
        text = last_request(body.messages)
        if not text:
            return refusal(400, "Expected a last message with the role 'user' and a text.", param="messages")
        if len(text) > MAX_CHARACTERS:
            said = f"Expected at most {MAX_CHARACTERS} characters, found {len(text)}."
            return refusal(400, said, code="context_length_exceeded", param="messages")
        try:
            return JSONResponse(self.service.answer(text, idempotency_key))
        except KeyReused as error:
            return refusal(400, str(error), code="idempotency_key_reused")
        except Exception as error:  # whatever fails in the work: the client hears of it as of any error
            return refusal(500, f"The stand-in failed: {type(error).__name__}.")


async def bad_request(request: Request, error: RequestValidationError) -> JSONResponse:
    """What in a body or header is not as it should be: the first thing."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:])
    if not where or first["type"] == "json_invalid":  # of which the place is a number of characters
        where = "body"
    return refusal(400, f"{where}: {first['msg']}", param=where)


async def no_such_path(request: Request, error: HTTPException) -> JSONResponse:
    """What is not here, or not by this method."""
    headers = dict(error.headers) if error.headers else None
    return refusal(error.status_code, f"{request.method} {request.scope['path']}: {error.detail}", headers=headers)


def build_app(
    service: Service, key: str, network: Network, *, clock: Callable[[], float] = time.monotonic
) -> EmulatedNetwork:
    """The ASGI application: the network, behind it the guard, behind it the API."""
    handlers: dict[int | type[Exception], Any] = {RequestValidationError: bad_request, HTTPException: no_such_path}
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False, exception_handlers=handlers)
    emulated = EmulatedNetwork(Guard(app, key), network, service.traffic, seed=service.seed, clock=clock)
    api = Api(service, emulated)
    app.add_api_route("/network", api.show_network)
    app.add_api_route("/network", api.set_network, methods=["PUT"])
    app.add_api_route("/v1/models", api.models)
    app.add_api_route(COMPLETIONS, api.chat, methods=["POST"])
    return emulated


def last_request(messages: list[Message]) -> str:
    """The text of the last message if a user wrote it, else an empty one."""
    parts = messages[-1].content if messages[-1].role == "user" else None
    return " ".join(part.text for part in parts or []).strip()
