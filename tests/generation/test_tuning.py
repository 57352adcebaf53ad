"""A generator tuned on calls: examples, batches, and a tiny one that learns two of them."""

import json

import numpy as np
import pytest
from tokenizers import Tokenizer

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import parse_marked
from edgelab.generation import tuned, tuning
from edgelab.generation.calls import as_json, call_of
from edgelab.generation.errors import GeneratorError
from edgelab.generation.reference import TorchGenerator
from edgelab.generation.tuning import TuningPlan

LINES = {"set_alarm": "wake me at [half past six](time)", "play_music": "play some [jazz](genre)"}


@pytest.fixture(scope="module")
def split():
    parsed = [parse_marked(line) for line in LINES.values()]
    return Split(tuple(text for text, _ in parsed), tuple(LINES), tuple(spans for _, spans in parsed))


def test_an_example_is_the_request_in_the_template_and_its_call(split, tiny_checkpoint):
    tokenizer = Tokenizer.from_file(str(tiny_checkpoint / "tokenizer.json"))
    first = tuning.examples_of(split, tokenizer, 2)[0]
    asked, said = (tokenizer.decode(list(part), skip_special_tokens=False) for part in (first.prompt, first.answer))
    assert said == '{"tool":"set_alarm","time":"half past six"}<|end|>'
    import jinja2

    messages = [{"role": "user", "content": split.texts[0]}]
    assert asked == jinja2.Template(tuning.TEMPLATE).render(messages=messages, add_generation_prompt=True)


def test_a_pass_takes_every_example_once_and_pads_little(split, tiny_checkpoint):
    tokenizer = Tokenizer.from_file(str(tiny_checkpoint / "tokenizer.json"))
    examples = tuning.examples_of(split, tokenizer, 2) * 8
    drawn = tuning.batches(examples, 4, np.random.default_rng(0))
    assert sorted(map(id, (e for batch in drawn for e in batch))) != [] and sum(map(len, drawn)) == len(examples)
    assert all(len({len(e.prompt) + len(e.answer) for e in batch}) == 1 for batch in drawn)


def test_a_tuned_one_says_the_calls_it_was_shown(split, tiny_checkpoint, tmp_path):
    plan = TuningPlan(rank=8, share=1.0, lr=3e-2, batch=2, passes=150)
    before = TorchGenerator.open(tiny_checkpoint)
    tuning.tune(tiny_checkpoint, split, tmp_path, plan)
    after = TorchGenerator.open(tmp_path)
    assert (tmp_path / "chat_template.jinja").read_text("utf-8") == tuning.TEMPLATE
    for text, label, spans in zip(split.texts, split.labels, split.spans, strict=True):
        prompt = f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"
        call = as_json(call_of(label, text, spans))
        assert after.generate(prompt, max_tokens=70).text.startswith(call)
        assert not before.generate(prompt, max_tokens=70).text.startswith(call)
    changed = {
        name
        for (name, old), new in zip(before.model.named_parameters(), after.model.parameters(), strict=True)
        if not (old == new).all()
    }
    assert changed and all("_proj" in name for name in changed), "only matrices with adapters are others"


def test_only_the_upper_layers_are_tuned(split, tiny_checkpoint, tmp_path):
    tuning.tune(tiny_checkpoint, split, tmp_path, TuningPlan(rank=4, share=0.5, lr=1e-2, batch=2, passes=2))
    old, new = (TorchGenerator.open(folder).model.state_dict() for folder in (tiny_checkpoint, tmp_path))
    changed = {name for name in old if not (old[name] == new[name]).all()}
    assert changed and all(name.startswith("model.layers.1.") for name in changed)


def test_without_a_generator_there_is_nothing_to_tune(monkeypatch, tmp_path):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    assert tuned.tuned_generator() is None
    with pytest.raises(GeneratorError, match="edgelab prepare generator"):
        tuned.prepare_tuned(lambda step: None)


def test_it_is_tuned_once_and_found_again(monkeypatch, tmp_path, split, tiny_checkpoint):
    from edgelab.datasets.dataset import Dataset

    data = Dataset("small", split, split, split, split.labels)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.setenv("EDGELAB_GENERATOR", str(tiny_checkpoint))
    monkeypatch.setattr(tuned, "load", lambda name: data)
    monkeypatch.setattr(tuned, "build_model", lambda folder, precision: folder / precision)
    assert tuned.tuned_generator() is None
    said, plan = [], TuningPlan(rank=2, batch=2)
    made = tuned.prepare_tuned(said.append, "int4", plan)
    assert len(said) == 1 and json.loads((made.parent / "config.json").read_text("utf-8"))["num_hidden_layers"] == 2
    assert tuned.tuned_generator("int4", plan) == made
    assert tuned.prepare_tuned(said.append, "int4", plan) == made and len(said) == 1
    assert tuned.tuned_generator("int4", TuningPlan(rank=3)) is None
