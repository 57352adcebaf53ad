"""The model card, of a report whose figures are known."""

import re

import pytest
from huggingface_hub import ModelCard

from edgelab.build import thresholds
from edgelab.build.card import BASE, card


@pytest.fixture
def report():
    ci = {
        "accuracy_ci": [0.8, 0.95],
        "call_exact_match_ci": [0.7, 0.9],
        "retention_ci": [0.9, 1],
        "call_retention_ci": [0.8, 1],
    }
    shares = {"accuracy": 0.9, "call_exact_match": 0.8, "retention": 0.97, "call_retention": 0.96}
    model = {
        "name": "student int4",
        "precision": "int4",
        **shares,
        **ci,
        "outside": None,
        "size_bytes": 123_456,
        "size_ratio": 700.0,
        "speed_ratio": 20.0,
        "latency_ms": {"p50": 0.125, "p90": 0.25},
    }
    labels = [{"label": f"label {i}", "examples": 9, "right": i + 2} for i in range(8)]
    return {
        "edgelab": "1.2.3",
        "created_at": "2026-01-02T03:04:05+00:00",
        "chosen": "student int4",
        "nearest": None,
        "candidates": [model | {"name": "another"}, model],
        "bar": {"retention": 0.9, "retention_of": "call"},
        "dataset": {
            "name": "my: data|set",
            "fingerprint": "0123456789abcdef0123",
            "examples": {"train": 1234, "validation": 9, "test": 9},
            "labels": 8,
            "slots": 2,
        },
        "settings": {"threads": 1},
        "host": {"cpu": "A CPU", "system": "An OS"},
        "notes": ["Validation has 9 examples."],
        "outside": None,
        "code": ["a secret of the learner's, too"],
        "thresholds": {"rows": [{"promise": 0.05, "threshold": 0.5}, {"promise": None, "threshold": 0.75}]},
        "mistakes": {
            "of": "call",
            "wrong": 2,
            "examples": 9,
            "labels": labels,
            "shown": [{"text": "a secret of the learner's"}],
            "against_teacher": {
                "both_right": 7,
                "only_teacher": 1,
                "only_model": 0,
                "both_wrong_alike": 1,
                "both_wrong_otherwise": 0,
                "difference": [-0.1, -0.3, 0.1],
            },
        },
    }


def test_the_hubs_own_reader_finds_model_and_results(report, tmp_path):
    (tmp_path / "README.md").write_text(card(report), "utf-8")
    data = ModelCard.load(tmp_path / "README.md").data
    assert data.model_name == "student int4" and data.base_model == BASE and data.library_name == "onnxruntime"
    assert data.license is None and {"onnx", "int4", "token-classification"} <= set(data.tags)
    found = {(r.metric_type, r.dataset_name, r.dataset_split): r.metric_value for r in data.eval_results}
    assert found == {("accuracy", "my: data|set", "test"): 0.9, ("exact_match", "my: data|set", "test"): 0.8}


def test_the_text_has_the_templates_sections_figures_and_limits(report):
    text = ModelCard(card(report)).text
    headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
    assert headings == [
        "Model details",
        "Uses",
        "Bias, risks and limitations",
        "How to get started",
        "Training details",
        "Evaluation",
    ]
    assert "one of 8 labels and 2 slots" in text and "1,234 train, 9 validation, 9 test" in text
    assert (
        "| Accuracy, test | 90.0 % [80.0, 95.0] |" in text
        and "| Calls exactly right, test | 80.0 % [70.0, 90.0] |" in text
    )
    assert "| Kept of the teacher, test | 96.0 % [80.0, 100.0] |" in text and "0.125 and 0.250 ms" in text
    assert "label 0 (2 of 9)" in text and "label 4 (6 of 9)" in text and "label 5" not in text
    assert "2 of 9 calls are wrong" in text and "Validation has 9 examples." in text
    code = "```python\n" + "\n".join(thresholds.code("your text", 0.75)) + "\n```"
    assert code in text and "License:** none is stated" in text


def test_no_text_of_the_data_is_on_it(report):
    assert "secret" not in card(report)


def test_without_slots_calls_are_not_told_and_an_outside_file_is(report):
    model = report["candidates"][1] | {"call_exact_match": None, "call_retention": None}
    model["outside"] = {"accuracy": 0.5, "accuracy_ci": [0.25, 0.75]}
    report |= {
        "candidates": [model],
        "outside": {"name": "others|x"},
        "bar": {"retention": 0.9, "retention_of": "label"},
    }
    report["dataset"]["slots"] = 0
    found = ModelCard(card(report))
    assert len(found.data.eval_results) == 1 and "token-classification" not in found.data.tags
    assert "Calls exactly" not in found.text and "slots" not in found.text.split("## Uses")[0]
    assert "| Accuracy outside, others\\|x | 50.0 % [25.0, 75.0] |" in found.text
    assert "| Kept of the teacher, test | 97.0 % [90.0, 100.0] |" in found.text


def test_nothing_is_asked_of_a_network(report, monkeypatch):
    import socket

    def refuse(*args):
        raise AssertionError("a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert card(report).startswith("---\n")
