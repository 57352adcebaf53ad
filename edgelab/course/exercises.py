"""The checks of the exercises: each notebook has one registry, `check`, in `checks.py` of its room.

Registering, as in `edgelab/distillation/checks.py`:

    check = Checks()
    check.function(
        soften,  # the library's own function is the reference: there is no second copy
        cases=lambda rng: [(rng.normal(size=shape), rng.uniform(1, 8)) for shape in ((2, 3), (16, 150))],
        nudge="What must a row of probabilities sum to?",
        mistakes=(
            Mistake("no division by T", lambda z, t: softmax(z), "T divides the logits before the softmax."),
            Mistake("softmax over the batch", ..., "..."),
        ),
    )
    check.design(  # a few lines of data instead of code
        "plan",
        {"family": "convolution", "seeds": 3},  # the course's own answer
        judge=complaints_about_the_plan,  # plan -> list of complaints, empty when it is good; or a score
        nudge="How many seeds does a comparison need?",
        mistakes=(Mistake("one seed", {"family": "convolution", "seeds": 1}, "One seed is an anecdote."),),
    )

In the notebook a stub contains `...`, and the learner is never stuck: what comes back is their own thing if it passes
(in the form that later cells count on), else the course's.

    def soften(logits, temperature):
        return ...

    soften = check(soften)          # a design: plan = check("plan", plan)
    check.answer("soften")          # prints the course's own
    check.using("soften", "plan")   # "soften: yours, plan: the course's"
"""

import copy
import inspect
import itertools
import pprint
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypedDict, Unpack

import numpy as np

from edgelab.course.attempts import is_stub, meant, variables_of
from edgelab.course.compare import difference, kind, plain, same, show
from edgelab.course.forms import VAST, forming, in_form
from edgelab.course.running import Call, formed, trace, within

Case = tuple | dict[str, Any]  # the arguments of one call, by place or by name
ROUNDS = 3  # each exercise's cases are drawn this often, from as many seeds
TODO = "[todo] {}: replace the ... with your own; going on with the course's own answer"
PASS = "[pass] {}: it holds on every case; using yours from here on"
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

    def examine(self, attempt: Callable, limit_s: float) -> Finding | Accepted:
        """What is wrong with this attempt, or what to go on with; `TimeoutError` comes if it takes longer than `limit_s`."""
        if not callable(attempt):
            return Finding(f"expected a function, got {kind(attempt)}")
        inputs = self.inputs()
        expected = trace(self.reference, inputs)
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


class Tolerances(TypedDict, total=False):
    """How far a number may lie from the reference's, where a function's exercise says otherwise."""

    rtol: float
    atol: float


class Checks:
    """The exercises of one notebook, and what this learner has done with them in this kernel."""

    def __init__(self, limit_s: float = 10.0) -> None:
        self.exercises: dict[str, FunctionExercise | DesignExercise] = {}
        self._limit_s = limit_s
        self._failures: dict[str, int] = {}
        self._passed: set[str] = set()

    def function(
        self,
        reference: Callable,
        *,
        cases: Callable[[np.random.Generator], Iterable[Case]],
        nudge: str,
        mistakes: tuple[Mistake, ...],
        **tolerances: Unpack[Tolerances],
    ) -> None:
        """Register a function exercise, under the name of the library's own function."""
        name = reference.__name__
        self.exercises[name] = FunctionExercise(name, reference, cases, nudge, mistakes, **tolerances)

    def design(
        self,
        name: str,
        answer: Any,
        *,
        judge: Callable[[Any], list[str] | float] | None = None,
        nudge: str,
        mistakes: tuple[Mistake, ...],
        bar: float | None = None,
    ) -> None:
        """Register an exercise whose answer is data, with the course's own answer."""
        self.exercises[name] = DesignExercise(name, answer, judge, nudge, mistakes, bar)

    def __call__(self, thing: Any, *value: Any) -> Any:
        """`check(function)` or `check("name", value)`: prints the verdict, returns what to go on with.

        Raises:
            ExerciseError: the exercise itself is amiss.
        """
        caller = sys._getframe(1)
        name = meant(thing, caller, self.exercises)
        exercise = self._find(name)
        its_name_alone = isinstance(thing, str) and thing == name
        attempt = value[0] if value else variables_of(caller).get(name, thing) if its_name_alone else thing
        self._passed.discard(name)
        try:
            if is_stub(attempt):
                print(TODO.format(name))
                return exercise.reference
            finding: Finding | Accepted = exercise.examine(attempt, self._limit_s)
        except TimeoutError:
            finding = Finding(f"took more than {self._limit_s:g} seconds: does a loop never end?")
        except ExerciseError:
            raise
        except Exception as error:  # what no code of ours expected: a number too large for NumPy, a broken __eq__
            finding = Finding(f"it cannot be compared: {type(error).__name__}: {error}")
        if isinstance(finding, Accepted):
            self._passed.add(name)
            self._failures.pop(name, None)
            print(PASS.format(name))
            return finding.thing
        self._failures[name] = self._failures.get(name, 0) + 1
        print(plain(self._complaint(exercise, finding)))
        return exercise.reference

    def answer(self, name: str) -> None:
        """Print the course's own answer."""
        reference = self._find(name).reference
        data = f"{name} = {pprint.pformat(reference, sort_dicts=False)}"
        print(inspect.getsource(reference) if callable(reference) else data)

    def using(self, *names: str) -> str:
        """Whose answers the notebook goes on with, for result cells to repeat."""
        whose = {name: "yours" if name in self._passed else "the course's" for name in self.exercises}
        return ", ".join(f"{name}: {whose[self._find(name).name]}" for name in names or self.exercises)

    def _find(self, name: str) -> FunctionExercise | DesignExercise:
        if name not in self.exercises:
            raise ValueError(f"no exercise is called {name}; this notebook's are: {', '.join(self.exercises)}")
        return self.exercises[name]

    def _complaint(self, exercise: FunctionExercise | DesignExercise, finding: Finding) -> str:
        if self._failures[exercise.name] == 1:
            lines = [f"nudge: {exercise.nudge}", "(still stuck? the next failure shows expected and got)"]
        else:
            lines = [*finding.detail.splitlines(), *(f"hint: {h}" for h in finding.hints or (exercise.nudge,))]
            lines.append(f'check.answer("{exercise.name}") shows the course\'s own')
        lines.append("going on with the course's own answer")
        return "\n       ".join([f"[fail] {exercise.name}: {finding.problem}", *lines])
