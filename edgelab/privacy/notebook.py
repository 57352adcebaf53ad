"""What `09_privacy` shows of what leaves: fleets, reports, a watched session, tables."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from edgelab.bundle.redaction import PRIVATE_SLOTS
from edgelab.datasets.dataset import Split
from edgelab.errors import UserError
from edgelab.privacy.budget import Budget, BudgetSpent
from edgelab.privacy.encryption import what_is_exposed
from edgelab.privacy.randomized import truth_probability
from edgelab.privacy.redacting import HidingCost
from edgelab.privacy.telemetry import Plan, YesNo, make_report, mechanism, simulate_reports
from edgelab.privacy.watching import Event, run_watched
from edgelab.stats.intervals import Interval
from edgelab.workspace import data_home

if TYPE_CHECKING:
    import pandas as pd
    from pandas.io.formats.style import Styler

SHIPPED, PRIVATE = data_home() / "bundles" / "pocket", PRIVATE_SLOTS
_made: list[tempfile.TemporaryDirectory] = []  # one, from the first call on; it goes with the kernel


def scratch(name: str) -> Path:
    """An empty folder of that name, which is deleted when the kernel ends."""
    if not _made:
        _made.append(tempfile.TemporaryDirectory(prefix="edgelab-09-"))
    folder = Path(_made[0].name) / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    return folder


# --- reports ---------------------------------------------------------------------------------------


def many_fleets(
    randomized_response: Callable[[np.ndarray, float, np.ndarray], np.ndarray],
    unbiased_share: Callable[[np.ndarray, float], float],
    *,
    fleets: int = 200,
    phones: int = 1000,
    share: float = 0.1,
    epsilon: float = 1.0,
) -> dict[str, np.ndarray]:
    """What the reports of so many fleets give, each [fleets]: as they are, and with the noise undone."""
    rng = np.random.default_rng(0)
    found: dict[str, list[float]] = {"as reported": [], "noise undone": []}
    for _ in range(fleets):
        reports = randomized_response(rng.random(phones) < share, epsilon, rng.random(phones))
        found["as reported"].append(float(np.mean(reports)))
        found["noise undone"].append(unbiased_share(reports, epsilon))
    return {name: np.array(values) for name, values in found.items()}


def apart_from_opendp(
    randomized_response: Callable[[np.ndarray, float, np.ndarray], np.ndarray], epsilon: float, reports: int = 4000
) -> float:
    """How many standard errors lie between how often the truth is told by the learner's phones and by OpenDP's mechanism, whose
    draws are new each time; of true yes and true no the larger."""
    ask = mechanism(YesNo("asked", epsilon))
    p, draws = truth_probability(epsilon), np.random.default_rng(1).random(reports)
    error = np.sqrt(2 * p * (1 - p) / reports)
    gaps = []
    for truth in (True, False):
        theirs = np.mean([ask(truth) for _ in range(reports)])
        gaps.append(abs(np.mean(randomized_response(np.full(reports, truth), epsilon, draws)) - theirs))
    return float(max(gaps) / error)


def weekly(plan: Plan, answers: dict[str, Any], limit: float, file: Path, weeks: int = 4) -> list[str]:
    """What leaves of a phone that restarts each week, with its budget in `file`; or why nothing does."""
    said = []
    for week in range(1, weeks + 1):
        try:
            report = make_report(plan, answers, Budget(limit, file))
            said.append(f"week {week}: {report['answers']}")
        except BudgetSpent as error:
            said.append(f"week {week}: {error}")
    return said


def reports_of(plan: Plan, phones: Mapping[str, int]) -> list[dict[str, Any]]:
    """The reports of so many phones of each release. In release 2 three in ten phones crashed, elsewhere one in twenty."""
    rng, reports = np.random.default_rng(3), []
    for release, number in phones.items():
        truths = {
            "crashed": rng.random(number) < (0.3 if release == "2" else 0.05),
            "escalated": rng.poisson(4, number),
            "corrected": rng.poisson(0.8, number),
            "latency_ms": rng.choice(5, number, p=[0.5, 0.3, 0.1, 0.06, 0.04]),
        }
        told = simulate_reports(plan, truths, rng)
        rows = zip(*(column.tolist() for column in told.values()), strict=True)
        reports += [{"group": {"release": release}, "answers": dict(zip(told, row, strict=True))} for row in rows]
    return reports


# --- the data flow ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Session:
    """What was seen of a session, and what the places of the declarations stood for."""

    events: tuple[Event, ...]
    places: dict[str, list[str]]

    def short(self, target: str) -> str:
        """A target with its place by name."""
        for name, roots in self.places.items():
            for root in roots:
                target = target.replace(root, f"{{{name}}}")
        return target


def watched_session(*, planted: bool = True) -> Session:
    """The assistant's session in a process of its own, watched: files that were written and addresses that were connected to,
    each once.

    Raises:
        RuntimeError: the session failed; says how.
    """
    device = scratch("watched")
    asked = ["-m", "edgelab.privacy.session", str(device), *(["planted"] if planted else [])]
    watched = run_watched(asked, environment={}, folders=[device])
    if watched.returncode:
        raise RuntimeError(watched.complaints)
    by_target: dict[tuple[str, str], Event] = {}
    for event in watched.events:
        if (
            event.kind in ("write", "send")
            and Path(event.target) != Path("/dev/null")
            and not Path(event.target).is_dir()
        ):
            by_target.setdefault((event.kind, event.target), event)
    places = {"device": [str(device)], "collector": [json.loads(watched.printed.splitlines()[-1])]}
    return Session(tuple(by_target.values()), places)


def shown(table: "pd.DataFrame") -> "Styler":
    """A table of texts to read: left, wrapped, without an index."""
    left = [{"selector": "th, td", "props": "text-align: left; vertical-align: top; white-space: normal"}]
    return table.style.hide(axis="index").set_table_styles(left)


def cost_table(cost: HidingCost) -> "pd.DataFrame":
    """What redaction costs the cloud, in labels and in whole calls."""
    rows = {
        "label right": (cost.label_plain, cost.label_redacted, cost.label_lost),
        "whole call right": (cost.calls_plain, cost.calls_redacted, cost.calls_lost),
    }
    return side_by_side(rows, ("as it is", "redacted", "difference"))


def side_by_side(rows: Mapping[str, Sequence[Interval]], columns: Sequence[str]) -> "pd.DataFrame":
    """A row for each name, its intervals side by side."""
    import pandas as pd

    return pd.DataFrame.from_dict(
        {name: [f"{each:.3f}" for each in found] for name, found in rows.items()}, orient="index", columns=list(columns)
    )


def names_in(split: Split) -> tuple[str, ...]:
    """The words of the people's names in a split, each once, in small letters."""
    pairs = zip(split.texts, split.spans or (), strict=True)
    names = [text[s.start : s.end].lower() for text, spans in pairs for s in spans if s.name == "person"]
    return tuple(dict.fromkeys(word for name in names for word in name.split()))


# --- the file --------------------------------------------------------------------------------------


def where_they_stand(phrases: Sequence[str], folder: Path, locked: Path, secret: bytes) -> "pd.DataFrame":
    """How many of some phrases stand in a bundle's files, in the same encrypted, and in the memory of a program that has opened
    those (a system other than Linux shows no program's memory)."""
    import pandas as pd

    def on_disk(place: Path) -> str:
        contents = [file.read_bytes() for file in place.rglob("*") if file.is_file()]
        return f"{sum(any(phrase.encode() in each for each in contents) for phrase in phrases)}"

    try:
        opened = f"{round(what_is_exposed(locked, secret, phrases).in_memory.value * len(phrases))}"
    except UserError:
        opened = "not shown by this system"
    rows = {"the file": on_disk(folder), "encrypted": on_disk(locked), "memory of the program that opened it": opened}
    return pd.DataFrame({f"of {len(phrases)} names there": rows})
