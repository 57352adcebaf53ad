"""What was asked, what was then measured, and which model was chosen in the end: kept for the report of this machine."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from edgelab import workspace
from edgelab.course.kept import made, reading
from edgelab.declarations import Stored

DECLARED = (
    Stored(
        what="each question that was asked before a result, and the result",
        where="{home}/outcomes.*",
        how_long="until deleted by hand",
        about="device",
        part="course",
    ),
    Stored(
        what="which model the learner chose to ship, by which bar",
        where="{home}/choice.json",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
)


@dataclass(frozen=True)
class Outcome:
    """A question as it was asked, and the result, None until it is there."""

    question: str
    unit: str = ""
    measured: float | None = None
    measured_at: str | None = None


@dataclass(frozen=True)
class Choice:
    """Which model ships, None where none may.

    Args:
        data: the name of the data set.
        asked: the form's fields that were asked, with their bounds.
        reasons: of each model what it fails; empty for one that may ship.
        probability: that the chosen one truly clears all that was asked.
    """

    chosen: str | None
    data: str
    asked: Mapping[str, float]
    reasons: Mapping[str, Sequence[str]]
    probability: float | None = None
    decided_at: str = ""


def file() -> Path:
    """Where questions and results are kept."""
    return workspace.home() / "outcomes.json"


def choice_file() -> Path:
    """Where the choice is kept."""
    return workspace.home() / "choice.json"


def ask(key: str, question: str, unit: str) -> None:
    """Keep a question; the result that is there stays."""
    _change(key, question=question, unit=unit)


def measure(key: str, value: float, unit: str) -> None:
    """Keep a result; the latest one counts."""
    _change(key, unit=unit, measured=float(value), measured_at=_now())


def outcomes() -> dict[str, Outcome]:
    """Every question by its key, in the order in which they were first asked; a `KeptError` where the file is damaged."""
    with reading(file()):
        found = json.loads(file().read_text("utf-8")) if file().exists() else {}
        return {key: made(Outcome, values) for key, values in found.items()}


class Decided(Protocol):
    """A decision, as `selection.decide` makes it."""

    @property
    def chosen(self) -> str | None:
        """Which model ships."""

    @property
    def reasons(self) -> Mapping[str, Sequence[str]]:
        """What each one fails."""

    @property
    def probability(self) -> float | None:
        """That the chosen one truly clears."""


def choose(data: str, asked: Mapping[str, float], decision: Decided) -> None:
    """Keep which model was chosen for which data, and when; the latest choice counts."""
    choice = Choice(decision.chosen, data, asked, decision.reasons, decision.probability)
    workspace.home().mkdir(parents=True, exist_ok=True)
    workspace.write_atomic(choice_file(), json.dumps(asdict(choice) | {"decided_at": _now()}, indent=1))


def chosen() -> Choice | None:
    """The choice that was kept, if there is one; a `KeptError` where the file is damaged."""
    with reading(choice_file()):
        return made(Choice, json.loads(choice_file().read_text("utf-8"))) if choice_file().exists() else None


def _change(key: str, **values: object) -> None:
    from filelock import FileLock

    file().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file().with_suffix(".lock")):
        kept = {name: asdict(other) for name, other in outcomes().items()}
        kept[key] = {"question": key} | kept.get(key, {}) | values
        workspace.write_atomic(file(), json.dumps(kept, indent=1))


def _now() -> str:
    return datetime.now().strftime("%Y-%m-%d %H:%M")
