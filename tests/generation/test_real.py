"""Slow: SmolLM2 itself, where `edgelab prepare generator` has built it."""

import json

import pytest

from edgelab.generation.convert import PRECISIONS, prepared
from edgelab.generation.model import Generator
from edgelab.generation.reference import TorchGenerator

pytestmark = pytest.mark.slow

CALL = {
    "type": "object",
    "properties": {
        "name": {"enum": ["set_alarm", "play_music"]},
        "time": {"type": "string", "pattern": "^[0-9:]{4,5}$"},
    },
    "required": ["name", "time"],
    "additionalProperties": False,
}


def test_the_notebooks_home_finds_it(real_generator, home, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(home))
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    assert not prepared().missing and all(home in path.parents for path in prepared().models.values())


def test_it_says_what_torch_says(real_generator):
    built, torch = Generator.open(real_generator.models["fp32"]), TorchGenerator.open(real_generator.checkpoint)
    prompt = built.chat("What is the capital of France? Answer in one sentence.")
    mine, theirs = (each.generate(prompt, max_tokens=16) for each in (built, torch))
    assert mine.tokens == theirs.tokens and "Paris" in mine.text
    assert built.encode(prompt) == torch.encode(prompt)


def test_it_reads_numbers_digit_by_digit(real_generator):
    generator = Generator.open(real_generator.models["int4"])
    assert len(generator.encode("at 1984")) == len(generator.encode("at")) + 1 + 4  # a space and four digits


@pytest.mark.parametrize("precision", PRECISIONS)
def test_it_holds_to_a_schema_at_each_precision(real_generator, precision):
    generator = Generator.open(real_generator.models[precision])
    answer = generator.answer("Wake me at half past six.", schema=CALL, max_tokens=40)
    assert answer.complete and json.loads(answer.text)["name"] in CALL["properties"]["name"]["enum"]
