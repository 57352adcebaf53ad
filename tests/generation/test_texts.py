"""Texts kept in pieces: written once, found again, written anew to compare."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from edgelab.datasets.pocket import load_pocket
from edgelab.generation import shipped, texts
from edgelab.generation.calls import call_faults, call_schema, tools_of
from edgelab.generation.errors import GeneratorError
from edgelab.generation.prompts import CASES
from edgelab.generation.shipped import case_key
from edgelab.generation.texts import Case, Text, find_texts, regenerate, write_texts
from edgelab.generation.writing import COMPARED, find_all, write_all
from edgelab.workspace import data_home


def cases(count: int, schema: dict | None = None) -> tuple[Case, ...]:
    return tuple(Case(({"role": "user", "content": f"say {number}"},), 6, schema) for number in range(count))


@pytest.fixture
def fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))


def test_texts_are_written_once_and_agree_with_new_ones(tiny_models, fresh_home, monkeypatch):
    model, asked = tiny_models["fp32"], cases(12)
    assert find_texts(model, asked) is None
    pieces = []
    kept = write_texts(model, asked, pieces.append)
    assert pieces == [10, 2] and len(kept) == 12 and not all(text.complete for text in kept)
    assert find_texts(model, asked) == kept
    assert regenerate(model, asked, kept, draw=5).differing == ()
    changed = [replace(text, text="another") for text in kept]
    assert len(regenerate(model, asked, changed, draw=5).differing) == 5
    monkeypatch.setattr(texts.Generator, "open", lambda folder: pytest.fail("it is asked again"))
    assert write_texts(model, asked) == kept
    assert find_texts(tiny_models["int8"], asked) is None and find_texts(model, cases(11)) is None


def test_an_interruption_costs_one_piece(tiny_models, fresh_home, monkeypatch):
    asked, answered = cases(25), []

    def answer(self, *args, answer=texts.Generator.answer, **options):
        if len(answered) == 13:
            raise KeyboardInterrupt
        answered.append(args)
        return answer(self, *args, **options)

    with monkeypatch.context() as patch:
        patch.setattr(texts.Generator, "answer", answer)
        with pytest.raises(KeyboardInterrupt):
            write_texts(tiny_models["fp32"], asked)
    assert find_texts(tiny_models["fp32"], asked[:10]) is not None
    assert find_texts(tiny_models["fp32"], asked) is None


def test_all_precisions_are_written_and_what_is_missing_says_how(chosen):
    asked = {"one": cases(11), "two": cases(3, {"enum": ["yes", "no"]})}
    before = find_all(asked)
    assert (
        set(before.missing) == set(COMPARED)
        and not before.shipped
        and "edgelab prepare texts" in before.missing["int8"]
    )
    done = []
    write_all(asked, done.append)
    after = find_all(asked)
    assert sum(done) == 3 * 14 and after.missing == {} and set(after.texts["one"]) == set(COMPARED)
    assert {text.text for who in COMPARED for text in after.texts["two"][who]} <= {'"yes"', '"no"'}


def test_without_a_generator_its_rows_are_named(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    found = find_all({"one": cases(2)})
    assert found.texts == {"one": {}} and "edgelab prepare generator" in found.missing["fp32"]


def test_without_texts_of_its_own_a_machine_has_those_of_the_course(tmp_path, monkeypatch):
    asked = cases(2)
    rows = [{"who": "int8", "job": "one", "case": case_key(case), "text": "yes", "complete": True} for case in asked]
    file = tmp_path / "texts.jsonl"
    file.write_text("\n".join(map(json.dumps, [{"weights": "x"}, *rows])), "utf-8")
    monkeypatch.setattr(shipped, "shipped_file", lambda: file)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    found = find_all({"one": asked})
    assert found.texts == {"one": {"int8": (Text("yes", True),) * 2}} and found.shipped == ("int8",)
    assert set(found.missing) == {"fp32", "int4-k"}
    assert find_all({"one": cases(3)}).texts == {"one": {}}


def test_texts_of_the_course_are_of_its_generator_alone(chosen):
    assert shipped.find_shipped("int8", cases(1)) is None


def test_the_course_brings_texts_of_all_cases():
    rows = [json.loads(line) for line in shipped.shipped_file().read_text("utf-8").splitlines()[1:]]
    written = Counter((row["job"], row["who"]) for row in rows)
    assert written == {(job, who): count for job, count in CASES.items() for who in COMPARED}
    schema = call_schema(tools_of(load_pocket(data_home() / "pocket").train))
    assert not [fault for row in rows if row["job"] == "calls" and (fault := call_faults(row["text"], schema))]


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        "5",
        "{}",
        '{"who": "int8", "case": "a", "text": 5, "complete": true}',
        '{"who": ["int8"], "case": "a"}',
    ],
)
def test_a_damaged_file_that_came_along_is_one_line(tmp_path, monkeypatch, line):
    monkeypatch.delenv("EDGELAB_GENERATOR", raising=False)
    file = tmp_path / "texts.jsonl"
    file.write_text(f"{{}}\n{line}\n", "utf-8")
    monkeypatch.setattr(shipped, "shipped_file", lambda: file)
    with pytest.raises(GeneratorError, match=r"texts.jsonl, line 2: expected JSON with who, case, text and complete"):
        shipped.find_shipped("int8", [Case(({"role": "user", "content": "a"},), 4)])
    file = tmp_path / "empty.jsonl"
    file.write_text("", "utf-8")
    assert shipped.find_shipped("int8", [Case(({"role": "user", "content": "a"},), 4)]) is None
