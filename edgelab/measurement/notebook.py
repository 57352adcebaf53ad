"""What `05_measurement` does between its exercises, with the learner's functions in it."""

import csv
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import cycle, islice
from typing import TYPE_CHECKING, Protocol

import numpy as np

from edgelab.bundle.evaluation import evaluate
from edgelab.bundle.predict import Bundle
from edgelab.datasets.dataset import Dataset
from edgelab.measurement.bundles import TEXTS
from edgelab.measurement.comparison import BLOCK, PILOT_ROUNDS
from edgelab.measurement.moody import Machine
from edgelab.measurement.population import ASSUMED_MIX, CLASSES, REFERENCE, readings
from edgelab.stats.samples import LatencySamples
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

Ask = Callable[[str], object]
Bounds = Callable[[np.ndarray, float], tuple[float, float]]
TimeRound = Callable[[Ask, Ask, Sequence[str], Callable[[], float]], float]
ToldApart = Callable[[np.ndarray], str]
FoundShare = Callable[[np.ndarray, float, np.ndarray], float]
FairRatio = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], float | None]

DAYS, REQUESTS = 200, 400  # simulated, to see how often the same thing is called different
UNITS = ("npu", "gpu", "cpu")


def requests(texts: Sequence[str], number: int) -> list[str]:
    """So many requests, the texts over and over."""
    return list(islice(cycle(texts), number))


def clock_ms() -> float:
    """The time in ms, from an arbitrary moment on."""
    return time.perf_counter_ns() / 1e6


# --- an interval that keeps its promise ---------------------------------------------------------


def coverage(bounds: Bounds, *, runs: int = 500, samples: int = 200) -> int:
    """In how many simulated runs of log-normal latencies the interval holds the true p90, which is known."""
    rng, truth = np.random.default_rng(0), np.exp(1.2815515655446004)
    held = 0
    for _ in range(runs):
        low, high = bounds(rng.lognormal(size=samples), 90)
        held += low <= truth <= high
    return int(held)


def agreeing(latency: Mapping[str, LatencySamples], bounds: Bounds) -> int:
    """Of how many percentiles, three of each model, `bounds` gives the library's interval."""
    found = 0
    for samples in latency.values():
        for q in (50, 90, 99):
            interval = samples.interval(q)
            found += np.allclose(bounds(np.array(samples.milliseconds), q), (interval.low, interval.high))
    return int(found)


# --- A or B -------------------------------------------------------------------------------------


def alarms_one_after_the_other(bounds: Bounds) -> float:
    """The share of days on which the same thing, measured in the day's first half and in its second, gets intervals of
    its median that do not overlap."""
    alarms = 0
    for seed in range(DAYS):
        machine = Machine(seed)
        model, clock = machine.model("the same", 1.0), machine.clock()
        begun = [clock()]
        for _ in range(REQUESTS):
            model("")
            begun.append(clock())
        first, second = (bounds(half, 50) for half in np.split(np.diff(begun), 2))
        alarms += first[1] < second[0] or second[1] < first[0]
    return alarms / DAYS


def alarms_in_rounds(time_round: TimeRound, told_apart: ToldApart) -> float:
    """The same share, of the same days, where the two halves are dealt out in rounds."""
    alarms = 0
    for seed in range(DAYS):
        machine = Machine(seed)
        a, b, clock = machine.model("A", 1.0), machine.model("B", 1.0), machine.clock()
        ratios = [time_round(a, b, list(TEXTS[:BLOCK]), clock) for _ in range(REQUESTS // (4 * BLOCK))]
        alarms += told_apart(np.array(ratios)) != "not told apart"
    return alarms / DAYS


def ratios_of(
    time_round: TimeRound, a: Ask, b: Ask, texts: Sequence[str], rounds: int, *, seed: int = 0, warmup: int = 20
) -> np.ndarray:
    """B's time over A's on this machine, [rounds]; for each round it is drawn whether A begins or B."""
    for text in requests(texts, warmup):
        a(text)
        b(text)
    asked = requests(texts, rounds * BLOCK)
    found = []
    for begins, start in zip(
        np.random.default_rng(seed).random(rounds) < 0.5, range(0, len(asked), BLOCK), strict=True
    ):
        block = asked[start : start + BLOCK]
        found.append(time_round(a, b, block, clock_ms) if begins else 1 / time_round(b, a, block, clock_ms))
    return np.array(found)


def draw(pilot: np.ndarray, rounds: int, *, runs: int = 300) -> np.ndarray:
    """Which of the pilot's rounds each simulated run meets, int [runs, rounds]."""
    return np.random.default_rng(rounds).integers(len(pilot), size=(runs, rounds))


def rounds_for(found_share: FoundShare, pilot: np.ndarray, effect: float, *, goal: float = 0.95) -> int:
    """The least number of rounds, in steps of a tenth, that finds a true difference so often by the pilot.

    Raises:
        ValueError: not even thousands of rounds do.
    """
    rounds = 20
    while found_share(pilot, effect, draw(pilot, rounds)) < goal:
        rounds = round(1.1 * rounds)
        if rounds > 20_000:
            raise ValueError(f"{effect:.1%} is too little for this machine: {rounds} rounds do not find it")
    return rounds


def planned_races(
    time_round: TimeRound,
    told_apart: ToldApart,
    found_share: FoundShare,
    pair: tuple[Ask, Ask],
    texts: Sequence[str],
    effect: float,
    *,
    runs: int = 8,
) -> list[tuple[int, str]]:
    """Races with as many rounds as a pilot right before each says that a true difference of `effect` takes: the rounds and
    the verdict of each. What is planned for a quiet machine is too little once it is restless."""
    found = []
    for run in range(runs):
        pilot = ratios_of(time_round, *pair, texts, PILOT_ROUNDS, seed=1000 + run)
        rounds = rounds_for(found_share, pilot, effect)
        found.append((rounds, told_apart(ratios_of(time_round, *pair, texts, rounds, seed=run))))
    return found


# --- who waits ----------------------------------------------------------------------------------


def stalling(subject: Ask, *, at: int = 50, milliseconds: float = 400) -> Ask:
    """The same subject, but something else holds it up before its answer number `at`."""
    asked = iter(range(10**9))

    def answer(text: str) -> object:
        if next(asked) == at:
            time.sleep(milliseconds / 1000)  # whatever it was
        return subject(text)

    return answer


# --- in the field -------------------------------------------------------------------------------


def published(fair_ratio: FairRatio) -> "pd.DataFrame":
    """Of five published models the ratio to the reference device: all pairs, and those that `fair_ratio` leaves."""
    import pandas as pd

    with open(data_home() / "figures" / "vision_on_devices.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def key(row: dict) -> tuple[str, ...]:
        return tuple(row[name] for name in ("model", "component", "precision", "runtime"))

    reference = {key(row): row for row in rows if row["device"] == REFERENCE}
    found = []
    for kind in ("mid-range", "entry"):
        for runtime in ("onnx", "qnn_dlc", "tflite"):
            own = [r for r in rows if (r["device"], r["runtime"]) == (CLASSES[kind], runtime) and key(r) in reference]
            sides = own, [reference[key(row)] for row in own]
            device, other = (np.array([float(row["latency_ms"]) for row in side]) for side in sides)
            layers = [np.array([[int(row[unit]) for unit in UNITS] for row in side]) for side in sides]
            fair = fair_ratio(device, other, *layers)
            told = "no such pair" if fair is None else f"{fair:.1f}"
            found.append((kind, runtime, len(own), f"{np.median(device / other):.1f}", told))
    columns = ["device", "runtime", "pairs", "times an S25, all pairs", "like with like"]
    return pd.DataFrame(found, columns=columns)


def reading_table() -> "pd.DataFrame":
    """The published ratios by reading and class: median, p10 and p90, and the pairs they come from."""
    import pandas as pd

    table: dict[str, dict[str, str]] = {}
    for reading, found in readings().items():
        told = {kind: found[kind] for kind in ("older flagship", "mid-range", "entry")}
        table[reading] = {kind: f"{r.median:g} ({r.p10:g}, {r.p90:g}), {r.pairs} pairs" for kind, r in told.items()}
    return pd.DataFrame(table).T


def same_units() -> dict[str, tuple[int, int]]:
    """By reading, how many pairs there are and in how many the same kinds of unit ran the layers; without those of the
    reference with itself."""
    counted = {}
    for reading, found in readings().items():
        others = [ratios for kind, ratios in found.items() if CLASSES[kind] != REFERENCE]
        counted[reading] = sum(r.pairs for r in others), sum(r.same_units for r in others)
    return counted


def calm(milliseconds: np.ndarray, *, times: float = 3.0) -> np.ndarray:
    """Latencies without those in which something else held this machine up: more than so many times their median."""
    return milliseconds[milliseconds <= times * np.median(milliseconds)]


def mix_table() -> "pd.DataFrame":
    """The assumed share of each class of device, and what stands for it."""
    import pandas as pd

    shares = {kind: f"{100 * share:.0f}" for kind, share in ASSUMED_MIX.items()}
    return pd.DataFrame({"share, %": shares, "represented by": CLASSES}).T


# --- for the scoreboard -------------------------------------------------------------------------


class Answered(Protocol):
    """A trained model that has answered its data's test."""

    @property
    def name(self) -> str:
        """What the scoreboard calls it."""

    def correct(self) -> np.ndarray:
        """Whether each label is right, bool [examples]."""

    def slots_correct(self) -> np.ndarray:
        """Whether all slots of each are."""

    def calls_correct(self) -> np.ndarray:
        """Whether both are."""


def observed(data: Dataset, bundles: Mapping[str, Bundle], teacher: Answered) -> dict[str, dict]:
    """What the scoreboard takes of the student and of the teacher besides their latencies."""
    student = evaluate(bundles["student"], data.test)
    exact: dict[str, tuple[float | None, float | None]] = dict.fromkeys(bundles, (None, None))
    if student.slot_exact_match and student.call_exact_match:  # the data has slots
        exact["student"] = student.slot_exact_match.value, student.call_exact_match.value
        exact["teacher"] = teacher.slots_correct().mean(), teacher.calls_correct().mean()
    models = {"student": bundles["student"].manifest["model"], "teacher": teacher.name}
    right = {"student": student.correct, "teacher": teacher.correct()}
    return {
        name: {
            "model": models[name],
            "correct": right[name],
            "size_bytes": bundle.size_bytes,
            "slot_exact_match": exact[name][0],
            "call_exact_match": exact[name][1],
            "data": data.name,
        }
        for name, bundle in bundles.items()
    }
