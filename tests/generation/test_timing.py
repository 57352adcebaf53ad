"""Generators timed side by side: who is asked what, and what is kept of it. No time is asserted."""

from dataclasses import dataclass, field

import pytest

from edgelab.generation.model import Generation, Generator
from edgelab.generation.reference import TorchGenerator
from edgelab.generation.timing import prompts_of, time_generators


@dataclass
class Told:
    """Says how long it takes: the n-th answer n ms to the first token, then 1, 2, 30 ms."""

    log: list
    name: str
    asked: list = field(default_factory=list)

    def generate(self, prompt, *, max_tokens, min_tokens):
        assert max_tokens == min_tokens == 4
        self.asked.append(tuple(prompt))
        self.log.append(self.name)
        return Generation("", (5,) * 4, len(prompt), float(len(self.asked)), (1.0, 2.0, 30.0), False)


def test_every_prompt_goes_to_all_in_turn_and_the_warmup_is_not_kept():
    log = []
    both = {name: Told(log, name) for name in "ab"}
    prompts = [[1], [2], [3], [4]]
    timed = time_generators(both, prompts, tokens=4, warmup=2)
    for name, each in both.items():
        assert each.asked == [(1,), (2,), (1,), (2,), (3,), (4,)]
        assert timed[name].ttft.milliseconds == (3.0, 4.0, 5.0, 6.0)  # the first two were the warm-up's
        assert timed[name].tpot.milliseconds == (2.0,) * 4 and timed[name].gaps == ((1.0, 2.0, 30.0),) * 4
    assert all(set(log[i : i + 2]) == {"a", "b"} for i in range(0, len(log), 2))


def test_fewer_prompts_than_the_warmup_takes():
    assert len(time_generators({"a": Told([], "a")}, [[1]], tokens=4)["a"].gaps) == 1


def test_prompts_are_cut_from_a_text():
    assert prompts_of([0, 1, 2, 3, 4, 5], 3, 3) == [[0, 1, 2], [2, 3, 4], [4, 5, 0]]
    assert prompts_of([7, 8], 5, 1) == [[7, 8, 7, 8, 7]]


@pytest.mark.parametrize("runs_in", ["onnxruntime-genai", "torch"])
def test_real_ones(tiny_models, tiny_checkpoint, runs_in):
    one = Generator.open(tiny_models["int8"]) if runs_in != "torch" else TorchGenerator.open(tiny_checkpoint)
    timed = time_generators({"one": one}, prompts_of(range(3, 90), 10, 3), tokens=6)["one"]
    assert one.runtime == runs_in and len(timed.ttft.milliseconds) == 3 and {len(gaps) for gaps in timed.gaps} == {5}
    assert min(timed.ttft.milliseconds) > 0 < min(min(gaps) for gaps in timed.gaps)
