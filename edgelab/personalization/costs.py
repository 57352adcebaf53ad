"""What adapters cost when they are used: bytes, the swap, the added latency; one person's and a thousand people's."""

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from edgelab.bundle.predict import Bundle
from edgelab.measurement.latency import measure_latency
from edgelab.personalization.adapters import Adapter, write_adapter
from edgelab.personalization.personal import PersonalBundle
from edgelab.personalization.store import user_folder
from edgelab.stats.samples import LatencySamples


def added_latency(
    plain: Bundle, personal: PersonalBundle, users: tuple[str, ...], texts: list[str], *, block: int = 1
) -> dict[str, LatencySamples]:
    """Text in, answer out, interleaved: the same weights in a bundle that takes no adapter; that takes one and wears none;
    with the first person's; with another person's at each request. `users` are in memory, two or more."""
    turn = itertools.cycle(users)

    def as_person(choose: Callable[[], str | None]) -> Callable[[str], object]:
        def answer(text: str) -> object:
            personal.use(choose())
            return personal.predict(text)

        return answer

    subjects: dict[str, Callable[[str], object]] = {
        "plain bundle": plain.predict,
        "no adapter": as_person(lambda: None),
        "one person": as_person(lambda: users[0]),
        "another each time": as_person(lambda: next(turn)),
    }
    return measure_latency(subjects, texts, block=block)


def swap_samples(personal: PersonalBundle, users: tuple[str, ...], *, rounds: int = 200) -> dict[str, LatencySamples]:
    """How long a swap takes: to an adapter in memory; and from the disk, as `load_user` reads and verifies it. The folders
    of `users` are in the bundle's; all end up in memory."""
    taken: dict[str, list[float]] = {"in memory": [], "from disk, verified": []}
    turn = itertools.cycle(users)
    for name in users:
        personal.load_user(name)
    for _ in range(rounds):
        name = next(turn)
        for kind, swap in (("from disk, verified", personal.load_user), ("in memory", personal.use)):
            start = time.perf_counter_ns()
            swap(name)
            taken[kind].append((time.perf_counter_ns() - start) / 1e6)
    return {kind: LatencySamples(kind, tuple(values)) for kind, values in taken.items()}


@dataclass(frozen=True)
class Crowd:
    """Many people on one base: how many, the bytes of their files, how much the process grew by their adapters, and raw
    times: to load each, a request that follows another one's of the same person, and one of somebody else each time."""

    people: int
    disk_bytes: int
    memory_bytes: int
    load: LatencySamples
    same: LatencySamples
    others: LatencySamples


def crowd(
    personal: PersonalBundle,
    adapters: tuple[Adapter, ...],
    people: int,
    folder: Path,
    texts: list[str],
    *,
    seed: int = 0,
) -> Crowd:
    """Load the adapters of so many people, made of a few learned ones by changing their numbers a little, and time
    requests with each of them in turn. Their files are written to `folder`."""
    import psutil

    generator, names = np.random.default_rng(seed), [f"person-{i:04d}" for i in range(people)]
    for i, name in enumerate(names):
        like = adapters[i % len(adapters)]
        noise = {k: v + generator.normal(0, 1e-4, v.shape).astype(np.float32) for k, v in like.parameters.items()}
        write_adapter(replace(like, parameters=noise), user_folder(folder, name))
    process, loads = psutil.Process(), []
    before = process.memory_info().rss
    for name in names:
        start = time.perf_counter_ns()
        personal.load_user(name, user_folder(folder, name))
        loads.append((time.perf_counter_ns() - start) / 1e6)
    grown = process.memory_info().rss - before
    turn = itertools.cycle(names)

    def request(choose: Callable[[], str]) -> Callable[[str], object]:
        def answer(text: str) -> object:
            personal.use(choose())
            return personal.predict(text)

        return answer

    asked = [texts[i % len(texts)] for i in range(people)]
    taken = measure_latency({"same": request(lambda: names[0]), "others": request(lambda: next(turn))}, asked)
    disk = sum(file.stat().st_size for name in names for file in user_folder(folder, name).iterdir())
    for name in names:
        personal.drop_user(name)
    return Crowd(people, disk, grown, LatencySamples("load", tuple(loads)), taken["same"], taken["others"])
