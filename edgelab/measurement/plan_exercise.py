"""How the measurement plan of `05_measurement` is judged: by what it finds, and misses, in a thousand simulated cases."""

import math
from functools import cache
from numbers import Real
from statistics import NormalDist

import numpy as np

from edgelab.course.compare import show
from edgelab.course.exercises import Checks, Mistake
from edgelab.stats.binomial import binomial_bounds
from edgelab.stats.intervals import early_stopping_estimate

MEASUREMENT_PLAN = {
    "release": {"load": "closed", "order": "interleaved", "process": "warm", "report": "ratio", "samples": 1000},
    "keyboard": {"load": "open", "order": "interleaved", "process": "warm", "report": "p99", "samples": 670},
    "first answer": {"load": "closed", "order": "interleaved", "process": "fresh", "report": "p90", "samples": 65},
}
SECONDS = {
    "release": 0.05,
    "keyboard": 0.1,
    "first answer": 2.0,
}  # that a sample takes; where two are compared, of both
BENCH_S = 250  # for all three together
_CHOICES = {
    "load": ("closed", "open"),
    "order": ("interleaved", "one after the other"),
    "process": ("warm", "fresh"),
    "report": ("mean", "p50", "p90", "p99", "ratio"),
}
CASES = 1000
SPREAD, SLOWER, ROUND = 0.10, 0.05, 10  # of the releases: a round is ten samples
MOST_ROUNDS = 300


def pilot() -> np.ndarray:
    """The brief's pilot: ratios of rounds whose logarithms are normal, with a spread of 0.10, and no chance in them."""
    shares = np.linspace(0, 1, 401).clip(0.001, 0.999)  # the 10th percentile is one of them, and the 90th
    return np.exp([NormalDist(0, SPREAD).inv_cdf(share) for share in shares.tolist()])


@cache
def went_out() -> np.ndarray:
    """Of a thousand releases that are truly 5 % slower, how many are not stopped by a race of so many rounds, or of a few
    more: [rounds], from 0 on. A median's interval may be wider with one round more; a longer race is not to look worse."""
    rng = np.random.default_rng(20)
    ratios = (1 + SLOWER) * np.exp(rng.normal(0, SPREAD, (CASES, MOST_ROUNDS)))
    missed = np.full(MOST_ROUNDS + 1, CASES)
    for rounds in range(6, MOST_ROUNDS + 1):
        low, _ = binomial_bounds(rounds, 0.5)
        missed[rounds] = np.sum(np.partition(ratios[:, :rounds], low - 1, axis=1)[:, low - 1] <= 1)
    return np.maximum.accumulate(missed[::-1])[::-1]


def stopped_by_mistake(rounds: int, order: str) -> int:
    """Of a thousand releases that are no slower, how many are stopped. One after the other, the machine has warmed up
    between the two."""
    rng = np.random.default_rng(21)
    ratios = np.exp(rng.normal(0, SPREAD, (CASES, rounds)))
    if order != "interleaved":
        ratios *= np.exp(rng.normal(0.04, 0.04, (CASES, 1)))
    low, _ = binomial_bounds(rounds, 0.5)
    return int(np.sum(np.sort(ratios, axis=1)[:, low - 1] > 1)) if low else 0


def late_and_unseen(samples: int, load: str) -> int:
    """Of a thousand keyboards that stall now and then, so that more than 1 of 100 keystrokes waits too long, how many are
    reported with a p99 within the promise."""
    rng = np.random.default_rng(22)
    service = np.where(rng.random((CASES, samples)) < 0.008, 900.0, 8.0)
    latencies = service
    if load == "open":  # a key each 100 ms; each begins when it is due or when all before it are done
        due, done = 100.0 * np.arange(samples), np.cumsum(service, axis=1)
        latencies = done + np.maximum.accumulate(due - (done - service), axis=1) - due
    return int(np.sum(np.percentile(latencies, 99, axis=1) <= 50))


def judge_plan(plan: dict) -> list[str]:
    """What goes wrong with a plan, question by question; empty if nothing does."""
    problems = [f"{name}: the plan says nothing of it" for name in SECONDS if name not in plan]
    problems += [f"{show(name)}: nobody asked that" for name in plan if name not in SECONDS]
    problems = problems or [c for name in SECONDS for c in _unclear(name, plan[name])]
    if problems:
        return problems
    judges = {"release": _release, "keyboard": _keyboard, "first answer": _start}
    problems = [complaint for name, judge in judges.items() if (complaint := judge(plan[name]))]
    seconds = sum(SECONDS[name] * int(plan[name]["samples"]) for name in SECONDS)
    if seconds > BENCH_S:
        problems.append(f"the plan takes {seconds:.0f} s, and the bench is yours for {BENCH_S}")
    return problems


def _unclear(name: str, plan: dict) -> list[str]:
    unknown = []
    for key, choices in _CHOICES.items():
        if not isinstance(plan.get(key), str) or plan[key] not in choices:
            unknown.append(f"{name}: {key} is one of {', '.join(choices)}")
    number = plan.get("samples")
    if not isinstance(number, Real) or not 1 <= float(number) <= 1_000_000:
        unknown.append(f"{name}: samples is a number from 1 on")
    return unknown


def _release(plan: dict) -> str:
    if plan["process"] != "warm":
        return "release: requests come to an app that is open already: fresh processes measure its start"
    if plan["load"] != "closed":
        return "release: the question is about the model's work: on a schedule the queue's waiting would be in it"
    if plan["report"] != "ratio":
        return (
            "release: two numbers, each with its own error, do not say whether they differ: report the ratio of pairs"
        )
    rounds = min(MOST_ROUNDS, int(plan["samples"]) // ROUND)
    false = stopped_by_mistake(max(1, rounds), plan["order"])
    if false > 0.05 * CASES:
        return (
            f"release: of {CASES} releases that were no slower, {false} were stopped: the machine warmed up in between"
        )
    missed = int(went_out()[rounds])
    if missed > 0.05 * CASES:
        return f"release: of {CASES} releases that were 5 % slower, {missed} went out with so many rounds or a few more"
    return ""


def _keyboard(plan: dict) -> str:
    if plan["process"] != "warm":
        return "keyboard: who types has had the keyboard open for a while: fresh processes measure its start"
    if plan["report"] != "p99":
        return f"keyboard: 99 of 100 keystrokes were promised; {plan['report']} says nothing of the slowest of 100"
    samples = min(int(plan["samples"]), 3000)
    if not math.isfinite(early_stopping_estimate(np.ones(samples), 99)):
        return f"keyboard: {samples} samples bound no p99 with 99 % confidence"
    unseen = late_and_unseen(samples, plan["load"])
    if unseen > 0.05 * CASES:
        return (
            f"keyboard: people do not stop typing while it stalls; of {CASES} keyboards that broke the promise "
            f"{unseen} were reported to keep it"
        )
    return ""


def _start(plan: dict) -> str:
    if plan["process"] != "fresh":
        return "first answer: a warm process has paid for its start already"
    if plan["load"] != "closed":
        return "first answer: an app is opened when somebody opens it; starts do not queue up"
    if plan["report"] != "p90":
        return f"first answer: 9 of 10 starts were promised; {plan['report']} does not say that"
    if plan["order"] != "interleaved":
        return "first answer: old and new are compared; one after the other, other work falls on one of them"
    samples = min(int(plan["samples"]), 3000)
    if not math.isfinite(early_stopping_estimate(np.ones(samples), 90)):
        return f"first answer: {samples} samples bound no p90 with 99 % confidence"
    return ""


def outcome(plan: dict) -> dict[str, str]:
    """What a plan that passed finds in the simulated cases, and what it costs, in words."""
    samples = {name: int(plan[name]["samples"]) for name in SECONDS}
    rounds = min(MOST_ROUNDS, samples["release"] // ROUND)
    stopped = CASES - int(went_out()[rounds])
    false = stopped_by_mistake(rounds, plan["release"]["order"])
    unseen = late_and_unseen(samples["keyboard"], plan["keyboard"]["load"])
    return {
        f"releases that are 5 % slower, of {CASES}": f"{stopped} stopped",
        f"releases that are no slower, of {CASES}": f"{false} stopped",
        f"keyboards that break the promise, of {CASES}": f"{CASES - unseen} found out",
        "seconds on the bench": f"{sum(SECONDS[name] * n for name, n in samples.items()):.0f} of {BENCH_S}",
    }


def _with(name: str, **changes: object) -> dict:
    return MEASUREMENT_PLAN | {name: MEASUREMENT_PLAN[name] | changes}


MISTAKES = (
    Mistake(
        "by the formula",
        _with("release", samples=860),
        "the formula takes the median for normal and promises too much: ask found_share, and the rounds after it, too.",
    ),
    Mistake(
        "six hundred will do",
        _with("release", samples=600),
        "found_share says how many rounds find 5 % on the brief's pilot; ten samples make a round.",
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
        "ask early_stopping_estimate from how many samples on it speaks of a 99th percentile.",
    ),
    Mistake(
        "the typical keystroke",
        _with("keyboard", report="p50"),
        "the promise is about the slowest of a hundred: report the percentile that it names.",
    ),
    Mistake(
        "starts in a warm process",
        _with("first answer", process="warm"),
        "everything is loaded after the first time: start a process for each sample.",
    ),
    Mistake(
        "ten starts",
        _with("first answer", samples=10),
        "from how many samples on has MLPerf's p90 an estimate? Ask early_stopping_estimate.",
    ),
    Mistake(
        "plenty of everything",
        _with("release", samples=1200),
        "the bench is shared: what does each question need at least, and what does a sample of it cost?",
    ),
)


def register(check: Checks) -> None:
    """The exercise."""
    check.design(
        "measurement_plan",
        MEASUREMENT_PLAN,
        judge=judge_plan,
        nudge="Take the brief question by question: who waits for what, what was promised, and how few samples do?",
        mistakes=MISTAKES,
    )
