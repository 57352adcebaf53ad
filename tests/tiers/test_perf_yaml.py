"""One `perf.yaml`: what is read, and how each fault is told."""

import copy

import pytest
import yaml

from edgelab.datasets.sources import DataError
from edgelab.tiers.perf_yaml import parse

LATENCY = {
    "job_status": "Passed",
    "inference_time_milliseconds": 335.303,
    "estimated_peak_memory_range_mb": {"min": 331, "max": 1042},
    "layer_counts": {"total": 480, "npu": 404, "cpu": 76},
    "tool_versions": {"qairt": "2.37.1.250807093845_124904", "onnx_runtime": "1.23.0"},
}
TOKENS = {
    "llm_metrics": [
        {
            "context_length": 4096,
            "time_to_first_token_range_milliseconds": {"min": 31.0, "max": 990.0},
            "tokens_per_second": 64.0,
        }
    ]
}


def perf(entry, runtime="onnx"):
    return {"precisions": {"w8a16": {"components": {"C": {"performance_metrics": {"S25": {runtime: entry}}}}}}}


def changed(path, value):
    """The good file with something else at the end of the path; None takes it away."""
    content = perf(copy.deepcopy(LATENCY))
    at = content
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return yaml.dump(content)


METRICS = ("precisions", "w8a16", "components", "C", "performance_metrics")
ENTRY = (*METRICS, "S25", "onnx")


def test_a_latency():
    (row,), tokens = parse(yaml.dump(perf(LATENCY)), "m")
    place = {"model": "m", "component": "C", "precision": "w8a16", "runtime": "onnx", "device": "S25"}
    memory = {"memory_mb": 1042.0, "memory_min_mb": 331.0}
    assert row == place | memory | {"qairt": "2.37.1", "latency_ms": 335.303, "npu": 404, "gpu": 0, "cpu": 76}
    assert tokens == []


def test_tokens_a_second():
    latencies, (row,) = parse(yaml.dump(perf(TOKENS, "genie")), "m")
    assert latencies == []
    assert (row["runtime"], row["tokens_per_s"], row["context_tokens"]) == ("genie", 64.0, 4096)
    assert (row["first_token_ms"], row["first_token_full_context_ms"]) == (31.0, 990.0)


def test_a_run_without_the_vendors_library():
    (row,), _ = parse(changed((*ENTRY, "tool_versions"), {"onnx_runtime": "1.23.0"}), "m")
    assert row["qairt"] == "none"
    (row,), _ = parse(changed((*ENTRY, "tool_versions"), None), "m")
    assert row["qairt"] == "none"


def test_failed_jobs_and_entries_without_figures_are_left_out():
    assert parse(changed((*ENTRY, "job_status"), "Failed"), "m") == ([], [])
    assert parse(changed((*ENTRY, "inference_time_milliseconds"), None), "m") == ([], [])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("precisions: [", "m, perf.yaml, line 2: expected YAML"),
        ("a: b: c", "m, perf.yaml, line 1: expected YAML"),
        ("\x00", "m, perf.yaml: expected YAML"),
        ("", "m, perf.yaml: expected a mapping, found 'None'"),
        ("- 1", "m, perf.yaml: expected a mapping, found '[1]'"),
        ("{}", "m, perf.yaml: expected 'precisions', found nothing"),
        ("models: {}", "m, perf.yaml: expected 'precisions', found models"),
        (changed(("precisions", "w8a16"), "x"), "w8a16: expected a mapping, found 'x'"),
        (changed(METRICS, None), "w8a16, C: expected 'performance_metrics', found nothing"),
        (changed(ENTRY, 3), "w8a16, C, S25, onnx: expected a mapping, found '3'"),
        (changed((*ENTRY, "inference_time_milliseconds"), "slow"), "inference_time_milliseconds: expected a number"),
        (changed((*ENTRY, "inference_time_milliseconds"), float("nan")), "expected a number from 0, found 'nan'"),
        (changed((*ENTRY, "inference_time_milliseconds"), float("inf")), "expected a number from 0, found 'inf'"),
        (changed((*ENTRY, "inference_time_milliseconds"), -1), "expected a number from 0, found '-1'"),
        (changed((*ENTRY, "inference_time_milliseconds"), True), "expected a number from 0, found 'True'"),
        (changed((*ENTRY, "layer_counts"), None), "S25: expected 'layer_counts'"),
        (changed((*ENTRY, "layer_counts", "total"), None), "total layers: expected a number from 0, found 'None'"),
        (changed((*ENTRY, "layer_counts", "npu"), 403), "expected layers that sum to their total of 480"),
        (changed((*ENTRY, "estimated_peak_memory_range_mb", "max"), None), "most memory: expected a number"),
        (yaml.dump(perf({"llm_metrics": 3})), "llm_metrics: expected a list, found '3'"),
        (yaml.dump(perf({"llm_metrics": [{}]})), "expected 'time_to_first_token_range_milliseconds', found nothing"),
    ],
)
def test_a_fault_is_told_in_one_line_with_its_place(text, said):
    with pytest.raises(DataError) as caught:
        parse(text, "m")
    assert said in str(caught.value) and "\n" not in str(caught.value)


LAUGHS = "\n".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9) if i else 'x'}]" for i in range(12))
MERGED = "\n".join(
    f"a{i}: &a{i} {{{'<<: [' + ', '.join([f'*a{i - 1}'] * 9) + ']' if i else 'x: 1'}}}" for i in range(12)
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 50_000, "at most 1000 levels"),  # libyaml would end the process
        ("- " * 50_000 + "x", "at most 1000 levels"),
        (LAUGHS + "\nprecisions: *a11", "expected a mapping, found"),  # of terabytes, written out
        (MERGED, "'tag:yaml.org,2002:merge'"),
        ("precisions: 2001-99-99", "month must be in 1..12"),
        ("precisions: !!int ''", "expected YAML"),
        (yaml.dump({"precisions": {8: {"components": {"C": {"performance_metrics": {"S": {"onnx": {}}}}}}}}), "expected names"),
        (changed(("precisions", "w8a16", "components", "C", "performance_metrics", "S25", "onnx",
                  "inference_time_milliseconds"), 10**400), "expected a number from 0"),
    ],
)  # fmt: skip
def test_what_would_hang_or_crash_is_refused(text, message):
    with pytest.raises(DataError, match=message):
        parse(text, "m")
