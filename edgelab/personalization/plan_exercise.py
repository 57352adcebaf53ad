"""The plan of `07_personalization`: a way, a share of replay, a price; chosen on phrases set aside, judged on held-out ones.

What each way makes of each text was measured once, by `python -m benchmarks.personalization scores`, and is read from
`data/figures`; the threshold that a plan asks for is found anew.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.course.exercises import Mistake
from edgelab.personalization.heads import Heard, Scores
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd

FILE = data_home() / "figures" / "personal_scores.npz"
CHOICES = {"cache": (0.0,), "prototypes": (0.0,), "head": (0.0, 0.25, 0.5, 0.75, 0.9)}
REPLAYS = CHOICES["head"]
USERS = 3

# The brief.
UNDERSTOOD, LOST = 0.75, 0.035

PERSONAL_PLAN = {"way": "head", "replay": 0.5, "most_loss": 0.02}


def packed(way: str, replay: float, aside: Sequence[Sequence[Heard]], heard: Sequence[Heard]) -> dict[str, np.ndarray]:
    """The arrays of one choice as the file holds them: `aside` by person and fold, `heard` by person."""
    flat = [each for person in aside for each in person]
    found: dict[str, np.ndarray] = {}
    for kind, several in (("aside", flat), ("held out", heard)):
        found |= {
            f"{way} {replay} {kind} margin": np.stack([h.own.margin for h in several]).astype(np.float16),
            f"{way} {replay} {kind} command": np.stack([h.own.command for h in several]),
            f"{way} {replay} {kind} validation": np.stack([h.validation.margin for h in several]).astype(np.float16),
            f"{way} {replay} {kind} test": np.stack([h.test.margin for h in several]).astype(np.float16),
        }
    return found


@functools.cache
def _file() -> dict[str, np.ndarray]:
    with np.load(FILE) as kept:
        return {name: kept[name] for name in kept.files}


def _heard(way: str, replay: float, kind: str) -> list[Heard]:
    parts = {part: _file()[f"{way} {replay} {kind} {part}"] for part in ("margin", "command", "validation", "test")}
    heard = []
    for margin, command, validation, test in zip(*parts.values(), strict=True):
        own, splits = Scores(margin.astype(np.float32), command), []
        for each in (validation, test):
            splits.append(Scores(each.astype(np.float32), np.zeros(len(each), bool)))
        heard.append(Heard(own, *splits))
    return heard


def outcome(plan: Mapping[str, Any], kind: str) -> tuple[float, float]:
    """What a plan brings: the share of the people's phrases that are understood, and what the base loses, on average over
    people. "aside": of the phrases set aside, and of one half of validation with the threshold set on the other; "held
    out": of those held out, and of test with the threshold set on validation."""
    right = {split: _file()[f"right {split}"] for split in ("validation", "test")}
    replay = float(plan["replay"]) if plan["way"] == "head" else 0.0
    found = []
    for heard in _heard(plan["way"], replay, kind):
        for each, of in _halves(heard, right) if kind == "aside" else [(heard, right)]:
            own, test = each.at(of, plan["most_loss"])
            found.append((own.mean(), of["test"].mean() - test.mean()))
    understood, lost = np.mean(found, axis=0)
    return float(understood), float(lost)


def _halves(heard: Heard, right: Mapping[str, np.ndarray]) -> Iterator[tuple[Heard, dict[str, np.ndarray]]]:
    """Validation divided in two, each half once in the place of the test."""
    odd = np.arange(len(right["validation"])) % 2 == 1
    for half in (odd, ~odd):
        parts = (Scores(heard.validation.margin[rows], heard.validation.command[rows]) for rows in (half, ~half))
        yield Heard(heard.own, *parts), {"validation": right["validation"][half], "test": right["validation"][~half]}


def seen_aside(most_losses: Sequence[float] = (0.0, 0.01, 0.02, 0.03, 0.04)) -> "pd.DataFrame":
    """What a learner chooses by, a row for each way and share of replay: at each price the share of set-aside phrases
    understood and, behind the stroke, the points of the base lost on the other half of validation; both in %."""
    import pandas as pd

    rows = {}
    for way, replays in CHOICES.items():
        for replay in replays:
            found = [outcome({"way": way, "replay": replay, "most_loss": most}, "aside") for most in most_losses]
            name = f"{way}, replay {replay:g}" if way == "head" else way
            rows[name] = [f"{100 * understood:.0f} / {100 * lost:.1f}" for understood, lost in found]
    return pd.DataFrame(rows, index=[f"most_loss {most:g}" for most in most_losses]).T


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def judge_plan(plan: dict) -> list[str]:
    """What breaks the brief on held-out phrases and on the base's test; empty if nothing does."""
    if set(plan) != set(PERSONAL_PLAN):
        return [f"expected the entries {', '.join(PERSONAL_PLAN)}"]
    if plan["way"] not in tuple(CHOICES):
        return [f"way: expected one of {', '.join(CHOICES)}"]
    if not _is_number(plan["replay"]) or plan["replay"] not in REPLAYS:
        return [f"replay: expected one of {', '.join(f'{share:g}' for share in REPLAYS)}"]
    if not _is_number(plan["most_loss"]) or not 0 <= plan["most_loss"] <= 1:
        return ["most_loss: expected a share, from 0 to 1"]
    understood, lost = outcome(plan, "held out")
    complaints = []
    if understood < UNDERSTOOD:
        complaints.append(f"{understood:.1%} of the held-out phrases are understood, at least {UNDERSTOOD:.0%}")
    if lost > LOST:
        complaints.append(f"{100 * lost:.1f} points of the base's test are lost, at most {100 * LOST:g}")
    return complaints


def _with(**changes: object) -> dict:
    return PERSONAL_PLAN | changes


MISTAKES = (
    Mistake(
        "what needs no learning",
        _with(way="prototypes"),
        "prototypes are heard too seldom at this price: what could be learned in a second?",
    ),
    Mistake(
        "the brief copied",
        _with(most_loss=LOST),
        "most_loss holds on validation, by which the threshold was set; the brief counts on test. Leave room between them.",
    ),
    Mistake(
        "the brief copied for prototypes",
        _with(way="prototypes", most_loss=LOST),
        "the whole price is spent and too little understood: it is the way that is too weak.",
    ),
    Mistake(
        "nothing may be lost",
        _with(most_loss=0.0),
        "a price of nothing: then the commands are heard only where no request of the base ever comes near.",
    ),
    Mistake(
        "always heard",
        _with(most_loss=1.0),
        "every request is taken for a command: the base is gone.",
    ),
    Mistake(
        "nothing replayed",
        _with(replay=0.0),
        "who never sees an old request while learning takes them all for its own: the threshold must then be very high.",
    ),
    Mistake(
        "only remembered",
        _with(way="cache"),
        "a cache knows requests said before: on phrases that are new it is no match.",
    ),
    Mistake(
        "too careful",
        _with(most_loss=0.005),
        "that leaves most of the price unspent: how much more is understood for a point?",
    ),
)
