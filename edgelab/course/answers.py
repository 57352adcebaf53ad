"""The learner's own answers: kept when they are judged, and brought back into a new kernel.

Kept is Python (`replay`), in the learner's journal, and only there. What is brought back runs as if the learner ran their
cell again, and is judged again by its check.
"""

import os
from collections.abc import Mapping
from types import FrameType
from typing import Any, Protocol

from edgelab.course.compare import plain
from edgelab.course.journal import Event, keep, read
from edgelab.course.judging import Accepted, DesignExercise, Finding, FunctionExercise
from edgelab.course.kept import KeptError
from edgelab.course.replay import Source, run_again, source_of, used_by
from edgelab.course.results import wrapped
from edgelab.course.session import own_place

NOWHERE = "nothing is kept here: answers are kept where a notebook is opened from work/ (`edgelab lab`)"
AGAIN = "run those above it, then check.restore() once more"


class Registry(Protocol):
    """The exercises of a notebook, as `exercises.Checks` holds them."""

    notebook: str
    exercises: dict[str, FunctionExercise | DesignExercise]

    def judge(self, exercise: FunctionExercise | DesignExercise, attempt: Any) -> Finding | Accepted:
        """What is wrong with an attempt, or what to go on with."""

    def has_passed(self, name: str) -> bool:
        """Whether the notebook goes on with the learner's answer."""

    def take_back(self, name: str, thing: Any) -> None:
        """Go on with an answer of an earlier kernel."""


def keep_open(check: Registry, name: str) -> None:
    """That the stub was met."""
    if check.notebook:
        keep("check", notebook=check.notebook, exercise=name, verdict="todo")


def keep_tried(check: Registry, name: str, attempt: Any, finding: Finding | Accepted, caller: FrameType) -> None:
    """How an attempt was judged, and the attempt itself; of a learner's own kernel only."""
    if not check.notebook or own_place() is None:
        return
    passed = isinstance(finding, Accepted)
    thing = finding.thing if isinstance(finding, Accepted) and not callable(attempt) else attempt
    try:
        source = source_of(name, thing, caller, check, check.exercises)
    except Exception:  # whatever stands in a learner's cells: without its lines the verdict is kept all the same
        source = None
    source = source or Source("")
    values = {"exercise": name, "verdict": "pass" if passed else "fail", "source": source.text, "needs": source.needs}
    problem = "" if isinstance(finding, Accepted) else plain(finding.problem)[:500]
    keep("check", notebook=check.notebook, problem=problem, **values)


def restore(check: Registry, scope: dict[str, Any]) -> None:
    """Bring back the answers of this notebook that passed, among these names, and say of each what came of it."""
    try:
        kept = {name: event for name, event in _kept(check).items() if event.verdict == "pass"}
    except KeptError as error:
        print(error)
        return
    if not kept:
        print(f"nothing to restore: no answer of {check.notebook} has passed yet")
        return
    for name in (name for name in check.exercises if name in kept):
        if check.has_passed(name):
            print(f"[pass] {name}: it is yours already")
        else:
            print(plain(_bring_back(check, name, kept[name], scope)))
    left = [name for name in check.exercises if name not in kept]
    print(wrapped(f"not passed yet: {', '.join(left)}") if left else "those are all exercises of this notebook")
    keep("restore", notebook=check.notebook)


def kept_in_words(check: Registry, name: str) -> str:
    """The answer kept for this exercise, or that there is none."""
    try:
        event = _kept(check).get(name)
    except KeptError as error:
        return str(error)
    if event is None:
        return f"no answer of yours is kept for {name}"
    return event.source or f"your answer to {name} of {_when(event)} was kept without its lines"


def _kept(check: Registry) -> Mapping[str, Event]:
    """By exercise the last attempt that passed with its lines, else the last that passed, else the last one.

    Raises:
        KeptError: there is no journal of this kernel's learner, or it cannot be read, or is somebody else's.
    """
    file = own_place()
    if file is None or not check.notebook:
        raise KeptError(NOWHERE)
    if file.exists() and hasattr(os, "getuid") and os.getuid() not in (0, owner := file.stat().st_uid):
        raise KeptError(f"{file}: expected your own file, found that of user {owner}: nothing of it is run")
    found: dict[str, Event] = {}
    for event in read(file).events:
        tried = (
            event.notebook == check.notebook and event.verdict in ("pass", "fail") and event.exercise in check.exercises
        )
        before = found.get(event.exercise)
        if tried and (before is None or _rank(event) >= _rank(before)):
            found[event.exercise] = event
    return found


def _rank(event: Event) -> tuple[bool, bool]:
    return event.verdict == "pass", event.verdict == "pass" and bool(event.source)


def _bring_back(check: Registry, name: str, event: Event, scope: dict[str, Any]) -> str:
    """Run and judge one answer; what came of it.

    Raises:
        KeyboardInterrupt: the learner's, of lines that never end.
    """
    exercise = check.exercises[name]
    if not event.source:
        return f"[todo] {name}: it passed on {_when(event)}, but was kept without its lines: run its cell again"
    if absent := [needed for needed in event.needs if needed not in scope]:
        return f"[todo] {name}: your answer uses {', '.join(absent)}, which cells of this notebook make: {AGAIN}"
    try:
        for other in used_by(event.source) & set(check.exercises):
            scope.setdefault(other, check.exercises[other].reference)  # as that one's check would
        attempt = run_again(name, event.source, scope)
        finding = check.judge(exercise, attempt)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # whatever the lines raise: the other answers come back all the same
        finding = Finding(f"{type(error).__name__}: {_said(error)}")
    if isinstance(finding, Accepted):
        check.take_back(name, finding.thing)
        scope[name] = finding.thing
        return f"[pass] {name}: your answer of {_when(event)} is back; it holds on every case"
    scope[name] = exercise.reference
    show = f'check.mine("{name}") shows your answer of {_when(event)}'
    return f"[fail] {name}: {finding.problem}\n       {show}; going on with the course's own"


def _said(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # its own words raise, too
        return "it does not say why"


def _when(event: Event) -> str:
    return f"{event.time.astimezone():%Y-%m-%d %H:%M}"
