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
    check.restore()                 # after a restart: the learner's own answers that passed are there again
    check.so_far()                  # what passes, and what comes next
    check.mine("soften")            # prints the learner's own, as it was kept
"""

import inspect
import pprint
import sys
from collections.abc import Callable, Iterable
from typing import Any, TypedDict, Unpack

import numpy as np

from edgelab.course import answers
from edgelab.course.attempts import is_stub, meant, variables_of
from edgelab.course.compare import plain
from edgelab.course.judging import Accepted, Case, DesignExercise, ExerciseError, Finding, FunctionExercise, Mistake
from edgelab.course.progress_shown import so_far

__all__ = ["PASS", "TODO", "Case", "Checks", "ExerciseError", "FunctionExercise", "Mistake"]

TODO = "[todo] {}: replace the ... with your own; going on with the course's own answer"
PASS = "[pass] {}: it holds on every case; using yours from here on"
RESTORED = "[pass] {}: the ... still stands here; going on with your answer that was restored"


class Tolerances(TypedDict, total=False):
    """How far a number may lie from the reference's, where a function's exercise says otherwise."""

    rtol: float
    atol: float


class Checks:
    """The exercises of one notebook, and what this learner has done with them in this kernel."""

    def __init__(self, limit_s: float = 10.0, *, notebook: str = "") -> None:
        self.notebook = notebook
        self.exercises: dict[str, FunctionExercise | DesignExercise] = {}
        self._limit_s = limit_s
        self._failures: dict[str, int] = {}
        self._passed: set[str] = set()
        self._restored: dict[str, Any] = {}

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
        """`check(function)` or `check("name", value)`: prints the verdict, returns what to go on with. An `ExerciseError`
        comes where the exercise itself is amiss."""
        caller = sys._getframe(1)
        name = meant(thing, caller, self.exercises)
        exercise = self._find(name)
        its_name_alone = isinstance(thing, str) and thing == name
        attempt = value[0] if value else variables_of(caller).get(name, thing) if its_name_alone else thing
        self._passed.discard(name)
        if self._is_open(attempt):
            return self._still_to_do(exercise)
        finding = self.judge(exercise, attempt)
        if isinstance(finding, Accepted):
            self._passed.add(name)
            self._failures.pop(name, None)
            print(PASS.format(name))
            taken = finding.thing
        else:
            self._failures[name] = self._failures.get(name, 0) + 1
            print(plain(self._complaint(exercise, finding)))
            taken = exercise.reference
        answers.keep_tried(self, name, attempt, finding, caller)
        return taken

    def judge(self, exercise: FunctionExercise | DesignExercise, attempt: Any) -> Finding | Accepted:
        """What is wrong with this attempt, or what to go on with, whatever it does.

        Raises:
            ExerciseError: the exercise itself is amiss.
        """
        try:
            return exercise.examine(attempt, self._limit_s)
        except TimeoutError:
            return Finding(f"took more than {self._limit_s:g} seconds: does a loop never end?")
        except ExerciseError:
            raise
        except Exception as error:  # what no code of ours expected: a number too large for NumPy, a broken __eq__
            return Finding(f"it cannot be compared: {type(error).__name__}: {error}")

    def _is_open(self, attempt: Any) -> bool:
        try:
            return is_stub(attempt)
        except Exception:  # a plan that holds itself: judged, and refused there
            return False

    def _still_to_do(self, exercise: FunctionExercise | DesignExercise) -> Any:
        answers.keep_open(self, exercise.name)
        if exercise.name not in self._restored:
            print(TODO.format(exercise.name))
            return exercise.reference
        self._passed.add(exercise.name)
        print(RESTORED.format(exercise.name))
        return self._restored[exercise.name]

    def restore(self) -> None:
        """After a restart of the kernel: run the learner's kept answers of this notebook again, those that passed, judge each
        anew, and say what came of it. Nothing but their own lines runs, from their own file."""
        answers.restore(self, sys._getframe(1).f_globals)

    def take_back(self, name: str, thing: Any) -> None:
        """Go on with this answer, which has just been judged anew, also where a cell still holds its stub."""
        self._passed.add(name)
        self._restored[name] = thing

    def so_far(self) -> None:
        """Print how far this notebook is, and what comes next; silent wherever nothing is kept."""
        so_far(self.notebook)

    def mine(self, name: str) -> None:
        """Print the learner's own answer as it was kept: the last that passed, else the last."""
        print(answers.kept_in_words(self, self._find(name).name))

    def answer(self, name: str) -> None:
        """Print the course's own answer."""
        reference = self._find(name).reference
        data = f"{name} = {pprint.pformat(reference, sort_dicts=False)}"
        print(inspect.getsource(reference) if callable(reference) else data)

    def using(self, *names: str) -> str:
        """Whose answers the notebook goes on with, for result cells to repeat."""
        whose = {name: "yours" if self.has_passed(name) else "the course's" for name in self.exercises}
        return ", ".join(f"{name}: {whose[self._find(name).name]}" for name in names or self.exercises)

    def has_passed(self, name: str) -> bool:
        """Whether the notebook goes on with the learner's answer in this kernel."""
        return name in self._passed

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
