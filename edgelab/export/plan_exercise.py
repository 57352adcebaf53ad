"""The design of `03_export`: on which device which file; and what a fixed length costs: `battery`.

The phones' requests are made up: lengths of a lognormal distribution, one sample to choose by, another to be judged on.
"""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from edgelab.course.exercises import Checks, Mistake
from edgelab.export.by_hand import battery

if TYPE_CHECKING:
    import pandas as pd

MOST = 1.03  # times the battery of the best length, on the judge's requests


@functools.cache
def requested(held_out: bool = False) -> np.ndarray:
    """How many tokens the iPhone's requests have."""
    rng, number = np.random.default_rng(2 if held_out else 1), 4000 if held_out else 400
    drawn = np.exp(rng.normal(np.log(12), 0.6, number))
    return np.clip(np.round(drawn), 3, 100).astype(int)


# --- battery ---------------------------------------------------------------------------------------


def _logs(rng: np.random.Generator) -> Iterator[tuple]:
    for number, tokens in ((5, 20), (40, 32), (200, 12)):
        yield rng.integers(3, 60, number), tokens
    yield np.array([8, 8, 9]), 8  # exactly as long as the file
    yield rng.integers(20, 40, 6), 16  # none fits
    yield rng.integers(3, 9, 6), 16  # all fit
    yield rng.integers(3, 60, 1), 30


BATTERY = (
    Mistake(
        "no padding on the accelerator",
        lambda lengths, tokens: float(np.mean(np.where(lengths <= tokens, lengths, 3 * lengths))),
        "what fits is padded to the file's length, and the padding is computed as well.",
    ),
    Mistake(
        "padded on the CPU",
        lambda lengths, tokens: float(np.where(lengths <= tokens, tokens, 3 * np.maximum(lengths, tokens * 2)).mean()),
        "the CPU's file is open: it computes the request's own tokens.",
    ),
    Mistake(
        "the file's length on the CPU",
        lambda lengths, tokens: float(np.mean(np.where(lengths <= tokens, tokens, 3 * tokens))),
        "on the CPU the request's own length counts, which is longer than the file's.",
    ),
    Mistake(
        "an equal one does not fit",
        lambda lengths, tokens: float(np.where(lengths < tokens, tokens, 3 * lengths).mean()),
        "a request that is exactly as long as the file fits.",
    ),
    Mistake(
        "the CPU as cheap",
        lambda lengths, tokens: float(np.mean(np.where(lengths <= tokens, tokens, lengths))),
        "a token costs three units on the CPU.",
    ),
    Mistake(
        "the sum",
        lambda lengths, tokens: float(np.where(lengths <= tokens, tokens, 3 * lengths).sum()),
        "the cost of ONE request is asked for, on average.",
    ),
    Mistake(
        "those that fit alone",
        lambda lengths, tokens: float(np.where(lengths <= tokens, tokens, 0).mean()),
        "a request that does not fit is not refused: it costs battery on the CPU.",
    ),
    Mistake(
        "sides exchanged",
        lambda lengths, tokens: float(np.where(lengths <= tokens, 3 * lengths, tokens).mean()),
        "what FITS runs on the accelerator.",
    ),
)

# --- export_plan -----------------------------------------------------------------------------------


class _Device(NamedTuple):
    """What a device has: the opsets its runtime reads, where a graph can run."""

    opset: int
    runs_on: tuple[str, ...]


_DEVICES = {
    "iphone": _Device(22, ("CPU", "CoreML")),
    "android": _Device(19, ("CPU", "NNAPI")),
    "hub": _Device(22, ("CPU",)),
}
_PLACES, _OPSETS = ("CPU", "CoreML", "NNAPI"), (19, 20)
# (device, requests at once, tokens of the longest); the iPhone's are `requested`
_REQUESTS = (("android", 1, 12), ("android", 1, 40), ("hub", 1, 5), ("hub", 8, 100))
EXPORT_PLAN = {
    "iphone": {"runs_on": "CoreML", "shapes": (1, 20), "opset": 20},
    "android": {"runs_on": "CPU", "shapes": "open", "opset": 19},
    "hub": {"runs_on": "CPU", "shapes": "open", "opset": 20},
}


def _whole(value: Any) -> bool:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool | np.bool_)
    return number and float(value).is_integer()


def _unreadable(file: Any) -> str:
    """What is not of the form that the exercise asks for; empty if all is."""
    if not isinstance(file, dict) or file.keys() != {"runs_on", "shapes", "opset"}:
        return f"expected runs_on, shapes and opset, found {', '.join(map(str, file)) if isinstance(file, dict) else file!r}"
    if not isinstance(file["runs_on"], str) or file["runs_on"] not in _PLACES:
        return f"runs_on: expected {', '.join(_PLACES)}, found {file['runs_on']!r}"
    shapes = file["shapes"]
    if isinstance(shapes, str):
        fine = shapes == "open"
    else:
        fine = (
            isinstance(shapes, list | tuple | np.ndarray)
            and len(shapes) == 2
            and all(_whole(n) and n > 0 for n in shapes)
        )
    if not fine:
        return f'shapes: expected "open" or (batch, tokens), as in (1, 7), found {shapes!r}'
    return (
        ""
        if _whole(file["opset"]) and file["opset"] in _OPSETS
        else f"opset: expected 19 or 20, found {file['opset']!r}"
    )


def _is_open(file: dict) -> bool:
    return isinstance(file["shapes"], str)


def _fits_runtime(device: str, file: dict) -> str:
    has, where = _DEVICES[device], file["runs_on"]
    if file["opset"] > has.opset:
        return f"{device}: its runtime reads opsets up to {has.opset} and refuses the file"
    if where not in has.runs_on:
        return f"{device}: it has no {where}, so all runs on the CPU, silently"
    if where == "NNAPI":
        return f"{device}: NNAPI takes the graph in three partitions, and data goes to and fro"
    if where == "CoreML" and _is_open(file):
        return f"{device}: {where} takes no node of open shape, so all runs on the CPU, silently"
    return ""


def _iphone(file: dict) -> str:
    if file["runs_on"] == "CPU":
        return "iphone: the accelerator stays unused"
    batch, tokens = file["shapes"]
    if batch != 1:
        return f"iphone: requests come one at a time, and a file fixed to {batch} at once refuses one"
    best = min(battery(requested(True), each) for each in range(1, 129))
    more = battery(requested(True), tokens) / best - 1
    if more <= MOST - 1:
        return ""
    why = (
        "most of it is padding"
        if battery(requested(True), tokens + 1) > battery(requested(True), tokens)
        else "too many do not fit"
    )
    return f"iphone: with {tokens} tokens it takes {more:.0%} more battery than with the best length; {why}"


def _served(device: str, file: dict, batch: int, tokens: int) -> str:
    """What goes wrong when this device gets such a request; empty if nothing does."""
    if _is_open(file):
        return ""
    request = f"{device}, {batch} request{'s' if batch > 1 else ''} of {tokens} tokens at once"
    fixed_batch, fixed_tokens = file["shapes"]
    if batch != fixed_batch or tokens > fixed_tokens:
        return f"{request}: a file fixed to {fixed_batch} x {fixed_tokens} refuses it"
    return f"{request}: {fixed_tokens} tokens are computed on the CPU" if fixed_tokens > tokens else ""


def judge_plan(plan: dict) -> list[str]:
    """What goes wrong with a plan, on requests that its author has not seen."""
    faults = {device: _unreadable(plan[device]) for device in _DEVICES if device in plan}
    faults |= {device: "the plan says nothing of it" for device in _DEVICES if device not in plan}
    faults |= {str(name): "the brief has no such device" for name in plan if name not in _DEVICES}
    if any(faults.values()):
        return [f"{device}: {fault}" for device, fault in faults.items() if fault]
    unfit = {device: _fits_runtime(device, plan[device]) for device in _DEVICES}
    complaints = [*unfit.values(), "" if unfit["iphone"] else _iphone(plan["iphone"])]
    complaints += [_served(device, plan[device], *asked) for device, *asked in _REQUESTS if not unfit[device]]
    return list(dict.fromkeys(filter(None, complaints)))


def outcome(plan: dict) -> "pd.DataFrame":
    """What a plan that passed comes to on the judge's requests, beside other lengths."""
    import pandas as pd

    found = requested(True)
    rows = {"yours": int(plan["iphone"]["shapes"][1]), "the median": int(np.median(requested())), "the usual 32": 32}
    rows |= {"product's 64": 64, "the longest so far": int(requested().max())}
    best = min(battery(found, each) for each in range(1, 129))
    told = {name: (n, f"{(found <= n).mean():.0%}", f"{battery(found, n) / best - 1:.0%}") for name, n in rows.items()}
    return pd.DataFrame.from_dict(
        told, orient="index", columns=["tokens", "of the requests fit", "more battery than the best"]
    )


def _with(device: str, **changes: object) -> dict:
    return EXPORT_PLAN | {device: EXPORT_PLAN[device] | changes}


MISTAKES = (
    Mistake(
        "open shapes for all",
        _with("iphone", shapes="open"),
        "CoreML takes the graph only with fixed shapes: the preflight table shows it.",
    ),
    Mistake(
        "what product wrote",
        _with("iphone", shapes=(1, 64)),
        "with 64 nearly everything fits, and nearly everything is padding: where is the curve's lowest point?",
    ),
    Mistake(
        "the usual 32",
        _with("iphone", shapes=(1, 32)),
        "32 was the length that this notebook tried: choose by the phone's own requests.",
    ),
    Mistake(
        "the median",
        _with("iphone", shapes=(1, 12)),
        "with the median half of all requests run on the CPU, at three times the price a token.",
    ),
    Mistake(
        "the longest so far",
        _with("iphone", shapes=(1, 77)),
        "one long request in four hundred need not set the length for all: it may run on the CPU.",
    ),
    Mistake(
        "the accelerator left out",
        _with("iphone", runs_on="CPU", shapes="open"),
        "the brief leaves no choice here: CoreML, and then with the shapes that it takes.",
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
)


def register(check: Checks) -> None:
    """Add both to a notebook's registry."""
    check.function(
        battery,
        cases=_logs,
        nudge="Which requests fit? Each of those costs the file's length; each of the others three times its own.",
        mistakes=BATTERY,
    )
    check.design(
        "export_plan",
        EXPORT_PLAN,
        judge=judge_plan,
        nudge="For each device: what must it use, what does its runtime read, how do its requests come? The preflight table "
        "says what CoreML and NNAPI take, the curve which length saves battery.",
        mistakes=MISTAKES,
    )
