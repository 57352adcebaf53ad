"""An emulated network between the device and the stand-in cloud: round trips, losses, outages."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edgelab.errors import UserError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

COMPLETIONS = "/v1/chat/completions"


class NetworkError(UserError):
    """A parameter of a network that means nothing; the message says what was expected."""


@dataclass(frozen=True)
class Trip:
    """What the network does with one try: its round trip, and on which way it is lost, if it is."""

    round_trip_ms: float
    lost: str | None  # "request" (it never arrives), "response" (it was carried out, the answer never arrives), None


RANGES = {  # parameter -> what is expected of it, in words and as a test
    "round_trip_ms": ("a number of milliseconds, at least 0", lambda v: 0 <= v < float("inf")),
    "jitter": ("a number from 0 to 3", lambda v: 0 <= v <= 3),
    "loss": ("a share from 0 to 1", lambda v: 0 <= v <= 1),
    "outage": ("a first and a last second, or None", lambda v: v is None or (len(v) == 2 and 0 <= v[0] <= v[1])),
}


@dataclass(frozen=True)
class Network:
    """An emulated network.

    Args:
        round_trip_ms: the median of the round trips; their logarithm is normal, so some are much slower.
        jitter: the standard deviation of that logarithm; 0: all the same.
        loss: the share of tries whose connection drops, half of them on the way there, half on the way back.
        outage: from which to which second after the first try every connection drops at once; None: never.

    A real network that loses packets is silent until the client's time runs out. Here a connection breaks instead, so
    that a thousand requests need not wait; a round trip beyond the client's patience is how a time-out is emulated.

    A value out of its range is a `NetworkError`.
    """

    round_trip_ms: float = 80.0
    jitter: float = 0.3
    loss: float = 0.0
    outage: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        for name, (expected, right) in RANGES.items():
            value = getattr(self, name)
            try:
                fits = right(value)
            except TypeError:
                fits = False
            if not fits:
                raise NetworkError(f"network, {name}: expected {expected}, found {value!r}")

    def draw(self, generator: np.random.Generator) -> Trip:
        """The next try's trip. Every try takes three draws, whatever the parameters: one changed leaves the rest."""
        normal, lost, way = generator.standard_normal(), generator.random(), generator.random()
        trip = self.round_trip_ms * float(np.exp(self.jitter * normal))
        return Trip(trip, None if lost >= self.loss else "request" if way < 0.5 else "response")

    def __str__(self) -> str:
        outage = "none" if self.outage is None else f"from second {self.outage[0]:g} to {self.outage[1]:g}"
        shown = f"round trip {self.round_trip_ms:g} ms (median, log-normal, sigma {self.jitter:g})"
        return f"{shown}, loss {100 * self.loss:g} %, outage {outage}"


class EmulatedNetwork:
    """An ASGI application behind a network: it delays, and drops connections, of the chat completions alone."""

    def __init__(
        self, app: "ASGIApp", network: Network, traffic: Counter[str], *, seed: int, clock: Callable[[], float]
    ) -> None:
        self.app, self.network, self.traffic, self.clock = app, network, traffic, clock
        self.unplugged = False
        self._draws = np.random.default_rng(seed)
        self._started: float | None = None

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Carry one request there and its answer back, or lose one of them."""
        if scope["type"] != "http" or scope["path"] != COMPLETIONS:
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
        answer: list[Message] = []

        async def keep(message: "Message") -> None:
            answer.append(message)

        await self.app(scope, receive, keep)
        await asyncio.sleep(trip.round_trip_ms / 2000)
        if trip.lost == "response":
            self.traffic["lost_responses"] += 1
            return await drop(send)
        for message in answer:
            await send(message)

    def out_now(self) -> bool:
        """Whether every connection drops now: by hand, or since the outage is on."""
        now = self.clock()
        self._started = now if self._started is None else self._started
        seconds, outage = now - self._started, self.network.outage
        return self.unplugged or (outage is not None and outage[0] <= seconds < outage[1])


async def drop(send: "Send") -> None:
    """Announce an answer and end without it: the server closes the connection, and the client sees it broken."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})
