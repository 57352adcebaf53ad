"""Local-first telemetry: what a device counts stays on it; what leaves is a report in which every answer is randomized.

A `Plan` is a few questions, each with its epsilon. A device keeps a `Journal`, and answers the plan once a period by
`make_report`, by OpenDP's mechanisms: randomized response for yes or no and for a bin of a histogram (of one request, drawn at
random), geometric noise for a count, which is cut to `most` first. `aggregate` estimates, for groups of devices that are
large enough, with an interval that holds the noise and the choice of devices. `simulate_reports` does the same for a whole fleet
on arrays: the same distributions, fast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgelab.errors import UserError
from edgelab.privacy.budget import Budget
from edgelab.stats.intervals import Interval

MINIMUM_GROUP = 20


class GroupTooSmall(UserError):
    """Fewer devices than may be told of as a group."""


@dataclass(frozen=True)
class YesNo:
    """Did it happen on this device? Reported by randomized response."""

    name: str
    epsilon: float


@dataclass(frozen=True)
class Count:
    """How often, from 0 to `most` (what is more counts as `most`): reported with geometric noise of scale most/epsilon."""

    name: str
    epsilon: float
    most: int


@dataclass(frozen=True)
class Bins:
    """In which bin one value lies, such as a request's latency: bins are [0, e0), [e0, e1), ..., [last, infinity).
    Reported by randomized response over the bins."""

    name: str
    epsilon: float
    edges: tuple[float, ...]


Question = YesNo | Count | Bins


@dataclass(frozen=True)
class Plan:
    """What is asked in one report. Its `epsilon` is the sum of its questions'."""

    questions: tuple[Question, ...]

    @property
    def epsilon(self) -> float:
        """What one report costs a device's budget."""
        raise NotImplementedError


POCKET_PLAN: Plan  # crashed (yes/no), escalated (count), corrected (count), latency_ms (bins)


class Journal:
    """What a device keeps of its own requests, in `file` where one is given; never a word of them.

    `journal.note(latency_ms=..., escalated=..., corrected=...)` after each request; `journal.crashed()` where it failed;
    `journal.answers(plan, generator)` for a report; `journal.clear()` after it.
    """

    def __init__(self, file: Path | None = None) -> None:
        raise NotImplementedError


def make_report(plan: Plan, answers: dict[str, Any], budget: Budget, **group: str) -> dict[str, Any]:
    """One device's report: `{"group": {"release": "2"}, "answers": {"crashed": True, "latency_ms": 3, ...}}`, plain JSON. The
    budget is charged first.

    Args:
        answers: the truth for each question: a bool, a count, or a value that falls in a bin.
        group: what the report may say openly, such as the release; of few values each.

    Raises:
        BudgetSpent: nothing was made.
        ValueError: an answer is missing, or none of its question.
    """
    raise NotImplementedError


def simulate_reports(
    plan: Plan, truths: dict[str, np.ndarray], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """The reports of a fleet, by question, each [devices], for truths of the same shape: bool, int, or values in bins. No
    budget is charged. `aggregate` takes it, too."""
    raise NotImplementedError


def aggregate(
    plan: Plan, reports: Sequence[dict[str, Any]] | dict[str, np.ndarray], *, minimum_group: int = MINIMUM_GROUP
) -> dict[str, tuple[Interval, ...]]:
    """The estimates of one group, by question: of a `YesNo` the share of yes, (Interval,); of a `Count` the mean of a device,
    (Interval,); of `Bins` the share of each bin. Not cut to what is possible.

    Raises:
        GroupTooSmall: fewer than `minimum_group` devices.
    """
    raise NotImplementedError


def aggregate_groups(
    plan: Plan, reports: Sequence[dict[str, Any]], by: str, *, minimum_group: int = MINIMUM_GROUP
) -> dict[str, dict[str, tuple[Interval, ...]]]:
    """`aggregate` of each group named `by`. Groups that are too small are pooled as "other", and left out where even that is
    too small: their number cannot be had by subtraction, since no total is told."""
    raise NotImplementedError


def send_report(report: dict[str, Any], address: str, *, timeout_s: float = 5.0) -> None:
    """POST a report to a collector.

    Raises:
        UserError: it is not taken; the budget is spent all the same.
    """
    raise NotImplementedError
