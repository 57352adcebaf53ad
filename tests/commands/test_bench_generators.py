"""`edgelab bench` of generators. No time is asserted."""

import json
import re

from tests.clouds import POCKET
from tests.command_line import refused

QUICK = ("--requests", "12", "--prompt-tokens", "8", "--tokens", "4")


def test_generators_side_by_side(chosen, edgelab, tiny_checkpoint):
    done = edgelab("bench", "fp32", chosen.models["int4"], tiny_checkpoint, *QUICK)
    assert done.returncode == 0 and done.stderr == ""
    header, *rows = done.stdout.splitlines()[:4]
    assert re.split(r"\s{2,}", header)[1:6] == ["runs in", "MB", "TTFT p50, ms", "TPOT p50, ms", "tokens/s"]
    assert [re.split(r"\s{2,}", row)[1] for row in rows] == ["onnxruntime-genai", "onnxruntime-genai", "torch"]
    assert re.search(r"1\.00 \[1\.00, 1\.00\] +the first$", rows[0])
    assert all(re.search(r"(faster|slower|not told apart)$", row) for row in rows[1:])
    assert "12 requests to each, interleaved: 8 tokens read, 4 written" in done.stdout


def test_as_json_with_every_sample(chosen, edgelab):
    report = json.loads(edgelab("bench", "fp32", "int8", *QUICK, "--json").stdout)
    assert (report["requests"], report["prompt_tokens"], report["tokens"], report["threads"]) == (12, 8, 4, 1)
    for entry, name in zip(report["generators"], ("fp32", "int8"), strict=True):
        assert entry["generator"] == name and entry["size_bytes"] > 1e4
        assert len(entry["ttft_samples_ms"]) == 12 and {len(gaps) for gaps in entry["gaps_ms"]} == {3}
        assert 0 < entry["tpot_ms"]["low"] <= entry["tpot_ms"]["value"] <= entry["tpot_ms"]["high"]
    first, second = report["generators"]
    assert first["size_bytes"] > second["size_bytes"] and first["verdict"] == "the first"


def test_refuses_bad_input(chosen, edgelab, tmp_path):
    refused(edgelab("bench", "fp32", POCKET), "bundles alone or generators alone, found fp32 beside", str(POCKET))
    refused(edgelab("bench", "fp32", "--data", "pocket"), "--data: expected with bundles, found generators")
    refused(edgelab("bench", "fp32", "--starts", "2"), "--starts: expected with bundles")
    refused(edgelab("bench", "fp32", "--prompt-tokens", "500"), "prompt: expected 1 to")
    (tmp_path / "config.json").write_text("{}")
    refused(edgelab("bench", tmp_path), "expected a model as transformers saves it")
