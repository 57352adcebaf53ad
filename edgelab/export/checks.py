"""The exercises of `03_export`."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.placement import partitions
from edgelab.export.runtimes import agreement, to_bfloat16

check = Checks()


# --- agreement ----------------------------------------------------------------------------------


def _logits(rng: np.random.Generator) -> Iterator[tuple]:
    for texts, labels in ((5, 3), (60, 27)):
        a = rng.normal(scale=2, size=(texts, labels))
        b = a - np.abs(rng.normal(scale=0.8, size=a.shape))
        yield a, b
        yield b, a  # whichever way the difference is taken, its sign is wrong once


check.function(
    agreement,
    cases=_logits,
    nudge="Two numbers: the worst absolute difference of any logit, and how often both have the same largest logit.",
    mistakes=(
        Mistake(
            "signs kept",
            lambda a, b: (float((b - a).max()), float(np.mean(a.argmax(1) == b.argmax(1)))),
            "a difference of -5 is worse than one of 0.1: take absolute values before the maximum.",
        ),
        Mistake(
            "signs kept, the other way round",
            lambda a, b: (float((a - b).max()), float(np.mean(a.argmax(1) == b.argmax(1)))),
            "where b is the larger, a - b is negative and never the maximum: take absolute values first.",
        ),
        Mistake(
            "mean instead of maximum",
            lambda a, b: (float(np.abs(a - b).mean()), float(np.mean(a.argmax(1) == b.argmax(1)))),
            "a mean hides the one logit that is far off: take the maximum.",
        ),
        Mistake(
            "labels counted",
            lambda a, b: (float(np.abs(a - b).max()), float(np.sum(a.argmax(1) == b.argmax(1)))),
            "a share lies between 0 and 1: divide the count by the number of texts.",
        ),
        Mistake(
            "the labels that differ",
            lambda a, b: (float(np.abs(a - b).max()), float(np.mean(a.argmax(1) != b.argmax(1)))),
            "that is the share of texts whose label differs: return the share that agrees.",
        ),
        Mistake(
            "argmax over the texts",
            lambda a, b: (float(np.abs(a - b).max()), float(np.mean(a.argmax(0) == b.argmax(0)))),
            "each row is one text: its label is the argmax along axis 1.",
        ),
        Mistake(
            "logits compared, not labels",
            lambda a, b: (float(np.abs(a - b).max()), float(np.mean(np.isclose(a, b)))),
            "the second number is about labels: two runtimes may differ in every logit and still agree on all labels.",
        ),
    ),
)


# --- partitions ---------------------------------------------------------------------------------


def _placements(rng: np.random.Generator) -> Iterator[tuple]:
    for nodes, names in ((6, ["npu", "cpu"]), (25, ["npu", "cpu", "gpu"]), (9, ["cpu", "gpu"])):
        yield rng.choice(names, nodes).tolist(), "npu"
    yield ["npu"] * int(rng.integers(2, 9)) + ["cpu"], "npu"


check.function(
    partitions,
    cases=_placements,
    nudge="A partition is a stretch of neighbouring nodes on the target: how many such stretches begin?",
    mistakes=(
        Mistake(
            "nodes counted",
            lambda providers, target: sum(p == target for p in providers),
            "that counts the target's nodes: neighbours on the same target make one partition.",
        ),
        Mistake(
            "changes counted",
            lambda providers, target: sum(a != b for a, b in zip(providers, providers[1:], strict=False)),
            "a change may also lead away from the target, or between two others: count the stretches of the target only.",
        ),
        Mistake(
            "the first stretch forgotten",
            lambda providers, target: sum(b == target != a for a, b in zip(providers, providers[1:], strict=False)),
            "a stretch that begins with the very first node counts too.",
        ),
        Mistake(
            "all stretches",
            lambda providers, target: 1 + sum(a != b for a, b in zip(providers, providers[1:], strict=False)),
            "the stretches of the other providers are not partitions of the target.",
        ),
    ),
)


# --- to_bfloat16 --------------------------------------------------------------------------------


def _floats(rng: np.random.Generator) -> Iterator[tuple]:
    yield (rng.uniform(1, 100, 3).astype(np.float32),)  # few enough to be shown
    for shape in ((40,), (6, 9)):
        yield ((rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7, shape)).astype(np.float32),)
    # Exactly half-way between two neighbours, the even one below, then above.
    yield (np.float32(rng.integers(1, 9)) * np.array([1 + 2**-8, 1 + 3 * 2**-8, -1 - 5 * 2**-8], dtype=np.float32),)


def _cut(values: np.ndarray) -> np.ndarray:
    return (np.ascontiguousarray(values).view(np.uint32) & np.uint32(0xFFFF0000)).view(np.float32)


def _half_up(values: np.ndarray) -> np.ndarray:
    bits = np.ascontiguousarray(values).view(np.uint32) + np.uint32(0x8000)
    return (bits & np.uint32(0xFFFF0000)).view(np.float32)


check.function(
    to_bfloat16,
    cases=_floats,
    nudge="Work on the bits: values.view(np.uint32), add what rounds, clear the lower 16 bits, view as float32 again.",
    mistakes=(
        Mistake(
            "cut off",
            _cut,
            "clearing the lower bits cuts towards zero: first add 0x7FFF plus the lowest bit that stays.",
        ),
        Mistake(
            "half up",
            _half_up,
            "0x8000 rounds every tie away from zero: 0x7FFF plus the lowest bit that stays rounds it to the even one.",
        ),
        Mistake(
            "the other 16 bits",
            lambda values: values.astype(np.float16).astype(np.float32),
            "that is float16: 5 bits of exponent, overflow at 65,504. bfloat16 keeps all 8 of float32's.",
        ),
        Mistake(
            "bits of integers",
            lambda values: values.astype(np.uint32).astype(np.float32),
            "astype converts the value and drops its fraction: view reads the same bits as another type.",
        ),
    ),
    rtol=1e-6,
    atol=0.0,
)


# --- export_plan --------------------------------------------------------------------------------


class _Device(NamedTuple):
    """What a device has: the opsets its runtime reads, where a graph can run, how many tokens it may compute at most for
    one request (None: no more than the request has), whether it must use its accelerator."""

    opset: int
    runs_on: tuple[str, ...]
    computes: int | None
    accelerated: bool


_DEVICES = {
    "iphone": _Device(22, ("CPU", "CoreML"), computes=64, accelerated=True),
    "android": _Device(19, ("CPU", "NNAPI"), computes=None, accelerated=False),
    "hub": _Device(22, ("CPU",), computes=None, accelerated=False),
}
_PLACES, _OPSETS = ("CPU", "CoreML", "NNAPI"), (19, 20)
# (device, requests at once, tokens of the longest)
_REQUESTS = (
    ("iphone", 1, 6),
    ("iphone", 1, 40),
    ("android", 1, 12),
    ("android", 1, 40),
    ("hub", 1, 5),
    ("hub", 8, 100),
)
EXPORT_PLAN = {
    "iphone": {"runs_on": "CoreML", "shapes": (1, 48), "opset": 20},
    "android": {"runs_on": "CPU", "shapes": "open", "opset": 19},
    "hub": {"runs_on": "CPU", "shapes": "open", "opset": 20},
}


def _deploy(device: str, file: dict, batch: int, tokens: int) -> str:
    """What goes wrong when this device gets such a request; empty if nothing does."""
    has, where, shapes = _DEVICES[device], file["runs_on"], file["shapes"]
    request = f"{device}, {batch} request{'s' if batch > 1 else ''} of {tokens} tokens at once"
    if file["opset"] > has.opset:
        return f"{device}: its runtime reads opsets up to {has.opset} and refuses the file"
    if where not in has.runs_on:
        return f"{device}: it has no {where}, so all runs on the CPU, silently"
    if has.accelerated and where == "CPU":
        return f"{device}: the accelerator stays unused"
    if where == "NNAPI":
        return f"{device}: NNAPI takes the graph in three partitions, and data goes to and fro"
    if shapes == "open":
        return (
            "" if where == "CPU" else f"{device}: {where} takes no node of open shape, so all runs on the CPU, silently"
        )
    if batch != shapes[0] or tokens > shapes[1]:
        return f"{request}: a file fixed to {tuple(shapes)} takes exactly {shapes[0]} at once, of at most {shapes[1]} tokens"
    if shapes[1] > (has.computes or tokens):
        return f"{request}: {shapes[1]} tokens are computed, {shapes[1] - tokens} of them padding"
    return ""


def _unreadable(file: Any) -> str:
    """What is not of the form that the exercise asks for; empty if all is."""
    if not isinstance(file, dict) or file.keys() != {"runs_on", "shapes", "opset"}:
        return f"expected runs_on, shapes and opset, found {', '.join(map(str, file)) if file else 'nothing'}"
    if file["runs_on"] not in _PLACES:
        return f"runs_on: expected {', '.join(_PLACES)}, found {file['runs_on']!r}"
    shapes = file["shapes"]
    fixed = isinstance(shapes, list | tuple) and len(shapes) == 2 and all(type(n) is int and n > 0 for n in shapes)
    if shapes != "open" and not fixed:
        return f'shapes: expected "open" or (batch, tokens), as in (1, 7), found {shapes!r}'
    return "" if file["opset"] in _OPSETS else f"opset: expected 19 or 20, found {file['opset']!r}"


def _judge_plan(plan: dict) -> list[str]:
    faults = {device: _unreadable(plan[device]) for device in _DEVICES if device in plan}
    faults |= {device: "the plan says nothing of it" for device in _DEVICES if device not in plan}
    if any(faults.values()):
        return [f"{device}: {faults[device]}" for device in _DEVICES if faults[device]]
    complaints = [_deploy(device, plan[device], batch, tokens) for device, batch, tokens in _REQUESTS]
    return list(dict.fromkeys(filter(None, complaints)))


def _with(device: str, **changes: object) -> dict:
    return EXPORT_PLAN | {device: EXPORT_PLAN[device] | changes}


check.design(
    "export_plan",
    EXPORT_PLAN,
    judge=_judge_plan,
    nudge="For each device: what must it use, what does its runtime read, how do its requests come? The preflight table "
    "says what CoreML and NNAPI take.",
    mistakes=(
        Mistake(
            "open shapes for all",
            _with("iphone", shapes="open"),
            "CoreML takes the graph only with fixed shapes: the preflight table shows it.",
        ),
        Mistake(
            "the longest request cut",
            _with("iphone", shapes=(1, 32)),
            "the fixed length must hold the longest request that the brief promises.",
        ),
        Mistake(
            "the accelerator left out",
            _with("iphone", runs_on="CPU", shapes="open"),
            "the brief leaves no choice here: CoreML, and then with the shapes that it takes.",
        ),
        Mistake(
            "the model's longest everywhere",
            _with("iphone", shapes=(1, 128)),
            "every request is padded to the fixed length: choose it just above the longest one that comes.",
        ),
        Mistake(
            "an accelerator because it is there",
            _with("android", runs_on="NNAPI", shapes=(1, 48)),
            "usable is not useful: read NNAPI's row, partitions and verdict, before you leave the CPU.",
        ),
        Mistake(
            "the newest opset for all",
            _with("android", opset=20),
            "one of the apps carries an older runtime: a file may be older than its reader, never newer.",
        ),
        Mistake(
            "one request at a time in the hub",
            _with("hub", shapes=(1, 128)),
            "the hub's requests come together and vary in length: on a CPU, open shapes cost nothing.",
        ),
        Mistake(
            "the hub's largest request fixed",
            _with("hub", shapes=(8, 100)),
            "up to 8 at once means 1 as well, and a fixed file takes 8 or none: a CPU can take open shapes.",
        ),
        Mistake(
            "fixed shapes on a CPU",
            _with("android", shapes=(1, 40)),
            "fixed shapes are the accelerators' demand. On a CPU they only add padding: leave the sizes open.",
        ),
    ),
)
