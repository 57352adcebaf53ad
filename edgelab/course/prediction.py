"""Predict before you measure: a guess is recorded, and set beside the result when that comes."""

import json
import math
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from edgelab import workspace
from edgelab.course import journal, outcomes
from edgelab.course.kept import made, reading
from edgelab.course.notebooks import running
from edgelab.declarations import Stored

if TYPE_CHECKING:
    import ipywidgets

DECLARED = (
    Stored(
        what="what the learner guessed before each result, and when",
        where="{home}/predictions.*",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
)


@dataclass(frozen=True)
class Guess:
    """What somebody expected, and when."""

    value: float
    unit: str
    recorded_at: str


def file() -> Path:
    """Where the guesses are kept."""
    return workspace.home() / "predictions.json"


def record(key: str, value: float, unit: str = "") -> Guess:
    """Keep a guess; the latest one counts.

    Raises:
        ValueError: it is not a number.
    """
    from filelock import FileLock

    if not math.isfinite(value):
        raise ValueError(f"expected a number as the guess for {key}, found {value}")
    guess = Guess(float(value), unit, datetime.now().strftime("%Y-%m-%d %H:%M"))
    file().parent.mkdir(parents=True, exist_ok=True)
    with FileLock(file().with_suffix(".lock")):
        kept = {name: asdict(other) for name, other in guesses().items()} | {key: asdict(guess)}
        workspace.write_atomic(file(), json.dumps(kept, indent=1))
    journal.keep("guess", notebook=running(), key=key, value=guess.value, unit=unit)
    return guess


def recorded(key: str) -> Guess | None:
    """The guess kept under this key, if there is one."""
    return guesses().get(key)


def guesses() -> dict[str, Guess]:
    """All that are kept, by key; a `KeptError` where the file is damaged."""
    with reading(file()):
        found = json.loads(file().read_text("utf-8")) if file().exists() else {}
        return {key: made(Guess, values) for key, values in found.items()}


def beside(guess: Guess | None, measured: float, unit: str = "") -> str:
    """Guess and result side by side."""
    if guess is None:
        return f"no guess recorded; measured {_quantity(measured, unit)}"
    gap = measured - guess.value
    verdict = "spot on" if gap == 0 else f"{_quantity(abs(gap), unit)} {'more' if gap > 0 else 'less'} than you thought"
    return f"you guessed {_quantity(guess.value, guess.unit)}; measured {_quantity(measured, unit)}: {verdict}"


def reveal(key: str, measured: float, unit: str = "") -> None:
    """Print the guess recorded under `key`, perhaps in an earlier notebook, beside what was measured; that is kept, too."""
    outcomes.measure(key, measured, unit)
    journal.keep("result", notebook=running(), key=key, value=float(measured), unit=unit)
    print(beside(recorded(key), measured, unit))


def predict(key: str, question: str, *, unit: str = "", low: float, high: float) -> "ipywidgets.HBox":
    """A line to record a guess in: the question, a number from `low` to `high`, a button, and what is recorded. What
    does not fit beside the rest goes to the next line."""
    import ipywidgets

    outcomes.ask(key, question, unit)
    journal.keep("ask", notebook=running(), key=key, question=question, unit=unit)
    before = recorded(key)
    number = ipywidgets.BoundedFloatText(
        value=before.value if before and low <= before.value <= high else (low + high) / 2,
        min=low,
        max=high,
        step=(high - low) / 100,
        description=f"{question} ({f'{unit}, ' if unit else ''}{low:g} to {high:g})",
        style={"description_width": "initial"},
        layout={"width": "auto", "flex": "1 1 auto"},
    )
    button = ipywidgets.Button(
        description="Record", tooltip="Keep this guess until the result is there", layout={"width": "auto"}
    )
    status = ipywidgets.Label(_status(before))

    def keep(_: object) -> None:
        status.value = _status(record(key, number.value, unit))

    button.on_click(keep)
    return ipywidgets.HBox([number, button, status], layout={"flex_flow": "row wrap"})


def _status(guess: Guess | None) -> str:
    return f"recorded: {_quantity(guess.value, guess.unit)}" if guess else "no guess recorded yet"


def _quantity(value: float, unit: str) -> str:
    return f"{value:.4g} {unit}".rstrip()
