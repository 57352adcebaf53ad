"""A machine with moods, simulated: it lets a way of measuring be tried on a difference that is known."""

import math

import numpy as np


class Machine:
    """A clock that work alone moves. Its pace is a slow AR(1): each request's mood is `memory` of the one before and
    something new; now and then it stalls, and it may get slower as it warms up.

    Args:
        mood: how far the logarithm of the pace scatters.
        stall: the share of requests that take `stall_ms` more.
        warming: by how much each request slows down all that follow, as a share.
        per_character: how much longer each character of a text takes, as a share: who asks another text is found out.
    """

    def __init__(
        self,
        seed: int,
        *,
        mood: float = 0.3,
        memory: float = 0.98,
        stall: float = 0.0,
        stall_ms: float = 20.0,
        warming: float = 0.0,
        per_character: float = 0.0,
    ) -> None:
        self.seed, self.rng, self.now_ms, self.mood, self.calls = seed, np.random.default_rng(seed), 0.0, 0.0, 0
        self.last: str | None = None
        self.scale, self.memory, self.warming = mood * math.sqrt(1 - memory**2), memory, warming
        self.stall, self.stall_ms, self.per_character = stall, stall_ms, per_character

    def model(self, name: str, milliseconds: float, switch_ms: float = 0.0) -> "Model":
        """A model that takes so long in an even mood, and `switch_ms` more where another one was asked before."""
        return Model(self, name, milliseconds, switch_ms)

    def work(self, name: str, text: str, milliseconds: float, switch_ms: float) -> None:
        """Let the clock run for one request of this text."""
        self.mood = self.memory * self.mood + self.scale * self.rng.standard_normal()
        taken = milliseconds * math.exp(self.mood) * (1 + self.warming * self.calls)
        taken *= 1 + self.per_character * len(text)
        taken += self.stall_ms * (self.rng.random() < self.stall)
        self.now_ms += taken + (switch_ms if self.last != name else 0)
        self.last, self.calls = name, self.calls + 1

    def clock(self) -> "Clock":
        """A function without arguments: the time in ms."""
        return Clock(self)


class _Part:
    """Of a machine; two are equal where they are of one kind, since time does not change what they are."""

    machine: Machine

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self)

    def __hash__(self) -> int:
        return hash(type(self))


class Model(_Part):
    """What is asked: a function of a text."""

    def __init__(self, machine: Machine, name: str, milliseconds: float, switch_ms: float) -> None:
        self.machine, self.name, self.milliseconds, self.switch_ms = machine, name, milliseconds, switch_ms

    def __call__(self, text: str) -> str:
        """Answer a text, which takes its time."""
        self.machine.work(self.name, text, self.milliseconds, self.switch_ms)
        return text

    def __repr__(self) -> str:
        return f"a model of {self.milliseconds:g} ms"


class Clock(_Part):
    """What is read: the machine's time in ms."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def __call__(self) -> float:
        """The time in ms."""
        return self.machine.now_ms

    def __repr__(self) -> str:
        return f"the clock, in ms, of machine {self.machine.seed}"
