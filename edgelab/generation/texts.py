"""What a generator answers to held-out cases: written once, kept, and written again for a drawn few to see that it agrees.

A case takes seconds, so the cases are kept in pieces: what an interruption costs is one piece.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from edgelab.generation.endpoint import Endpoint
from edgelab.generation.model import Generation, Generator, identity_of
from edgelab.workspace import build_once, find_built, versions

PIECE = 10  # cases
KIND, FILE = "texts", "texts.json"
Answering = Path | Endpoint  # the folder of a built generator, or a model at an address


@dataclass(frozen=True)
class Case:
    """What is asked: messages, each with `role` and `content`; how many tokens the answer may have; its JSON schema."""

    messages: tuple[dict[str, str], ...]
    max_tokens: int
    schema: dict | None = None


@dataclass(frozen=True)
class Text:
    """What was answered; `complete`: not cut at the most tokens."""

    text: str
    complete: bool


def ask(generator: Generator | Endpoint, case: Case) -> Text:
    """One case, greedily."""
    answer: Generation = generator.answer(case.messages, max_tokens=case.max_tokens, schema=case.schema)
    return Text(answer.text.strip(), answer.complete)


def write_texts(
    who: Answering, cases: Sequence[Case], done: Callable[[int], None] = lambda _: None
) -> tuple[Text, ...]:
    """The answers of a generator. What stands is read, what does not is generated and kept.

    Args:
        done: told of each finished piece: how many cases it had.
    """
    opened: list[Generator | Endpoint] = []
    model, out = _identity(who), []
    for piece in _pieces(cases):

        def build(scratch: Path, piece: Sequence[Case] = piece) -> None:
            if not opened:
                opened.append(who if isinstance(who, Endpoint) else Generator.open(who))
            texts = [asdict(ask(opened[0], case)) for case in piece]
            (scratch / FILE).write_text(json.dumps(texts, indent=1, ensure_ascii=False), "utf-8")

        out += _read(build_once(KIND, build, inputs=_inputs(model, piece), through=(ask,)).path)
        done(len(piece))
    return tuple(out)


def find_texts(who: Answering, cases: Sequence[Case]) -> tuple[Text, ...] | None:
    """What `write_texts` would read; None where a piece has still to be generated."""
    model, out = _identity(who), []
    for piece in _pieces(cases):
        found = find_built(KIND, _nothing, inputs=_inputs(model, piece), through=(ask,))
        if found is None:
            return None
        out += _read(found.path)
    return tuple(out)


@dataclass(frozen=True)
class Agreement:
    """Cases drawn and answered anew: how many, and which of them (by their position) differ from what was kept."""

    drawn: int
    differing: tuple[int, ...]


def regenerate(
    folder: Path, cases: Sequence[Case], kept: Sequence[Text], *, draw: int = 20, seed: int = 0
) -> Agreement:
    """Answer a few drawn cases anew, and compare with what is kept."""
    chosen = np.random.default_rng(seed).permutation(len(cases))[:draw]
    generator = Generator.open(folder)
    differing = [int(i) for i in sorted(chosen) if ask(generator, cases[i]) != kept[i]]
    return Agreement(len(chosen), tuple(differing))


def _nothing(folder: Path) -> None:
    """Stands for the building function where one only looks: both live in this file, so their source is the same."""


def _pieces(cases: Sequence[Case]) -> list[Sequence[Case]]:
    return [cases[start : start + PIECE] for start in range(0, len(cases), PIECE)]


@cache
def _identity(who: Answering) -> str:
    """As `Generator.identity`, without opening it; of an endpoint, what it is called and where it is. Read once: that is
    up to half a gigabyte, and it is asked for each job."""
    if isinstance(who, Endpoint):
        return f"{who.model} at {who.client.base_url}"
    return identity_of(who)


def _inputs(model: str, piece: Sequence[Case]) -> dict:
    asked = json.dumps([asdict(case) for case in piece], sort_keys=True)
    runtime = versions(("onnxruntime-genai", "tokenizers"))
    return {"model": model, "cases": hashlib.sha256(asked.encode()).hexdigest(), "runtime": runtime}


def _read(folder: Path) -> list[Text]:
    return [Text(**row) for row in json.loads((folder / FILE).read_text("utf-8"))]
