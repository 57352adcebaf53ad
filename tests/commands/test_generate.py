"""`edgelab generate`."""

import json
import re

import pytest

from edgelab.generation.model import Generator
from tests.command_line import process, refused
from tests.tiny_generators import CONTEXT

SPEED = r"(\d+) tokens read, the first of (\d+) after \d+ ms(; then [\d.]+ tokens/s \(median of \d+\))?(; not ended by the model)?\n"


def test_the_answer_is_streamed_and_its_speed_told_after_it(chosen, edgelab):
    answer = Generator.open(chosen.models["int8"]).answer("hello", max_tokens=12)
    for model in ("int8", chosen.models["int8"]):
        done = edgelab("generate", model, "hello", "--max-tokens", "12")
        assert done.returncode == 0 and done.stdout.startswith(answer.text[:3]) and done.stdout.endswith("\n")
        read, written, *_ = re.fullmatch(SPEED, done.stderr).groups()
        assert (int(read), int(written)) == (answer.prompt_tokens, len(answer.tokens))


def test_each_token_is_written_when_it_comes(chosen, edgelab, monkeypatch):
    written = []
    monkeypatch.setattr("edgelab.commands.generate.show_part", written.append)
    edgelab("generate", "fp32", "hello", "--max-tokens", "5")
    assert len(written) == 6 and written[-1] == "\n"


def test_the_prompt_may_come_by_standard_input(chosen, edgelab):
    said = edgelab("generate", "fp32", "hello", "--max-tokens", "9").stdout
    for asked in (("-",), ()):
        assert edgelab("generate", "fp32", *asked, "--max-tokens", "9", stdin=b"hello").stdout == said


def test_an_answer_by_a_schema(chosen, edgelab, tmp_path):
    schema = tmp_path / "call.json"
    schema.write_text(json.dumps({"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}))
    done = edgelab("generate", "fp32", "hello", "--json-schema", schema, "--temperature", "2", "--seed", "3")
    assert set(json.loads(done.stdout)) >= {"on"}
    schema.write_text('{"enum": []}')
    refused(
        edgelab("generate", "fp32", "hello", "--json-schema", schema), "schema: expected one that some text satisfies"
    )
    schema.write_text("[1]")
    refused(
        edgelab("generate", "fp32", "hello", "--json-schema", schema), "call.json: expected a JSON schema as an object"
    )
    schema.write_text("{")
    refused(edgelab("generate", "fp32", "hello", "--json-schema", schema), "call.json: expected a JSON schema: ")
    refused(edgelab("generate", "fp32", "hello", "--json-schema", tmp_path / "no.json"), "no.json: cannot be read")


def test_ctrl_c_ends_the_line_and_tells_what_came(chosen, edgelab, monkeypatch):
    stream = Generator.stream

    def interrupted(self, prompt, **options):
        for number, step in enumerate(stream(self, prompt, **options)):
            if number == 3:
                raise KeyboardInterrupt
            yield step

    monkeypatch.setattr(Generator, "stream", interrupted)
    done = edgelab("generate", "fp32", "hello")
    assert done.returncode == 130 and done.stdout.endswith("\n") and "the first of 3 after" in done.stderr


def test_what_would_steer_a_terminal_is_written_out(chosen, edgelab, monkeypatch):
    stream = Generator.stream

    def steering(self, prompt, **options):
        for step in stream(self, prompt, **options):
            yield type(step)(step.token, "a\x1b[2Jb\n\tc", step.milliseconds, step.ends)

    monkeypatch.setattr(Generator, "stream", steering)
    assert edgelab("generate", "fp32", "hello", "--max-tokens", "1").stdout == "a\\x1b[2Jb\n\tc\n"


def test_refuses_bad_input(chosen, edgelab, tmp_path, monkeypatch):
    refused(edgelab("generate", tmp_path, "hello"), str(tmp_path), "found no genai_config.json")
    refused(edgelab("generate", "fp32", "hello " * CONTEXT), f"prompt: expected 1 to {CONTEXT - 1} tokens")
    refused(edgelab("generate", "fp32", " "), "expected a text")
    refused(edgelab("generate", "fp32", stdin=b" \n"), "standard input: expected a prompt, found nothing")
    refused(edgelab("generate", "fp32", stdin=b"\xff"), "standard input: expected UTF-8, found byte 0xff")
    refused(edgelab("generate", "fp32", "hello", "--temperature", "-1"), "--temperature")
    monkeypatch.delenv("EDGELAB_GENERATOR")
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    refused(
        edgelab("generate", "int4", "hello"),
        "int4: no generator is built in this precision",
        "edgelab prepare generator",
    )
    monkeypatch.setenv("EDGELAB_GENERATOR", str(tmp_path / "none"))
    refused(edgelab("generate", "int4", "hello"), "EDGELAB_GENERATOR=", "found nothing")


def test_a_prompt_that_never_ends_is_refused(chosen, edgelab, monkeypatch):
    monkeypatch.setattr("edgelab.commands.generate.LONGEST", 4)
    refused(edgelab("generate", "fp32", stdin=b"hello"), "standard input: expected a prompt of at most")


def test_on_a_terminal_nothing_waits_for_a_prompt(chosen, edgelab, monkeypatch):
    monkeypatch.setattr("edgelab.commands.generate.sys.stdin", None)
    with pytest.raises(Exception, match="nothing to answer: give a PROMPT"):
        from edgelab.commands.generate import standard_input

        standard_input()


def test_a_process_that_answers_loads_no_training_library(chosen):
    done = process(
        "generate", chosen.models["fp32"], "hello", "--max-tokens", "2", env={"PYTHONPROFILEIMPORTTIME": "1"}
    )
    loaded = set(re.findall(r"\| +([\w.]+)$", done.stderr, re.MULTILINE))
    assert done.returncode == 0 and "onnxruntime_genai" in loaded
    assert not loaded & {"torch", "transformers", "onnx", "pandas", "matplotlib", "ipywidgets"}
