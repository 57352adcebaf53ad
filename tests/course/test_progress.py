"""Progress is computed from the journal alone: what passes, how near guesses were, minutes, what comes next."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from edgelab.course import journal
from edgelab.course.journal import Event, Journal
from edgelab.course.notebooks import COURSE
from edgelab.course.outline import Outline
from edgelab.course.progress import as_json, exercise, minutes, next_step, overview, parts, told
from edgelab.course.progress_shown import so_far
from tests.course.learners import Kernel, in_work

START = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
OUTLINES = [
    Outline("00_start_here", ("runs_where", "plausible"), {"retention": "a student keeps", "gap": "how far"}),
    Outline("01_distillation", ("soften", "kd_loss"), {"retention": "a far smaller student keeps"}),
    Outline("06_tiers", ("compare",), {}),
]


def made(*events):
    """A journal of (minute, event, values)."""
    found = [Event((START + timedelta(minutes=minute)).isoformat(), kind, **values) for minute, kind, values in events]
    return Journal("progress.jsonl", tuple(found))


def tried(minute, name, verdict="pass", notebook="00_start_here", **more):
    return minute, "check", {"notebook": notebook, "exercise": name, "verdict": verdict, **more}


def test_minutes_leave_pauses_out_and_go_to_the_notebook_at_work():
    events = made(
        tried(0, "a"), tried(4, "a"), tried(18, "b"), tried(60, "b"), tried(61, "c", notebook="01_distillation")
    ).events
    assert minutes(events) == {"00_start_here": 18.0, "01_distillation": 1.0}
    assert minutes(events[:1]) == minutes(()) == {}


def test_the_minutes_of_two_kernels_at_once_are_not_counted_twice():
    events = made(*(tried(n, "a", notebook=f"0{n % 2}") for n in range(11))).events
    assert sum(minutes(events).values()) == 10


@pytest.mark.parametrize(
    ("verdicts", "state", "tries", "done"),
    [
        ([], "to do", 0, False),
        (["todo"], "to do", 0, False),
        (["fail", "todo"], "does not pass yet", 1, False),
        (["fail", "pass"], "passes", 2, True),
        (["pass", "todo"], "passes", 1, True),
        (["pass", "fail"], "passed, the last try did not", 2, True),
    ],
)
def test_the_state_of_an_exercise(verdicts, state, tries, done):
    events = made(*(tried(n, "a", verdict) for n, verdict in enumerate(verdicts)), tried(9, "b")).events
    found = exercise("a", events)
    assert (found.state, found.tries, found.done) == (state, tries, done)


def guessed(minute, key, value, kind="guess"):
    return minute, kind, {"key": key, "value": value, "unit": "%", "notebook": "00_start_here"}


def test_a_guess_stands_beside_its_result_wherever_that_was_measured():
    first, second, *_ = parts(made(guessed(0, "retention", 90.0), guessed(1, "retention", 98.5, "result")), OUTLINES)
    assert first.predictions[0].in_words == "you guessed 90 %; measured 98.5 %: 8.5 % more than you thought"
    assert second.predictions[0].question == "a far smaller student keeps"
    assert first.predictions[1].in_words == "not guessed yet"
    (lone, *_), *_ = (part.predictions for part in parts(made(guessed(0, "retention", 90.0)), OUTLINES))
    assert lone.in_words == "you guessed 90 %; not measured yet"


def test_what_comes_next():
    names = {name: path for name, _, path, _ in COURSE}

    def step(*events):
        found = made(*events)
        outlines = OUTLINES + [Outline(name, ("x",)) for name in names if name not in {o.name for o in OUTLINES}]
        return next_step(parts(found, outlines), found)

    assert step() == "00_start_here, exercise runs_where"
    assert step(tried(0, "runs_where")) == "00_start_here, exercise plausible"
    start = [tried(0, "runs_where"), tried(1, "plausible")]
    assert step(*start) == "01_distillation, exercise soften"
    assert step(*start, tried(2, "compare", "fail", "06_tiers")) == "06_tiers, exercise compare"
    assert step(*start, tried(2, "compare", "pass", "06_tiers")) == "10_selection, exercise x"
    everything = [tried(n, e, notebook=o.name) for o in OUTLINES for n, e in enumerate(o.exercises)]
    rest = [tried(9, "x", notebook=name) for name in names if name not in {o.name for o in OUTLINES}]
    core = [event for event in rest if names[event[2]["notebook"]] == "core"]
    assert step(*everything, *core) == "07_personalization, an elective"
    assert step(*everything, *rest).startswith("your own data: edgelab build")


def test_in_words_and_as_json():
    found = made(
        tried(0, "runs_where", "fail", source="runs_where = 3", problem="expected a dict"),
        tried(3, "runs_where", source="runs_where = {}"),
        guessed(4, "gap", 3.0),
        guessed(5, "gap", 5.0, "result"),
    )
    course = parts(found, OUTLINES)
    assert overview(course, found) == [
        "00_start_here  1 of 2 exercises pass, 1 of 2 predictions made, 5 minutes (of about 35)",
        "next: 00_start_here, exercise plausible",
    ]
    assert "  runs_where  passes" in told(course[0]) and "  plausible   to do" in told(course[0])
    document = json.loads(json.dumps(as_json(course, found, "1.0"), allow_nan=False))
    first = document["notebooks"][0]
    assert first["exercises"][0] == {
        "name": "runs_where",
        "state": "passes",
        "tries": 2,
        "passed_at": "2026-11-30T09:03:00+00:00",
        "answer": "runs_where = {}",
        "failed_at": "2026-11-30T09:00:00+00:00",
        "failed_answer": "runs_where = 3",
        "problem": "expected a dict",
    }
    assert first["predictions"][1]["difference"] == 2.0 and first["minutes"] == 5.0
    assert [part["name"] for part in document["notebooks"]] == [name for name, *_ in COURSE]


def test_without_the_courses_folder_what_was_met_is_told():
    found = made(
        (0, "ask", {"notebook": "01_distillation", "key": "k", "question": "q"}),
        tried(1, "soften", notebook="01_distillation"),
    )
    part = parts(found, [Outline(name) for name, *_ in COURSE])[1]
    assert [e.name for e in part.exercises] == ["soften"] and [p.question for p in part.predictions] == ["q"]


def test_a_notebook_shows_it_and_is_silent_for_a_beginner_and_in_a_test(tmp_path, monkeypatch, capsys):
    so_far()
    so_far("01_distillation")
    place = in_work(monkeypatch, tmp_path)
    so_far()
    journal.keep("ask", notebook="00_start_here", key="retention", question="q")
    so_far()
    so_far("00_start_here")
    assert capsys.readouterr().out == ""
    kernel = Kernel()
    kernel.run("def kd_loss(a):\n    return a\nthreshold = check('threshold', 0.51)")
    journal.keep("check", notebook="01_distillation", exercise="soften", verdict="pass")
    capsys.readouterr()
    kernel.run("check.so_far()")
    shown = capsys.readouterr().out
    assert shown.startswith("you, so far: 1 of 11 exercises pass, 0 of 10 predictions made, 0 minutes (of about 75)\n")
    assert shown.splitlines()[1].startswith("still to do: divergence, kd_loss, ")
    assert max(map(len, shown.splitlines())) <= 88
    so_far()
    assert "next: 01_distillation, exercise divergence" in capsys.readouterr().out
    with place.open("ab") as stream:
        stream.write(b"half a li")
    so_far()
    assert "1 line is not the course's" in capsys.readouterr().out
    place.unlink()
    place.mkdir()
    so_far()
    assert "cannot be read" in capsys.readouterr().out
