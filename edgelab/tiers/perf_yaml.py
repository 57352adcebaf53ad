"""Reading one `perf.yaml` of the public table: nested by precision, component, device and runtime."""

import re
import reprlib
from collections.abc import Iterator
from typing import Any

from edgelab.bundle.manifest import is_number, is_text
from edgelab.datasets.sources import DataError

UNITS = ("npu", "gpu", "cpu")
DEEPEST = 1000  # levels; the public tables have ten
NO_LIBRARY = "none"  # the run names no version of the vendor's library


def parse(text: str, model: str) -> tuple[list[dict], list[dict]]:
    """The measurements of a model: (rows of latency, rows of tokens a second).

    Jobs that failed have no figures and are left out.

    Raises:
        DataError: it is no YAML, or a level, a number or a count is missing; the message names the place.
    """
    import yaml

    class Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """YAML of plain values, without `<<`: what it brings is copied, over and over, and the public tables have none."""

        def flatten_mapping(self, node: Any) -> None:
            """Leaves a `<<` where it is: it is refused as a key that nothing is made of."""

    if _is_too_deep(text):  # libyaml would end the whole process
        raise DataError(f"{model}, perf.yaml: expected YAML of at most {DEEPEST} levels, found more")
    try:
        content = yaml.load(text, Loader)
    except (ValueError, IndexError, RecursionError) as error:  # a date that no calendar has, a number without digits
        raise DataError(f"{model}, perf.yaml: expected YAML: {' '.join(str(error).split())[:200]}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        raise DataError(
            f"{model}, perf.yaml{line}: expected YAML: {getattr(error, 'problem', None) or str(error).splitlines()[0]}"
        ) from None
    latencies, tokens = [], []
    for place, entry in _entries(content, f"{model}, perf.yaml"):
        row = {"model": model, **place}
        where = ", ".join((f"{model}, perf.yaml", *place.values()))
        if entry.get("job_status", "Passed") == "Passed" and "inference_time_milliseconds" in entry:
            latencies.append(row | _latency(entry, where))
        elif "llm_metrics" in entry:
            tokens += [row | _tokens(found, where) for found in _list(entry["llm_metrics"], f"{where}, llm_metrics")]
    return latencies, tokens


def _is_too_deep(text: str) -> bool:
    """Whether brackets, or a line's own beginning, open more levels than any such file has."""
    depth = 0
    for bracket in re.findall(r"[\[\]{}]", text):
        depth += 1 if bracket in "[{" else -1
        if depth > DEEPEST:
            return True
    return re.search(f"(?m)^[ ?:-]{{{DEEPEST}}}", text) is not None


def _entries(content: object, where: str) -> Iterator[tuple[dict[str, str], dict]]:
    for precision, found in _key(content, "precisions", where).items():
        for component, metrics in _key(found, "components", f"{where}, {precision}").items():
            at = f"{where}, {precision}, {component}"
            for device, by_runtime in _key(metrics, "performance_metrics", at).items():
                for runtime, entry in _mapping(by_runtime, f"{at}, {device}").items():
                    place = {"component": component, "precision": precision, "runtime": runtime, "device": device}
                    if not all(map(is_text, place.values())):
                        raise DataError(f"{where}: expected names, found {reprlib.repr(place)}")
                    yield place, _mapping(entry, f"{at}, {device}, {runtime}")


def _latency(entry: dict, where: str) -> dict[str, Any]:
    memory = _key(entry, "estimated_peak_memory_range_mb", where)
    counts = _key(entry, "layer_counts", where)
    tools = _mapping(entry.get("tool_versions") or {}, f"{where}, tool_versions")
    layers = {unit: int(_number(counts.get(unit, 0), f"{where}, layers on {unit}")) for unit in UNITS}
    total = int(_number(counts.get("total"), f"{where}, total layers"))
    if sum(layers.values()) != total:
        raise DataError(f"{where}: expected layers that sum to their total of {total}, found {layers}")
    return {
        "qairt": ".".join(str(tools.get("qairt", NO_LIBRARY)).split(".")[:3]),  # without the build's number
        "latency_ms": _number(entry["inference_time_milliseconds"], f"{where}, inference_time_milliseconds"),
        "memory_mb": _number(memory.get("max"), f"{where}, most memory"),
        "memory_min_mb": _number(memory.get("min"), f"{where}, least memory"),
        **layers,
    }


def _tokens(found: object, where: str) -> dict[str, Any]:
    entry = _mapping(found, f"{where}, llm_metrics")
    first = _key(entry, "time_to_first_token_range_milliseconds", where)
    return {
        "tokens_per_s": _number(entry.get("tokens_per_second"), f"{where}, tokens_per_second"),
        "first_token_ms": _number(first.get("min"), f"{where}, time to first token"),
        "first_token_full_context_ms": _number(first.get("max"), f"{where}, time to first token"),
        "context_tokens": int(_number(entry.get("context_length"), f"{where}, context_length")),
    }


def _key(value: object, key: str, where: str) -> dict:
    found = _mapping(value, where)
    if key not in found:
        raise DataError(f"{where}: expected {key!r}, found {', '.join(map(_shown, found))[:200] or 'nothing'}")
    return _mapping(found[key], f"{where}, {key}")


def _mapping(value: object, where: str) -> dict:
    if not isinstance(value, dict):
        raise DataError(f"{where}: expected a mapping, found {_shown(value)!r}")
    return value


def _list(value: object, where: str) -> list:
    if not isinstance(value, list):
        raise DataError(f"{where}: expected a list, found {_shown(value)!r}")
    return value


def _number(value: object, where: str) -> float:
    if not is_number(value) or value < 0:  # type: ignore[operator]
        raise DataError(f"{where}: expected a number from 0, found {_shown(value)!r}")
    return float(value)  # type: ignore[arg-type]


def _shown(value: object) -> str:
    """A value as text, cut short before it is made: aliases may stand for more than any memory holds."""
    return str(value)[:40] if isinstance(value, str | int | float | None) else reprlib.repr(value)[:40]
