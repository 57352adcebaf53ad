"""Local-first telemetry: what a device counts stays on it; what leaves is a report in which every answer is randomized.

A `Plan` is a few questions, each with its epsilon. A device keeps a `journal`, and answers the plan once a period by
`make_report`, with OpenDP's mechanisms: randomized response for a yes or no and for a bin of a histogram, geometric noise
for a count. `simulate_reports` does the same for a whole fleet on arrays: the same distributions, fast, and no use to a real
device, whose randomness must not be guessed. What the reports say of a group, `aggregation` estimates.

What is not hidden: that a device reports at all, when, and the openly named group.
"""

import functools
import json
import math
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelab.declarations import Sent
from edgelab.errors import UserError
from edgelab.privacy.budget import Budget
from edgelab.privacy.journal import LATENCY_EDGES_MS
from edgelab.privacy.randomized import randomized_choice, randomized_response, truth_probability

DECLARED = (
    Sent(
        what="one report a period: counts, a yes or no and a latency's bin, each randomized on the device",
        to="a collector",
        where="{collector}",
        policy="local differential privacy: each report is charged to the device's budget first, and refused when that is spent",
        about="user",
        part="pocket",
        kinds=("usage", "crashes", "speed"),
        linked=False,
    ),
)


class ReportRefused(UserError):
    """The collector did not take a report."""


@dataclass(frozen=True)
class YesNo:
    """Did it happen on this device? Reported by randomized response."""

    name: str
    epsilon: float


@dataclass(frozen=True)
class Count:
    """How often, from 0 to `most`; what is more counts as `most`, since a number without a bound could not be hidden.
    Reported with geometric noise of scale most/epsilon."""

    name: str
    epsilon: float
    most: int

    @property
    def noise_variance(self) -> float:
        """The variance of the noise of one report."""
        alpha = math.exp(-self.epsilon / self.most)
        return 2 * alpha / (1 - alpha) ** 2


@dataclass(frozen=True)
class Bins:
    """In which bin one value lies, such as the latency of one request: bin 0 is below `edges[0]`, bin i from
    `edges[i - 1]` on, the last from the last edge on. Reported by randomized response over the bins."""

    name: str
    epsilon: float
    edges: tuple[float, ...]

    @property
    def bins(self) -> int:
        """How many there are."""
        return len(self.edges) + 1


Question = YesNo | Count | Bins


@dataclass(frozen=True)
class Plan:
    """What is asked in one report."""

    questions: tuple[Question, ...]

    def __post_init__(self) -> None:
        names = [question.name for question in self.questions]
        if not names or len(set(names)) < len(names):
            raise ValueError(f"expected questions of different names, found {names}")

    @property
    def epsilon(self) -> float:
        """What one report costs a device's budget: the sum of its questions'."""
        return math.fsum(question.epsilon for question in self.questions)


POCKET_PLAN = Plan(
    (
        YesNo("crashed", 1.0),
        Count("escalated", 1.0, most=20),
        Count("corrected", 1.0, most=5),
        Bins("latency_ms", 1.0, LATENCY_EDGES_MS),
    )
)


def make_report(plan: Plan, answers: dict[str, Any], budget: Budget, **group: str) -> dict[str, Any]:
    """One device's report, plain JSON: `{"group": {"release": "2"}, "answers": {"crashed": True, "latency_ms": 3, ...}}`.
    Its epsilon is charged before anything is drawn; a `BudgetSpent` says that there is none left.

    An answer that is missing, or none of its question, is a `ValueError`, and nothing is charged.

    Args:
        answers: the truth for each question: a bool, a count, or the number of a bin.
        group: what the report says openly, such as the release; of few values each, or it names the device.
    """
    told = {question.name: _allowed(question, answers.get(question.name)) for question in plan.questions}
    budget.spend(plan.epsilon, "telemetry")
    randomized = {question.name: mechanism(question)(told[question.name]) for question in plan.questions}
    return {"group": group, "answers": randomized}


def simulate_reports(
    plan: Plan, truths: dict[str, np.ndarray], generator: np.random.Generator
) -> dict[str, np.ndarray]:
    """What a fleet reports, by question, each [devices], for truths of the same shape: bool, counts, or numbers of bins."""
    reports = {}
    for question in plan.questions:
        truth = np.asarray(truths[question.name])
        if isinstance(question, YesNo):
            answer: np.ndarray = randomized_response(truth.astype(bool), question.epsilon, generator.random(len(truth)))
        elif isinstance(question, Bins):
            answer = randomized_choice(truth, question.bins, question.epsilon, generator.random(len(truth)))
        else:
            ends = 1 - math.exp(
                -question.epsilon / question.most
            )  # two geometric variables: their difference is the noise
            noise = generator.geometric(ends, len(truth)) - generator.geometric(ends, len(truth))
            answer = np.clip(truth, 0, question.most) + noise
        reports[question.name] = answer
    return reports


def send_report(report: dict[str, Any], address: str, *, timeout_s: float = 5.0) -> None:
    """POST a report to a collector. Nothing is sent a second time: what is lost is lost, and its epsilon is spent.

    Raises:
        ReportRefused: the address is none of the web, or nobody there takes it.
    """
    if not address.startswith(("http://", "https://")):
        raise ReportRefused(f"{address}: expected a collector's address, http:// or https://")
    body = json.dumps(report).encode()
    request = urllib.request.Request(address, body, {"Content-Type": "application/json"})
    try:
        urllib.request.urlopen(request, timeout=timeout_s).close()
    except (OSError, ValueError) as error:
        raise ReportRefused(f"{address}: the report was not taken: {error}") from None


@functools.cache
def mechanism(question: Question) -> Callable[[Any], Any]:
    """OpenDP's measurement that randomizes this answer. By OpenDP's own account its epsilon is at most the question's: where
    rounding makes it a hair more, it is given a hair less."""
    import opendp.prelude as dp

    dp.enable_features("contrib")
    if isinstance(question, Count):
        scale, space = question.most / question.epsilon, (dp.atom_domain(T=int), dp.absolute_distance(T=int))
        while (made := dp.m.make_geometric(*space, scale)).map(question.most) > question.epsilon:
            scale = math.nextafter(scale, math.inf)
        return made
    answers = question.bins if isinstance(question, Bins) else 2
    p = truth_probability(question.epsilon, answers)

    def made_of(p: float) -> Any:
        if isinstance(question, YesNo):
            return dp.m.make_randomized_response_bool(p)
        return dp.m.make_randomized_response(list(range(answers)), p)

    while (made := made_of(p)).map(1) > question.epsilon:
        p = math.nextafter(p, 0)
    return made


def _allowed(question: Question, answer: Any) -> bool | int:
    """An answer as the mechanism takes it.

    Raises:
        ValueError: it is none.
    """
    number = isinstance(answer, int | np.integer) and not isinstance(answer, bool)
    if isinstance(question, YesNo) and isinstance(answer, bool | np.bool_):
        return bool(answer)
    if isinstance(question, Count) and number and answer >= 0:
        return int(min(answer, question.most))
    if isinstance(question, Bins) and number and 0 <= answer < question.bins:
        return int(answer)
    raise ValueError(f"{question.name}: expected an answer of {type(question).__name__}, found {answer!r}")
