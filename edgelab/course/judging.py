"""How an answer is judged: against the library's own function on drawn cases, or, where it is data, by what it does."""

import copy
import functools
import inspect
import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgelab.course.compare import difference, kind, same, show
from edgelab.course.forms import VAST, forming, in_form
from edgelab.course.running import Call, formed, trace, within

Case = tuple | dict[str, Any]  # the arguments of one call, by place or by name
ROUNDS = 3  # each exercise's cases are drawn this often, from as many seeds
CONSTANT = "the answer never changes with the input: is it hard-coded? Compute it from the arguments."


@dataclass(frozen=True)
class Mistake:
    """A wrong answer that learners give: a function or a value that behaves as theirs does, and what to tell them."""

    name: str
    wrong: Any
    hint: str


class ExerciseError(TypeError):
    """An exercise that is itself amiss: no answer of a learner's is the reason."""


@dataclass(frozen=True)
class Finding:
    """Why an answer failed: `problem` is told at once, `detail` and `hints` from the second failure on."""

    problem: str
    detail: str = ""
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class Accepted:
    """An answer that is right: `thing`, in the form that later cells count on."""

    thing: Any


@dataclass(frozen=True)
class FunctionExercise:
    """Judged against `reference` on the drawn inputs; where that raises, an answer must raise, too."""

    name: str
    reference: Callable
    cases: Callable[[np.random.Generator], Iterable[Case]]
    nudge: str
    mistakes: tuple[Mistake, ...]
    rtol: float = 1e-5
    atol: float = 1e-7

    def inputs(self) -> list[Case]:
        """The cases of every round."""
        return [case for seed in range(ROUNDS) for case in self.cases(np.random.default_rng(seed))]

    @functools.cached_property
    def _drawn(self) -> tuple[list[Case], list[Call]]:
        """The cases, and what the reference does on each. They are the same at every attempt, which gets copies."""
        inputs = self.inputs()
        return inputs, trace(self.reference, inputs)

    def examine(self, attempt: Callable, limit_s: float) -> Finding | Accepted:
        """What is wrong with this attempt, or what to go on with; `TimeoutError` comes if it takes longer than `limit_s`."""
        if not callable(attempt):
            return Finding(f"expected a function, got {kind(attempt)}")
        inputs, expected = self._drawn
        handed_in = within(limit_s, lambda: trace(attempt, inputs))
        got = formed(handed_in, expected)
        problems = [self._problem(mine, theirs) for mine, theirs in zip(got, expected, strict=True)]
        first = next((i for i, problem in enumerate(problems) if problem), None)
        if first is None:
            in_form_already = all(a.output is b.output for a, b in zip(handed_in, got, strict=True))
            return Accepted(attempt if in_form_already else forming(attempt, [call.output for call in expected]))
        detail = "for " + ", ".join(f"{name} = {show(value)}" for name, value in self._named(inputs[first]).items())
        if not got[first].fault and not expected[first].fault:
            detail = f"expected {show(expected[first].output)}, got {show(got[first].output)}\n{detail}"
        hints = list(itertools.islice((m.hint for m in self.mistakes if self._alike(m.wrong, inputs, got)), 1))
        if self._constant(got) and not self._constant(expected):
            hints.append(CONSTANT)
        return Finding(problems[first], detail, tuple(hints))

    def _named(self, case: Case) -> dict[str, Any]:
        if isinstance(case, dict):
            return case
        return dict(zip(inspect.signature(self.reference).parameters, case, strict=False))

    def _problem(self, mine: Call, theirs: Call) -> str:
        """How one call differs from the reference's. Where that raises an error, one of its type is right, whatever it says."""
        if theirs.raised is None:
            return mine.fault or difference(mine.output, theirs.output, self.rtol, self.atol)
        if mine.raised is not None and issubclass(mine.raised, theirs.raised):
            return ""
        return f"expected it to raise {theirs.raised.__name__}, it {mine.fault or f'returned {show(mine.output)}'}"

    def _alike(self, mistake: Callable, inputs: list[Case], got: list[Call]) -> bool:
        """Whether a mistake does the same on every call: what an error says does not count."""
        for given, mine in zip(inputs, got, strict=True):
            (theirs,) = formed(trace(mistake, [given]), [mine])
            if theirs.raised is not mine.raised:
                return False
            alike = theirs.fault == mine.fault and same(mine.output, theirs.output, self.rtol, self.atol)
            if mine.raised is None and not alike:
                return False
        return True

    def _constant(self, calls: list[Call]) -> bool:
        first = calls[0].output
        parts = first.size if kind(first) == "an array" else len(first) if kind(first) in ("a list", "a dict") else 1
        return (
            first is not None and parts <= VAST and not any(c.fault or not same(c.output, first, 0, 0) for c in calls)
        )


@dataclass(frozen=True)
class DesignExercise:
    """Data judged by what it does on held-out cases: `judge` gives complaints or, where there is a `bar`, a score that
    must reach it. Without a judge it must equal `reference`."""

    name: str
    reference: Any
    judge: Callable[[Any], list[str] | float] | None
    nudge: str
    mistakes: tuple[Mistake, ...]
    bar: float | None = None

    def examine(self, attempt: Any, limit_s: float) -> Finding | Accepted:
        """As for a function."""
        attempt = in_form(attempt, self.reference, plain=True)
        complaints = within(limit_s, lambda: self.complaints(attempt))
        if not complaints:
            return Accepted(attempt)
        exact = (m.hint for m in self.mistakes if same(m.wrong, attempt))
        alike = (
            m.hint for m in self.mistakes if self.complaints(m.wrong) == complaints
        )  # judged anew: only if need be
        hints = tuple(itertools.islice(itertools.chain(exact, alike), 1))
        return Finding(complaints[0], "\n".join([*complaints[1:], f"got {show(attempt)}"]), hints)

    def complaints(self, value: Any) -> list[str]:
        """What is wrong with this value; empty when it is good.

        Raises:
            ExerciseError: its judge gives a score, but there is no bar.
        """
        if kind(value) != kind(self.reference):
            return [f"expected {kind(self.reference)}, got {kind(value)}"]
        if self.judge is None:
            problem = difference(value, self.reference)
            return [problem] if problem else []
        try:
            verdict = self.judge(copy.deepcopy(value))
        except Exception as error:
            return [f"it cannot be used: {type(error).__name__}: {error}"]
        if isinstance(verdict, list):
            return verdict
        if self.bar is None:
            raise ExerciseError(f"{self.name}: expected complaints or, for a score, a bar")
        return [] if verdict >= self.bar else [f"expected a score of at least {self.bar:g}, got {verdict:.4g}"]
