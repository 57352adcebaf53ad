"""A request as a call: {"tool": ..., slot: value, ...}, the schema that holds a generator to it, and what is compared."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgelab.datasets.dataset import Split
from edgelab.datasets.slots import Span, slot_values

MOST_CHARACTERS, MOST_VALUES = 60, 3  # of a value, of a slot: without bounds an answer may go on until it is cut
OUTER = " .,!?;:'\""  # what `slots.exact_match` does not count, either
Key = tuple[str, tuple[tuple[str, str], ...]]


def tools_of(split: Split) -> dict[str, list[str]]:
    """Each label with the slots that occur with it."""
    found: dict[str, set[str]] = {label: set() for label in split.labels}
    for label, spans in zip(split.labels, split.spans or (), strict=True):
        found[label].update(span.name for span in spans)
    return {label: sorted(found[label]) for label in sorted(found)}


def call_of(label: str, text: str, spans: tuple[Span, ...]) -> dict[str, Any]:
    """The call that a marked request stands for; a slot said more than once has a list.

    Slots stand in the order of `call_schema`, whatever was said first: guided decoding keeps to the schema's order, and a
    generator that learned another from its examples begins with the last slot and can write no other.
    """
    values = sorted(slot_values(text, spans).items())
    return {"tool": label, **{name: said[0] if len(said) == 1 else said for name, said in values}}


def as_json(value: Any) -> str:
    """A value as one line without white space between values: what guided decoding writes, too."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def call_schema(tools: Mapping[str, Sequence[str]]) -> dict:
    """The JSON schema of a call of any of these tools, each with its own slots in alphabetical order, none
    of them required."""
    value = {"type": "string", "maxLength": MOST_CHARACTERS}
    several = {"type": "array", "items": value, "minItems": 2, "maxItems": MOST_VALUES}
    return {
        "$defs": {"value": {"anyOf": [value, several]}},
        "anyOf": [
            {
                "type": "object",
                "properties": {"tool": {"const": tool}, **{slot: {"$ref": "#/$defs/value"} for slot in slots}},
                "required": ["tool"],
                "additionalProperties": False,
            }
            for tool, slots in tools.items()
        ],
    }


def call_faults(text: str, schema: dict) -> str:
    """Why a text is no call that the schema allows; empty where it is one."""
    from jsonschema import Draft202012Validator

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return f"expected JSON, found {text[:60]!r}"
    error = next(Draft202012Validator(schema).iter_errors(value), None)
    return "" if error is None else error.message


def call_key(call: Mapping[str, Any]) -> Key:
    """What two calls are compared by: the tool, and every slot with its value, as `slots.exact_match` compares them."""
    pairs = [
        (slot, str(each).lower().strip(OUTER))
        for slot, said in call.items()
        if slot != "tool"
        for each in (said if isinstance(said, list) else [said])
    ]
    return str(call.get("tool")), tuple(sorted(pairs))


def read_call(text: str) -> dict[str, Any]:
    """What a generator wrote as a call; an empty one where it is no JSON object."""
    try:
        call = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return call if isinstance(call, dict) else {}
