"""How the measurement plan of `05_measurement` is judged: by what it finds, and misses, in simulated cases."""

import math
from numbers import Real

import numpy as np

from edgelab.course.exercises import Mistake
from edgelab.measurement.load import open_latencies
from edgelab.stats.intervals import early_stopping_estimate, percentile_interval

MEASUREMENT_PLAN = {
    "release": {"load": "closed", "order": "interleaved", "process": "warm", "report": "ratio", "samples": 1000},
    "keyboard": {"load": "open", "order": "interleaved", "process": "warm", "report": "p99", "samples": 2000},
    "first answer": {"load": "closed", "order": "interleaved", "process": "fresh", "report": "p90", "samples": 80},
}
# What a sample takes (where two are compared, of both), in seconds, and how many seconds there are.
_COSTS = {"release": (0.02, 60), "keyboard": (0.1, 300), "first answer": (2.0, 300)}
_CHOICES = {
    "load": ("closed", "open"),
    "order": ("interleaved", "one after the other"),
    "process": ("warm", "fresh"),
    "report": ("mean", "p50", "p90", "p99", "ratio"),
}


def judge_plan(plan: dict) -> list[str]:
    """What goes wrong with a plan, question by question; empty if nothing does."""
    missing = [f"{name}: the plan says nothing of it" for name in _COSTS if name not in plan]
    return missing + [c for name in _COSTS if name in plan for c in _complaints(name, plan[name])]


def _complaints(name: str, plan: dict) -> list[str]:
    unknown = [f"{name}: {key} is one of {', '.join(c)}" for key, c in _CHOICES.items() if plan.get(key) not in c]
    number = plan.get("samples")
    if unknown or not (isinstance(number, Real) and float(number) >= 1):
        return unknown or [f"{name}: samples is a number from 1 on"]
    (cost, seconds), samples = _COSTS[name], int(plan["samples"])
    if samples * cost > seconds:
        return [f"{name}: {samples} samples take {samples * cost:g} s, there are {seconds}"]
    judge = {"release": _release, "keyboard": _keyboard, "first answer": _start}[name]
    complaint = judge(plan)
    return [complaint] if complaint else []


def _release(plan: dict) -> str:
    """A hundred releases, held out: half of them the same as before, half truly 5 % slower, on a machine that warms up."""
    if plan["process"] != "warm":
        return "release: requests come to an app that is open already: fresh processes measure its start"
    if plan["load"] != "closed":
        return "release: the question is about the model's work: on a schedule the queue's waiting would be in it"
    if plan["report"] != "ratio":
        return (
            "release: two numbers, each with its own error, do not say whether they differ: report the ratio of pairs"
        )
    rng, rounds = np.random.default_rng(20), max(1, int(plan["samples"]) // 10)
    false, found = 0, 0
    for truth in np.repeat([0.0, math.log(1.05)], 50):
        noise = rng.normal(0, 0.10, rounds)
        drift = 0.0 if plan["order"] == "interleaved" else rng.normal(0.04, 0.04)
        interval = percentile_interval(np.exp(truth + drift + noise), 50)
        if interval.low > 1 and truth == 0:
            false += 1
        elif interval.low > 1:
            found += 1
    if false > 5:
        return (
            f"release: of 50 releases that were no slower, {false} were stopped: the machine warmed up between the two"
        )
    return "" if found >= 40 else f"release: of 50 releases that were 5 % slower, {50 - found} went out"


def _keyboard(plan: dict) -> str:
    """An app that stalls now and then, held out: the plan must see that 1 of 100 keystrokes waits longer than promised."""
    if plan["process"] != "warm":
        return "keyboard: who types has had the keyboard open for a while: fresh processes measure its start"
    if plan["report"] != "p99":
        return f"keyboard: 99 of 100 keystrokes were promised; {plan['report']} says nothing of the slowest of 100"
    rng, samples = np.random.default_rng(21), int(plan["samples"])
    if not math.isfinite(early_stopping_estimate(np.ones(samples), 99)):
        return f"keyboard: {samples} samples bound no p99 with 99 % confidence"
    service = np.where(rng.random(samples) < 0.004, 900.0, 8.0)
    latencies = open_latencies(100.0 * np.arange(samples), service) if plan["load"] == "open" else service
    missed = np.percentile(latencies, 99) <= 50
    return "keyboard: people do not stop typing while it stalls; your numbers did not see their wait" if missed else ""


def _start(plan: dict) -> str:
    """The app's start, before and after a change: the plan must bound what 9 of 10 starts take."""
    if plan["process"] != "fresh":
        return "first answer: a warm process has paid for its start already"
    if plan["load"] != "closed":
        return "first answer: an app is opened when somebody opens it; starts do not queue up"
    if plan["report"] != "p90":
        return f"first answer: 9 of 10 starts were promised; {plan['report']} does not say that"
    if plan["order"] != "interleaved":
        return "first answer: old and new are compared; one after the other, other work falls on one of them"
    if not math.isfinite(early_stopping_estimate(np.ones(int(plan["samples"])), 90)):
        return f"first answer: {plan['samples']} samples bound no p90 with 99 % confidence"
    return ""


def _with(name: str, **changes: object) -> dict:
    return MEASUREMENT_PLAN | {name: MEASUREMENT_PLAN[name] | changes}


MISTAKES = (
    Mistake(
        "a hundred samples will do",
        _with("release", samples=100),
        "rounds_needed says how many: the spread is in the brief, and 10 samples make a round.",
    ),
    Mistake(
        "old first, then new",
        _with("release", order="one after the other"),
        "what changes with time must fall on both alike: interleave.",
    ),
    Mistake(
        "two means",
        _with("release", report="mean"),
        "the pairs carry the answer: a slow moment cancels in a ratio, not in two means.",
    ),
    Mistake(
        "a polite load",
        _with("keyboard", load="closed"),
        "who waits for each answer before asking again measures the work, not the wait.",
    ),
    Mistake(
        "too few for a p99",
        _with("keyboard", samples=300),
        "MLPerf's rule needs 662 samples before it speaks of a 99th percentile.",
    ),
    Mistake(
        "starts in a warm process",
        _with("first answer", process="warm"),
        "everything is loaded after the first time: start a process for each sample.",
    ),
    Mistake(
        "starts without end",
        _with("first answer", samples=500),
        "look at what a sample costs: the smallest number that bounds the percentile is enough.",
    ),
)
