"""Generators timed side by side: the time to the first token, and of each further one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Protocol

from edgelab.generation.model import Generation
from edgelab.measurement.latency import measure_latency
from edgelab.stats.samples import LatencySamples


class Timed(Protocol):
    """What can be timed: a `Generator`, a `TorchGenerator`."""

    def generate(self, prompt: Sequence[int], *, max_tokens: int, min_tokens: int) -> Generation:
        """So many tokens after a prompt."""


@dataclass(frozen=True)
class GeneratorTiming:
    """One generator's times on the same prompts.

    Attributes:
        ttft: to the first token, of each request.
        tpot: of a further token, of each request: the median within it. Tokens of one request are no independent
            samples, so intervals are over requests.
        gaps: every further token of each request, in ms.
    """

    ttft: LatencySamples
    tpot: LatencySamples
    gaps: tuple[tuple[float, ...], ...]


def time_generators(
    generators: dict[str, Timed], prompts: Sequence[Sequence[int]], *, tokens: int = 32, warmup: int = 2
) -> dict[str, GeneratorTiming]:
    """Each prompt, given as tokens, to every generator, interleaved; each answers with exactly so many tokens, whatever
    it would say. The first `warmup` prompts are asked once before, and not kept."""
    kept: dict[str, list[Generation]] = {name: [] for name in generators}

    def subject(name: str) -> Callable[[str], object]:
        def ask(number: str) -> None:
            prompt = prompts[int(number)]
            kept[name].append(generators[name].generate(prompt, max_tokens=tokens, min_tokens=tokens))

        return ask

    numbers = [str(number) for number in range(len(prompts))]
    measure_latency({name: subject(name) for name in generators}, numbers, warmup=warmup)
    return {name: _timing(name, answers[min(warmup, len(prompts)) :]) for name, answers in kept.items()}


def _timing(name: str, answers: list[Generation]) -> GeneratorTiming:
    gaps = tuple(answer.tpot_ms for answer in answers)
    ttft = LatencySamples(name, tuple(answer.ttft_ms for answer in answers))
    return GeneratorTiming(ttft, LatencySamples(name, tuple(median(each) for each in gaps)), gaps)


def prompts_of(text: Sequence[int], length: int, count: int) -> list[list[int]]:
    """`count` different prompts of `length` tokens: cut from a text's tokens, which is repeated as often as it takes."""
    step = max(1, len(text) // count)
    return [[text[(number * step + i) % len(text)] for i in range(length)] for number in range(count)]
