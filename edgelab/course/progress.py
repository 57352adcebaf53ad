"""How far a learner is: what passes, what was predicted and how near it was, minutes so far, what comes next.

All of it is computed from the learner's journal (`journal`), which lies beside their notebooks and goes nowhere.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from edgelab.course.journal import Event, Journal
from edgelab.course.notebooks import COURSE
from edgelab.course.outline import Outline
from edgelab.course.prediction import Guess, beside

PAUSE = timedelta(minutes=15)  # twice what the slowest exercise is promised to take; a longer gap is a pause
HOW_COUNTED = (
    f"minutes: from one check, guess or result to the next; where that took over {PAUSE.seconds // 60}, it was a pause and "
    "does not count"
)
PASSES, OPEN, LAST_FAILED, FAILS = "passes", "to do", "passed, the last try did not", "does not pass yet"


@dataclass(frozen=True)
class Exercise:
    """How far an exercise is: `state`, how often it was tried, when it last passed, the kept answer and the last attempt
    that did not pass."""

    name: str
    state: str = OPEN
    tries: int = 0
    passed: Event | None = None
    failed: Event | None = None

    @property
    def done(self) -> bool:
        """Whether an answer of the learner's has passed."""
        return self.passed is not None


@dataclass(frozen=True)
class Prediction:
    """A question with the learner's guess and the result, each as it was last kept."""

    key: str
    question: str
    guess: Event | None = None
    result: Event | None = None

    @property
    def in_words(self) -> str:
        """Both side by side."""
        guess = Guess(self.guess.value or 0.0, self.guess.unit, "") if self.guess else None
        if self.result and self.result.value is not None:
            return beside(guess, self.result.value, self.result.unit)
        return (
            f"you guessed {guess.value:.4g} {guess.unit}".rstrip() + "; not measured yet"
            if guess
            else "not guessed yet"
        )


@dataclass(frozen=True)
class Part:
    """Of one notebook: the minutes so far and those promised, its exercises and its predictions."""

    name: str
    path: str
    promised: int
    minutes: float
    exercises: tuple[Exercise, ...]
    predictions: tuple[Prediction, ...]

    @property
    def begun(self) -> bool:
        """Whether the learner has tried or guessed anything in it."""
        return any(e.tries for e in self.exercises) or any(p.guess for p in self.predictions)

    @property
    def left(self) -> tuple[str, ...]:
        """The exercises that never passed."""
        return tuple(e.name for e in self.exercises if not e.done)

    @property
    def in_words(self) -> str:
        """How far it is, in a line."""
        guessed = sum(p.guess is not None for p in self.predictions)
        return (
            f"{len(self.exercises) - len(self.left)} of {len(self.exercises)} exercises pass, "
            f"{guessed} of {len(self.predictions)} predictions made, {self.minutes:.0f} minutes"
        )


def parts(journal: Journal, outlines: Sequence[Outline]) -> tuple[Part, ...]:
    """How far each notebook of the course is, in order."""
    spent = minutes(journal.events)
    of_key = {kind: {e.key: e for e in journal.events if e.event == kind} for kind in ("ask", "guess", "result")}
    found = []
    known = {outline.name: outline for outline in outlines}
    for name, _, path, promised in COURSE:
        own = [event for event in journal.events if event.notebook == name]
        outline = known.get(name, Outline(name))
        names = outline.exercises or tuple(dict.fromkeys(e.exercise for e in own if e.event == "check"))
        questions = outline.questions or {e.key: e.question for e in own if e.event == "ask"}
        found.append(
            Part(
                name,
                path,
                promised,
                spent.get(name, 0.0),
                tuple(exercise(each, own) for each in names),
                tuple(
                    Prediction(key, question, of_key["guess"].get(key), of_key["result"].get(key))
                    for key, question in questions.items()
                ),
            )
        )
    return tuple(found)


def exercise(name: str, events: Sequence[Event]) -> Exercise:
    """How far one exercise is, from its notebook's events in order."""
    tried = [e for e in events if e.event == "check" and e.exercise == name and e.verdict != "todo"]
    passed = next((e for e in reversed(tried) if e.verdict == "pass"), None)
    failed = next((e for e in reversed(tried) if e.verdict == "fail"), None)
    if not tried:
        state = OPEN
    elif passed is None:
        state = FAILS
    else:
        state = PASSES if tried[-1] is passed else LAST_FAILED
    return Exercise(name, state, len(tried), passed, failed)


def minutes(events: Sequence[Event]) -> Mapping[str, float]:
    """By notebook: the time from one event to the next, if that is no pause, for the notebook of the later one."""
    spent: dict[str, float] = {}
    for before, after in zip(events, events[1:], strict=False):
        gap = after.time - before.time
        if gap <= PAUSE:
            spent[after.notebook] = spent.get(after.notebook, 0.0) + gap.total_seconds() / 60
    return spent


def next_step(parts: Sequence[Part], journal: Journal) -> str:
    """Where to go on: in the notebook that was last at work, then along the core path, then in the electives."""
    names = [part.name for part in parts]
    last = next((names.index(e.notebook) for e in reversed(journal.events) if e.notebook in names), 0)
    core = [part for part in parts if part.path == "core"]
    electives = [part for part in parts if part.path != "core" and part.begun]
    for part in [parts[last], *(p for p in core if p.name > parts[last].name), *core, *electives]:
        if part.left:
            return f"{part.name}, exercise {part.left[0]}"
    fresh = next((part.name for part in parts if not part.begun), None)
    return f"{fresh}, an elective" if fresh else "your own data: edgelab build --data my_data.csv --out my_model"


def told(part: Part) -> list[str]:
    """Everything of one notebook, in lines."""
    width = max([len(e.name) for e in part.exercises], default=0)
    lines = [f"{part.name}: {part.in_words} (of about {part.promised})"]
    for each in part.exercises:
        lines.append(f"  {each.name:<{width}}  {each.state}")
    width = max([len(p.question) for p in part.predictions], default=0)
    lines += [f"  {p.question:<{width}}  {p.in_words}" for p in part.predictions]
    return lines


def overview(parts: Sequence[Part], journal: Journal) -> list[str]:
    """The notebooks that were begun, a line each, and what comes next; a single line where nothing was."""
    begun = [part for part in parts if part.begun]
    width = max([len(part.name) for part in begun], default=0)
    lines = [f"{part.name:<{width}}  {part.in_words} (of about {part.promised})" for part in begun]
    return [*lines, f"next: {next_step(parts, journal)}"]


def as_json(parts: Sequence[Part], journal: Journal, version: str) -> dict:
    """The whole for a file: the form is told by `edgelab progress --help`."""
    return {
        "form": "edgelab progress 1",
        "edgelab": version,
        "written_at": datetime.now().astimezone().isoformat(timespec="seconds"),
        "pause_minutes": PAUSE.seconds / 60,
        "next": next_step(parts, journal),
        "skipped_lines": journal.skipped,
        "notebooks": [
            {
                "name": part.name,
                "minutes": round(part.minutes, 1),
                "promised_minutes": part.promised,
                "exercises": [_exercise_as_json(each) for each in part.exercises],
                "predictions": [_prediction_as_json(each) for each in part.predictions],
            }
            for part in parts
        ],
    }


def _exercise_as_json(each: Exercise) -> dict:
    passed, failed = each.passed, each.failed
    return {
        "name": each.name,
        "state": each.state,
        "tries": each.tries,
        "passed_at": passed and passed.at,
        "answer": passed and passed.source,
        "failed_at": failed and failed.at,
        "failed_answer": failed and failed.source,
        "problem": failed and failed.problem,
    }


def _prediction_as_json(each: Prediction) -> dict:
    guess, result = each.guess, each.result
    guessed, measured = guess.value if guess else None, result.value if result else None
    difference = math.nan if guessed is None or measured is None else measured - guessed
    return {
        "key": each.key,
        "question": each.question,
        "guess": guessed,
        "guessed_at": guess and guess.at,
        "measured": measured,
        "measured_at": result and result.at,
        "unit": result.unit if result else guess.unit if guess else "",
        "difference": difference if math.isfinite(difference) else None,  # JSON has no infinity
    }
