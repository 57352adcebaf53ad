"""What the reports of a group say, each with an interval; of groups that are large enough, and of no others.

The interval holds both the noise and the choice of devices: it is of the population that these devices come from. Estimates
are right on average, and are not cut to what is possible: a share may come out below 0. A device that lies is not noticed,
and moves an estimate by as much as the noise is amplified; one that reports twice counts twice.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgelab.errors import UserError
from edgelab.privacy.randomized import estimate_shares, truth_probability
from edgelab.privacy.telemetry import Bins, Count, Plan, Question, YesNo
from edgelab.stats.intervals import Z95, Interval, accuracy_interval

MINIMUM_GROUP = 20
Reports = Sequence[dict[str, Any]] | dict[str, np.ndarray]


class GroupTooSmall(UserError):
    """Fewer devices than may be told of as a group."""


def aggregate(plan: Plan, reports: Reports, *, minimum_group: int = MINIMUM_GROUP) -> dict[str, tuple[Interval, ...]]:
    """The estimates of one group, by question: of a `YesNo` the share of yes, alone in its tuple; of a `Count` the mean of a
    device, alone, too; of `Bins` the share of each bin.

    Args:
        reports: of `make_report`, or the arrays of `simulate_reports`.

    Raises:
        GroupTooSmall: fewer than `minimum_group` devices.
    """
    columns = _columns(plan, reports)
    devices = len(columns[plan.questions[0].name])
    if devices < minimum_group:
        raise GroupTooSmall(
            f"expected the reports of {minimum_group} devices or more, found {devices}: nothing is told"
        )
    return {question.name: _estimates(question, columns[question.name]) for question in plan.questions}


def aggregate_groups(
    plan: Plan, reports: Sequence[dict[str, Any]], by: str, *, minimum_group: int = MINIMUM_GROUP
) -> dict[str, dict[str, tuple[Interval, ...]]]:
    """`aggregate` of each group: of the reports that openly say the same of `by`. Groups that are too small are pooled as
    "other", which is left out where it is too small itself. No total is told, so nothing can be had by subtraction."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for report in reports:
        groups.setdefault(str(report["group"].get(by, "other")), []).append(report)
    pooled = groups.pop("other", [])
    for name in [name for name, members in groups.items() if len(members) < minimum_group]:
        pooled = pooled + groups.pop(name)
    shown = dict(sorted(groups.items())) | ({"other": pooled} if len(pooled) >= minimum_group else {})
    return {name: aggregate(plan, members, minimum_group=minimum_group) for name, members in shown.items()}


def share_below(question: Bins, reported: np.ndarray, edge: float, *, minimum_group: int = MINIMUM_GROUP) -> Interval:
    """The share of values below one of the question's edges; its interval is narrower than those of its bins together.

    Args:
        reported: the reported bins, int [devices].

    Raises:
        GroupTooSmall: fewer than `minimum_group` devices.
        ValueError: it is none of the edges.
    """
    if edge not in question.edges:
        raise ValueError(f"{question.name}: expected one of the edges {question.edges}, found {edge}")
    if len(reported) < minimum_group:
        raise GroupTooSmall(f"expected the reports of {minimum_group} devices or more, found {len(reported)}")
    below = question.edges.index(edge) + 1
    p = truth_probability(question.epsilon, question.bins)
    lie = (1 - p) / (question.bins - 1)
    share = accuracy_interval(np.asarray(reported) < below)
    return Interval(*((bound - below * lie) / (p - lie) for bound in (share.value, share.low, share.high)))


def _estimates(question: Question, reported: np.ndarray) -> tuple[Interval, ...]:
    if isinstance(question, YesNo):
        return (estimate_shares(reported, 2, question.epsilon)[1],)
    if isinstance(question, Bins):
        return estimate_shares(reported, question.bins, question.epsilon)
    # The variance of the noise is known; of few reports the sample's own may come out below it by chance.
    variance = max(float(np.var(reported, ddof=1)) if len(reported) > 1 else 0.0, question.noise_variance)
    mean, half = float(np.mean(reported)), Z95 * (variance / len(reported)) ** 0.5
    return (Interval(mean, mean - half, mean + half),)


def _columns(plan: Plan, reports: Reports) -> dict[str, np.ndarray]:
    """The reported answers by question, each [devices].

    Raises:
        ValueError: a report is none of this plan.
    """
    if isinstance(reports, dict):
        return reports
    columns = {}
    for question in plan.questions:
        try:
            column = np.array([report["answers"][question.name] for report in reports])
        except (KeyError, TypeError):
            raise ValueError(f"expected reports that answer {question.name}, found one that does not") from None
        highest = {YesNo: 1, Count: np.inf, Bins: getattr(question, "bins", 0) - 1}[type(question)]
        low = -np.inf if isinstance(question, Count) else 0
        if len(column) and not (column.dtype.kind in "bi" and (column >= low).all() and (column <= highest).all()):
            raise ValueError(f"{question.name}: expected answers of {type(question).__name__}, found others")
        columns[question.name] = column
    return columns
