"""Choosing tokens, decoding with a cache and without, over a built file, and with guesses."""

from itertools import pairwise

import numpy as np
import pytest

from edgelab.course.exercises import Checks
from edgelab.generation import decode as decoding
from edgelab.generation import decode_exercise
from edgelab.generation.decode import (
    Draft,
    OnnxDecoder,
    Sampler,
    decode,
    decode_without_cache,
    greedy,
    look_up,
    speculative,
)
from edgelab.generation.llama import toy
from edgelab.generation.model import Generator
from tests.tiny_generators import TEXT

PROMPT = [5, 17, 3, 80, 41]


def test_greedy_tokens_are_those_of_transformers_with_a_cache_and_without(tiny_checkpoint):
    from edgelab.generation.llama import Decoder
    from edgelab.generation.reference import TorchGenerator

    decoder, theirs = Decoder.load(tiny_checkpoint), TorchGenerator.open(tiny_checkpoint)
    for text in TEXT[:3]:
        prompt = theirs.encode(text)
        expected = list(theirs.generate(prompt, max_tokens=24).tokens)
        assert list(decode(decoder.step, prompt, 24, ends=theirs.end_tokens)) == expected
        assert list(decode_without_cache(decoder.step, prompt, 24, ends=theirs.end_tokens)) == expected


@pytest.mark.parametrize("precision", ["fp32", "int4"])
def test_the_same_loop_over_a_built_file_says_what_the_generator_says(tiny_models, precision):
    generator, decoder = Generator.open(tiny_models[precision]), OnnxDecoder.open(tiny_models[precision])
    for text in TEXT[:3]:
        prompt = generator.encode(text)
        expected = generator.generate(prompt, max_tokens=24).tokens
        assert tuple(decode(decoder.step, prompt, 24, ends=generator.end_tokens)) == expected


@pytest.mark.parametrize(
    ("temperature", "top_k", "top_p"), [(0.7, 0, 1.0), (1.3, 5, 1.0), (1.0, 0, 0.8), (0.9, 20, 0.6)]
)
def test_probabilities_are_those_of_transformers(temperature, top_k, top_p):
    import torch
    from transformers import TemperatureLogitsWarper, TopKLogitsWarper, TopPLogitsWarper

    logits = np.random.default_rng(3).normal(0, 3, 96)
    scores = TemperatureLogitsWarper(temperature)(None, torch.tensor(logits[None]))
    if top_k:
        scores = TopKLogitsWarper(top_k)(None, scores)
    if top_p < 1:
        scores = TopPLogitsWarper(top_p)(None, scores)
    mine = decoding.probabilities(logits, temperature, top_k, top_p)
    np.testing.assert_allclose(mine, scores.softmax(-1)[0].numpy(), atol=1e-12)


def test_a_sampler_draws_by_probability_and_the_same_for_a_seed():
    logits = np.log(np.array([0.5, 0.3, 0.15, 0.05]))
    draw = Sampler(seed=1)
    drawn = np.bincount([draw(logits) for _ in range(4000)], minlength=4) / 4000
    np.testing.assert_allclose(drawn, [0.5, 0.3, 0.15, 0.05], atol=0.03)
    assert {Sampler(top_p=0.5, seed=s)(logits) for s in range(20)} == {0}
    step = toy().step
    first, again, other = (list(decode(step, PROMPT, 20, Sampler(1.5, seed=s))) for s in (1, 1, 2))
    assert first == again != other
    for options in ((0.0,), (1.0, 0, 0.0), (1.0, -1)):
        with pytest.raises(ValueError, match="expected a temperature"):
            decoding.probabilities(logits, *options)


def test_the_prompt_is_read_once_and_an_end_token_ends():
    read = []

    def step(tokens, cache):
        read.append(list(tokens))
        return toy().step(tokens, cache)

    said = list(decode(step, PROMPT, 6))
    assert read == [PROMPT, *([token] for token in said[:-1])]
    end = said[2]
    assert list(decode(toy().step, PROMPT, 6, ends={end})) == said[: said.index(end) + 1]


@pytest.mark.parametrize("guesses", [1, 4])
def test_guesses_change_how_often_the_model_runs_and_never_what_it_says(guesses):
    target, prompt = toy().step, PROMPT * 3
    expected = tuple(decode(target, prompt, 30))
    free = speculative(target, look_up, prompt, 30, guesses)
    perfect = speculative(target, Draft(toy().step), prompt, 30, guesses)
    useless = speculative(target, Draft(toy(seed=9).step), prompt, 30, guesses)
    assert free.tokens == perfect.tokens == useless.tokens == expected
    assert perfect.confirmed == perfect.guessed and perfect.runs <= 2 + 29 // (guesses + 1)
    assert useless.confirmed < useless.guessed and perfect.runs < useless.runs <= 30


def test_guessing_stops_at_an_end_token():
    expected = tuple(decode(toy().step, PROMPT, 30))
    end = expected[7]
    ended = tuple(decode(toy().step, PROMPT, 30, ends={end}))
    assert speculative(toy().step, Draft(toy().step), PROMPT, 30, 4, ends={end}).tokens == ended


def test_what_stood_before_is_looked_up():
    assert look_up([1, 2, 3, 4, 1, 2], 2) == [3, 4]
    assert look_up([1, 2, 3, 9, 1, 2, 7, 1, 2], 1) == [7]
    assert look_up([1, 2, 3], 2) == [] and look_up([1], 2) == []


def test_a_draft_keeps_what_was_confirmed_and_forgets_the_rest():
    read = []

    def step(tokens, cache):
        read.append(list(tokens))
        return toy().step(tokens, cache)

    draft = Draft(step)
    first = draft(PROMPT, 3)
    tokens = [*PROMPT, first[0], 77]
    assert draft(tokens, 2) == Draft(toy().step)(tokens, 2)
    assert read[0] == PROMPT and read[3] == [77], "after a confirmed guess it reads what is new alone"
    assert all(len(a) <= len(tokens) for a, _ in pairwise(read))


def _prompt_twice(step, prompt, max_tokens, choose=greedy, ends=()):
    step(prompt, None)
    return decode(step, prompt, max_tokens, choose, ends)


def _all_said_again(step, prompt, max_tokens, choose=greedy, ends=()):
    logits, cache = step(prompt, None)
    said = []
    while len(said) < max_tokens and not (said and said[-1] in ends):
        said.append(choose(logits[-1]))
        logits, _ = step(said, cache)
    return said


def _no_defaults(step, prompt, max_tokens, choose, ends):
    return decode(step, prompt, max_tokens, choose, ends)


@pytest.mark.parametrize("wrong", [_prompt_twice, _all_said_again, _no_defaults])
def test_a_loop_that_reads_twice_or_has_no_defaults_is_refused(wrong, capsys):
    checks = Checks()
    decode_exercise.register(checks)
    assert checks("decode", wrong) is decode
    assert capsys.readouterr().out.startswith("[fail] decode")


def test_a_prompt_may_be_read_token_by_token_and_the_last_token_too(capsys):
    def patient(step, prompt, max_tokens, choose=greedy, ends=()):
        cache, said = None, []
        for token in prompt:
            logits, cache = step([token], cache)
        while len(said) < max_tokens and not (said and said[-1] in ends):
            said.append(choose(logits[-1]))
            logits, cache = step(said[-1:], cache)
        return said

    checks = Checks()
    decode_exercise.register(checks)
    assert checks("decode", patient) is patient
    assert capsys.readouterr().out.startswith("[pass] decode")


def test_tokens_may_be_a_tuple():
    as_list, as_tuple = (toy().step(tokens, None)[0] for tokens in ([3, 5], (3, 5)))
    assert np.array_equal(as_list, as_tuple)
