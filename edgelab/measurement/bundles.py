"""Bundles timed side by side in one process; started in fresh ones."""

import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path

from edgelab.bundle.predict import Bundle
from edgelab.measurement.latency import measure_latency
from edgelab.measurement.processes import Program, first_answers, peak_of
from edgelab.stats.intervals import Interval
from edgelab.stats.samples import LatencySamples

REQUESTS = 1000
PERCENTILES = (10, 50, 90, 99)

# What people say to assistants, short and long, for those who have no texts of their own at hand.
TEXTS = (
    "stop",
    "lights off",
    "what time is it",
    "play some jazz",
    "call my sister on her mobile",
    "set a timer for twelve minutes",
    "wake me at half past six tomorrow",
    "how much is eighty euros in dollars",
    "is it going to rain in the afternoon",
    "why is my card declined every time i travel",
    "add two litres of milk and a loaf of bread to the shopping list",
    "text anna that i am running late and will be there around eight",
    "what is the fastest way to the airport if i leave at five in the morning",
    "move my meeting with the accountant from tuesday at ten to some time on friday afternoon",
    "i was charged twice for the same order last week and nobody has answered my messages since, what do i do now",
    "remind me to take the keys back to the neighbours before we leave, water the plants in the kitchen, and turn off "
    "the heating in every room but the bathroom",
)


def percentiles(samples: LatencySamples) -> dict[str, dict[str, float | None]]:
    """Each of `PERCENTILES` in ms with its interval, as JSON has it."""
    return {f"p{q}": ends(samples.interval(q)) for q in PERCENTILES}


def ends(interval: Interval) -> dict[str, float | None]:
    """An interval as JSON has it: None where too few samples bound it."""
    return {name: end if isfinite(end) else None for name, end in asdict(interval).items()}


@dataclass(frozen=True)
class Timing:
    """One bundle's latencies on the same requests: text in, label and slots out; and from token ids on."""

    with_tokenizer: LatencySamples
    without_tokenizer: LatencySamples


def time_bundles(
    bundles: dict[str, Bundle], texts: tuple[str, ...], *, requests: int = REQUESTS, block: int = 1
) -> dict[str, Timing]:
    """`requests` of one text each, drawn from `texts`, to every bundle, interleaved, `block` in a row."""
    shuffled = random.Random(0).sample(texts, len(texts))
    drawn = [shuffled[i % len(texts)] for i in range(requests)]
    subjects: dict[str, Callable[[str], object]] = {}
    for name, bundle in bundles.items():
        subjects[f"{name}, text in"] = bundle.predict
        subjects[f"{name}, ids in"] = _from_ids(bundle, set(drawn))
    taken = measure_latency(subjects, drawn, block=block)
    return {name: Timing(taken[f"{name}, text in"], taken[f"{name}, ids in"]) for name in bundles}


def _from_ids(bundle: Bundle, texts: set[str]) -> Callable[[str], object]:
    """The bundle asked for texts that are tokenized beforehand."""
    run, ids = bundle.run, {text: bundle.token_ids(text) for text in texts}
    return lambda text: run(ids[text])


@dataclass(frozen=True)
class Start:
    """A bundle in fresh processes: from the start of the process to the first answer; peak memory of one more."""

    first_answer: LatencySamples
    peak_rss_bytes: int
    peak_pss_bytes: int | None


def answer_program(folder: Path, text: str, *, stays_s: float = 0.0) -> Program:
    """The program that opens a bundle, prints the label of one text, and ends after so many seconds more."""
    return ("-m", "edgelab.bundle", str(folder), text, str(stays_s))


def start_bundles(folders: dict[str, Path], text: str, *, rounds: int) -> dict[str, Start]:
    """Each bundle opened and asked in `rounds` processes of its own, interleaved, and once more to watch its memory."""
    programs = {name: answer_program(folder, text) for name, folder in folders.items()}
    taken, found = first_answers(programs, rounds=rounds), {}
    for name, folder in folders.items():
        peak = peak_of(answer_program(folder, text, stays_s=0.3))  # long enough to be seen
        found[name] = Start(taken[name], peak.peak_bytes, peak.peak_pss_bytes)
    return found
