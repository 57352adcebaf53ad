"""A check can fail: every exercise of every notebook against its reference, its stub and known wrong answers."""

import dataclasses
import functools
import importlib
import threading
import time

import numpy as np
import pytest
import torch

from edgelab.course import judging
from edgelab.course.compare import kind
from edgelab.course.exercises import Checks, FunctionExercise, Mistake
from edgelab.course.judging import CONSTANT
from edgelab.course.outline import outlines
from edgelab.course.running import trace
from edgelab.workspace import PACKAGE
from tests import toy_checks
from tests.forms import FORMS, formed


def registries():
    """Each notebook's registry by its module's name, the toy's among them."""
    found = {"toy": toy_checks.check}
    for file in sorted(PACKAGE.glob("*/checks.py")):
        found[file.parent.name] = importlib.import_module(f"edgelab.{file.parent.name}.checks").check
    return found


def fresh(check, limit_s=10.0):
    """The same exercises in a kernel that has not seen any of them."""
    again = Checks(limit_s)
    again.exercises = check.exercises
    return again


EXERCISES = [
    pytest.param(check, exercise, id=f"{notebook}-{name}")
    for notebook, check in registries().items()
    for name, exercise in check.exercises.items()
]
FUNCTIONS = [p for p in EXERCISES if isinstance(p.values[1], FunctionExercise)]
MISTAKES = [
    pytest.param(*p.values, mistake, id=f"{p.id}-{mistake.name}") for p in EXERCISES for mistake in p.values[1].mistakes
]


def stub(*args, **kwargs):
    return ...


def shapes(case):
    values = []
    for value in case.values() if isinstance(case, dict) else case:
        values += vars(value).values() if dataclasses.is_dataclass(value) else [value]
    return tuple(
        np.shape(value) if hasattr(value, "shape") else len(value) for value in values if hasattr(value, "__len__")
    )


@pytest.mark.parametrize("check, exercise", EXERCISES)
def test_the_courses_own_answer_passes(check, exercise, capsys):
    check = fresh(check)
    assert check(exercise.name, exercise.reference) is exercise.reference
    printed = capsys.readouterr().out
    assert printed.startswith(f"[pass] {exercise.name}: ") and printed.isascii()
    assert check.using(exercise.name) == f"{exercise.name}: yours"


@pytest.mark.parametrize("check, exercise", EXERCISES)
def test_the_stub_is_still_to_do(check, exercise, capsys):
    check = fresh(check)
    untouched = stub if isinstance(exercise, FunctionExercise) else ...
    assert check(exercise.name, untouched) is exercise.reference
    assert capsys.readouterr().out.startswith(f"[todo] {exercise.name}: ")
    assert check.using(exercise.name) == f"{exercise.name}: the course's"


@pytest.mark.parametrize("check, exercise, mistake", MISTAKES)
def test_a_known_mistake_gets_its_own_hint(check, exercise, mistake, capsys):
    check = fresh(check)
    assert check(exercise.name, mistake.wrong) is exercise.reference
    first = capsys.readouterr().out
    assert first.startswith(f"[fail] {exercise.name}: ") and exercise.nudge in first and mistake.hint not in first
    assert check(exercise.name, mistake.wrong) is exercise.reference
    second = capsys.readouterr().out
    assert second.startswith(f"[fail] {exercise.name}: ") and second.isascii()
    assert f"hint: {mistake.hint}" in second


@pytest.mark.parametrize("check, exercise", EXERCISES)
def test_six_mistakes_with_hints_of_their_own(check, exercise):
    hints = [mistake.hint for mistake in exercise.mistakes]
    least = 3 if check is toy_checks.check else 6
    assert len(hints) >= least and len(set(hints)) == len(hints) and all(hint.isascii() for hint in hints)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("check, exercise", EXERCISES)
def test_a_right_answer_passes_in_any_form_and_comes_back_in_the_courses(check, exercise, form, capsys):
    answer = formed(exercise.reference, form)
    taken = fresh(check)(exercise.name, answer)
    assert capsys.readouterr().out.startswith(f"[pass] {exercise.name}: ")
    if not isinstance(exercise, FunctionExercise):
        assert types_in(taken) == types_in(exercise.reference)
        return
    for case in exercise.inputs():
        (call,), (expected,) = trace(taken, [case]), trace(exercise.reference, [case])
        assert call.raised is expected.raised and types_in(call.output) == types_in(expected.output)


def types_in(thing):
    """What it is made of, as far as a later cell may notice."""
    if isinstance(thing, dict):
        return {key: types_in(value) for key, value in thing.items()}
    if isinstance(thing, list | tuple):
        return type(thing), [types_in(part) for part in thing]
    number = np.asarray(thing).dtype.kind if kind(thing) == "a number" else None
    return number if number in ("i", "u", "f") else kind(thing)


def test_a_lambda_and_a_function_named_otherwise_are_known_by_their_place(check, capsys):
    cell = "soften = mine; soften = check(soften)"
    for mine in (lambda logits, temperature: toy_checks.soften(logits, temperature), toy_checks.soften_in_place):
        exec(cell, {"mine": mine, "check": check})
        assert "] soften: " in capsys.readouterr().out
    exec("earlier = soften; threshold = soften; threshold = check(threshold)", {"soften": stub, "check": check})
    assert "] threshold: " in capsys.readouterr().out
    exec("plan = [3]; plan = check(plan)", {"check": check})
    assert "[fail] plan: expected a dict, got a list" in capsys.readouterr().out


@pytest.mark.parametrize(
    "cell, verdict",
    [
        ("soften = None; soften = check(soften)", "[fail] soften: expected a function, got None"),
        ("soften = check(3)", "[fail] soften: expected a function, got a number"),
        ("soften = check(right(np.ones((2, 2)), 1.0))", "[fail] soften: expected a function, got an array"),
        ("soften = check(functools.partial(right))", "[pass] soften"),
        ("soften = check(lambda logits, temperature: right(logits, temperature))", "[pass] soften"),
        ("threshold = check(0.5)", "[pass] threshold"),
        ("plan = threshold = 0.5; plan = check(plan)", "[fail] plan: expected a dict, got a number"),
        ("soften = right; check('soften')", "[pass] soften"),
        ("plan = 'soften'; check('plan')", "[fail] plan: expected a dict, got text"),
        ("mine = {'seeds': 3, 'split': ...}; plan = check(mine)", "[todo] plan"),
    ],
)
def test_whatever_is_given_the_name_of_an_exercise_is_judged(check, cell, verdict, capsys):
    exec(cell, {"check": check, "right": toy_checks.soften, "np": np, "functools": functools})
    assert capsys.readouterr().out.startswith(verdict)


@pytest.mark.parametrize("check, exercise", FUNCTIONS)
def test_a_hard_coded_answer_is_seen(check, exercise, capsys):
    check, inputs = fresh(check), exercise.inputs()
    right = exercise.reference(**inputs[0]) if isinstance(inputs[0], dict) else exercise.reference(*inputs[0])

    def hard_coded(*args, **kwargs):
        return right

    for _ in range(2):
        assert check(exercise.name, hard_coded) is exercise.reference
    assert CONSTANT in capsys.readouterr().out


@pytest.mark.parametrize("check, exercise", [p for p in EXERCISES if p not in FUNCTIONS])
@pytest.mark.parametrize("junk", [None, 0, "", [], {}], ids=repr)
def test_a_design_of_nothing_fails(check, exercise, junk, capsys):
    assert fresh(check)(exercise.name, junk) is exercise.reference
    assert capsys.readouterr().out.startswith("[fail]")


@pytest.mark.parametrize("check, exercise", FUNCTIONS)
def test_the_inputs_vary(check, exercise):
    inputs = exercise.inputs()
    met = {str(shapes(case)) for case in inputs}
    assert len(met) >= 2 or met == {"()"}, "an answer should meet two shapes or more, unless it is given numbers alone"
    assert len({str(case) for case in inputs}) > len(inputs) / 2, "the seeds should matter"


def test_every_registry_says_its_notebook_and_the_notebook_its_exercises():
    by_notebook = {check.notebook: list(check.exercises) for name, check in registries().items() if name != "toy"}
    assert by_notebook == {outline.name: list(outline.exercises) for outline in outlines()}


# The machinery itself, on the toy.


@pytest.fixture
def check():
    return fresh(toy_checks.check, limit_s=1.0)


def fails(check, name, answer, capsys, times=1):
    for _ in range(times):
        assert check(name, answer) is check.exercises[name].reference
    printed = capsys.readouterr().out
    assert printed.startswith(f"[fail] {name}: ") and printed.endswith("going on with the course's own answer\n")
    return printed


def test_first_a_nudge_then_the_diagnosis_then_praise(check, capsys):
    def soften(logits, temperature):
        return np.ones(logits.shape) / logits.shape[1]

    first = fails(check, "soften", soften, capsys)
    assert "nudge: what must each row sum to" in first and "expected [[" not in first
    second = fails(check, "soften", soften, capsys)
    assert "expected [[" in second and "got [[0.33333, 0.33333" in second and "for logits = [[" in second
    assert 'check.answer("soften")' in second
    assert check(toy_checks.soften) is toy_checks.soften
    assert capsys.readouterr().out.startswith("[pass] soften")
    assert "nudge" in fails(check, "soften", soften, capsys)
    assert check.using("soften", "plan") == "soften: the course's, plan: the course's"


@pytest.mark.parametrize(
    "answer, words",
    [
        (lambda logits, temperature: None, "expected an array, got None: is there a return?"),
        (lambda logits, temperature: 0.5, "expected an array, got a number"),
        (lambda logits, temperature: {1: 2}, "expected an array, got a dict"),
        (lambda logits, temperature: torch.tensor(logits), "expected an array, got a tensor"),
        (lambda logits, temperature: toy_checks.soften(logits, temperature).T, "expected the shape (2, 3), got (3, 2)"),
        (lambda logits, temperature: logits * np.nan, "it contains NaN"),
        (lambda logits, temperature: logits / 0, "it contains infinity"),
        (lambda logits, temperature: logits[1000], "raised IndexError: index 1000 is out of bounds"),
        (lambda logits: logits, "raised TypeError"),
        (lambda logits, temperature: exit(), "raised SystemExit"),
        (
            lambda logits, temperature: toy_checks.soften(logits, temperature) + 1e-4,
            "the values differ by up to 0.0001",
        ),
        (0.5, "expected a function, got a number"),
    ],
)
def test_what_is_wrong_is_said_at_once_and_in_words(check, answer, words, capsys):
    assert words in fails(check, "soften", answer, capsys)


def test_changed_inputs_fail_even_if_the_values_are_right(check, capsys):
    printed = fails(check, "soften", toy_checks.soften_in_place, capsys, times=2)
    assert "changes its own input" in printed and "use / instead" in printed


def test_an_endless_loop_is_stopped(capsys):
    check, threads = fresh(toy_checks.check, limit_s=0.2), threading.active_count()

    def soften(logits, temperature):
        while True:
            time.sleep(0.001)

    assert "took more than 0.2 seconds" in fails(check, "soften", soften, capsys)
    deadline = time.monotonic() + 5
    while threading.active_count() > threads and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == threads


def test_a_right_answer_may_round_differently_and_draw_from_its_generator(capsys):
    def shuffled(values, rng):
        return rng.permutation(values)

    check = Checks()
    check.function(
        shuffled,
        cases=lambda rng: [(np.arange(n), np.random.default_rng(n)) for n in (4, 9)],
        nudge="",
        mistakes=(),
    )
    check("shuffled", lambda values, rng: rng.permutation(values) + 0.25)
    assert "expected values of type int64, got float64" in capsys.readouterr().out
    whole = check("shuffled", lambda values, rng: rng.permutation(values) * (1 + 1e-9) // 1)
    assert "[pass]" in capsys.readouterr().out and whole(np.arange(3), np.random.default_rng(0)).dtype.kind == "i"
    check("shuffled", lambda values, rng: values[rng.permutation(len(values))])
    assert "[pass]" in capsys.readouterr().out


def test_a_tensor_keeps_its_gradient(capsys):
    def loss(logits, targets):
        return ((logits - targets) ** 2).mean()

    check = Checks()
    check.function(
        loss,
        cases=lambda rng: [
            {"logits": torch.ones(n, requires_grad=True), "targets": torch.tensor(rng.normal(size=n))} for n in (2, 5)
        ],
        nudge="",
        mistakes=(Mistake("sum", lambda logits, targets: ((logits - targets) ** 2).sum(), "mean, not sum."),),
    )
    check("loss", lambda logits, targets: loss(logits.detach(), targets))
    assert "lost its gradient" in capsys.readouterr().out
    check("loss", lambda logits, targets: ((logits - targets) ** 2).sum())
    assert "hint: mean, not sum." in capsys.readouterr().out
    assert check(loss) is loss


def test_a_mistake_is_known_in_whole_numbers_too(capsys):
    def above(value, least):
        return max(0.0, value - least)

    never = Mistake("never", lambda value, least: 0.0, "some are above.")
    check = Checks()
    check.function(above, cases=lambda rng: [(rng.uniform(2, 3), 1.0), (1.0, 4.0)], nudge="?", mistakes=(never,))
    assert "hint: some are above." in fails(check, "above", lambda value, least: 0, capsys, times=2)


class TooHot(ValueError):
    pass


def cooled(degrees, most):
    if degrees > most:
        raise TooHot("too hot")
    return degrees


def test_an_error_can_be_the_right_answer(capsys):
    check = Checks()
    never = Mistake("never refused", lambda degrees, most: degrees, "above the most it should refuse")
    swapped = Mistake("the wrong way", lambda degrees, most: cooled(most, degrees), "which of the two is the most?")
    check.function(
        cooled, cases=lambda rng: [(3.0, 4.0), (rng.uniform(5, 9), 4.0)], nudge="?", mistakes=(never, swapped)
    )

    def right(degrees, most):
        if degrees > most:
            raise type("OfMyOwn", (TooHot,), {})("in other words")
        return degrees

    assert check("cooled", right) is right and capsys.readouterr().out.startswith("[pass]")
    assert "expected it to raise TooHot, it returned" in fails(check, "cooled", never.wrong, capsys)
    assert "hint: above the most it should refuse" in fails(check, "cooled", never.wrong, capsys)

    def another(degrees, most):
        return degrees if degrees <= most else int("?")

    assert "expected it to raise TooHot, it raised ValueError" in fails(check, "cooled", another, capsys)

    def on_every_call(degrees, most):
        raise TooHot

    assert "raised TooHot" in fails(check, "cooled", on_every_call, capsys)

    def the_wrong_way(degrees, most):
        if most > degrees:
            raise TooHot("said otherwise")
        return most

    assert "hint: which of the two is the most?" in fails(check, "cooled", the_wrong_way, capsys, times=2)


def test_designs_are_judged_by_what_they_do(check, capsys):
    assert check("plan", {"seeds": 5, "split": "validation"}) == {"seeds": 5, "split": "validation"}
    assert check("threshold", 0.51) == 0.51
    assert capsys.readouterr().out.count("[pass]") == 2
    assert "expected a score of at least 0.95, got 0.8416" in fails(check, "threshold", 0.35, capsys)
    assert "expected a dict, got a list" in fails(check, "plan", [3], capsys)
    assert "it cannot be used: KeyError: 'seeds'" in fails(check, "plan", {}, capsys)
    printed = fails(check, "plan", {"seeds": 2, "split": "test"}, capsys)
    assert "2 seeds cannot show" in printed and "a model is chosen on validation, not on test" in printed


class Unwilling:
    """Neither shown nor compared."""

    def __repr__(self):
        raise RuntimeError("not me")

    __eq__ = __len__ = __array__ = __repr__


@pytest.mark.parametrize("name", ["soften", "plan", "threshold"])
@pytest.mark.parametrize(
    "odd", [Unwilling(), 10**400, object(), iter(()), Unwilling], ids=lambda odd: type(odd).__name__
)
def test_no_answer_however_odd_crashes_a_check(check, name, odd, capsys):
    fails(check, name, odd, capsys)
    fails(check, name, lambda *args: odd, capsys, times=2)


@pytest.mark.parametrize(
    "vast", [np.zeros(10**6), np.broadcast_to(True, (10**12,)), [1.0] * 10**6], ids=["array", "view", "list"]
)
def test_a_vast_answer_is_neither_shown_nor_compared_part_by_part(check, vast, capsys, monkeypatch):
    compared = []
    monkeypatch.setattr(judging, "same", lambda a, b, *tolerances: compared.append((a, b)) or a is b)
    fails(check, "soften", lambda *args: vast, capsys, times=2)
    assert not any(a is vast and b is vast for a, b in compared)


@pytest.mark.parametrize("type_", [object, complex], ids=["objects", "complex"])
def test_numbers_in_an_array_of_anything_are_none(check, type_, capsys):
    printed = fails(check, "soften", lambda *args: toy_checks.soften(*args).astype(type_), capsys)
    assert "expected values of type float64, got" in printed


def test_a_plan_that_holds_itself_crashes_no_check(check, capsys):
    plan = {}
    plan["plan"] = plan
    fails(check, "plan", plan, capsys)


def test_a_score_without_a_bar_is_the_courses_own_fault():
    check = Checks()
    check.design("threshold", 0.5, judge=toy_checks.coverage, nudge="", mistakes=())
    with pytest.raises(TypeError, match="threshold: expected complaints or, for a score, a bar"):
        check("threshold", 0.5)


def test_the_answer_is_the_librarys_own_source(check, capsys):
    check.answer("soften")
    assert "powers.sum(axis=1" in capsys.readouterr().out
    check.answer("plan")
    assert capsys.readouterr().out == "plan = {'seeds': 3, 'split': 'validation'}\n"


def test_an_unknown_exercise_names_the_known_ones(check):
    for call in (lambda: check(stub), lambda: check("sofften", stub), lambda: check.answer("x"), lambda: check(3)):
        with pytest.raises(ValueError, match="this notebook's are: soften, plan, threshold"):
            call()
