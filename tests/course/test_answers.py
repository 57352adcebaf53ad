"""An answer that passed is there again in a new kernel, whatever it is made of; or it is said why not."""

import json
import os

import pytest

from edgelab.course import answers, journal
from tests import toy_checks
from tests.course.learners import NOTEBOOK, Kernel, in_work, toy

BODY = """    scaled = logits / temperature
    powers = np.exp(scaled - scaled.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)
"""
FUNCTION = f"import numpy as np\n\n\ndef soften(logits, temperature):\n{BODY}\n\nsoften = check(soften)"
WAYS = {  # cells, the last of which checks
    "a function with its import": [FUNCTION],
    "an import of an earlier cell": [
        "import numpy as np\nfrom math import tau",
        f"def soften(logits, temperature):\n{BODY}\nsoften = check(soften)",
    ],
    "a helper of an earlier cell": [
        "import numpy as np",
        "SMALL = 0.0\ndef helper(x):\n    return np.exp(x - x.max(axis=1, keepdims=True)) + SMALL",
        "def soften(a, b):\n    e = helper(a / b)\n    return e / e.sum(axis=1)[:, None]\n\nsoften = check(soften)",
    ],
    "a helper below": [
        "import numpy as np\ndef soften(a, b):\n    return helper(a / b)\n\n"
        "def helper(x):\n    e = np.exp(x - x.max(axis=1, keepdims=True))\n    return e / e.sum(1, keepdims=True)\n"
        "soften = check(soften)"
    ],
    "a helper that was mended": [
        "import numpy as np",
        "def helper(x):\n    return x",
        "def helper(x):\n    e = np.exp(x - x.max(axis=1, keepdims=True))\n    return e / e.sum(1, keepdims=True)",
        "def soften(a, b):\n    return helper(a / b)\nsoften = check(soften)",
    ],
    "a lambda": ["from tests.toy_checks import soften as s", "soften = lambda a, b: s(a, b)\nsoften = check(soften)"],
    "a lambda in the call": ["import tests.toy_checks", "soften = check(lambda a, b: tests.toy_checks.soften(a, b))"],
    "another name": ["from tests import toy_checks\nmine = toy_checks.soften\nsoften = check('soften', mine)"],
    "on one line": ["from tests.toy_checks import soften as s; soften = lambda a, b: s(a, b); soften = check(soften)"],
    "a partial": [
        "import functools\nfrom tests.toy_checks import soften as s\nsoften = functools.partial(s)\nsoften = check(soften)"
    ],
    "decorated": [
        "import functools\nfrom tests.toy_checks import soften as s\n\n@functools.wraps(s)\ndef soften(*a):\n    return s(*a)\n"
        "soften = check(soften)"
    ],
    "of a class of one's own": [
        "from dataclasses import dataclass\nfrom tests.toy_checks import soften as s\n\n@dataclass\nclass Warm:\n    t: float\n\n"
        "    def over(self, z):\n        return s(z, self.t)",
        "def soften(logits, temperature):\n    return Warm(temperature).over(logits)\nsoften = check(soften)",
    ],
    "a closure": [
        "from tests.toy_checks import soften as s\ndef maker(f):\n    def inner(a, b):\n        return f(a, b)\n    return inner",
        "soften = maker(s)\nsoften = check(soften)",
    ],
    "defined in an earlier cell": [FUNCTION.replace("\n\nsoften = check(soften)", ""), "soften = check(soften)"],
    "a table that is filled": [
        "from tests.toy_checks import soften as s\nTABLE = {}\nfor name in ('s',):\n    TABLE[name] = s\n"
        "def soften(a, b):\n    return TABLE['s'](a, b)\nsoften = check(soften)"
    ],
    "a second try after a wrong one": [
        "import numpy as np\ndef soften(a, b):\n    return a\nsoften = check(soften)",
        FUNCTION,
    ],
    "with what ends a line elsewhere": [
        "note = '\u2028'  # \x0c\x1c\nfrom tests.toy_checks import soften as s\n"
        "def soften(a, b):\n    '\u2028'\n    return s(a, b)\nsoften = check(soften)"
    ],
    "with a comment and other lines": [
        "from tests.toy_checks import soften as s\nprint('data' * 2)\n"
        "def soften(a, b):  # as it should be\n    return s(a, b)\n\n\nsoften = check(soften)\nprint(undefined if 0 else 1)"
    ],
}


@pytest.fixture
def place(tmp_path, monkeypatch):
    return in_work(monkeypatch, tmp_path)


@pytest.mark.parametrize("cells", WAYS.values(), ids=WAYS.keys())
def test_an_answer_that_passed_is_back_in_a_new_kernel(place, capsys, cells):
    before = Kernel()
    for cell in cells:
        before.run(cell)
    assert "[pass] soften: it holds" in capsys.readouterr().out
    after = Kernel()
    after.run("check.restore()")
    told = capsys.readouterr().out
    assert told.startswith("[pass] soften: your answer of 20") and "not passed yet: plan, threshold" in told, told
    ((logits, temperature), *_) = toy_checks.soften_cases(__import__("numpy").random.default_rng(7))
    assert after["soften"](logits, temperature) == pytest.approx(toy_checks.soften(logits, temperature))
    assert after["check"].using("soften") == "soften: yours"
    after.run("soften = check(soften)")  # judged once more: no cell of this kernel has its lines
    third = Kernel()
    capsys.readouterr()
    third.run("check.restore()")
    assert capsys.readouterr().out.startswith("[pass] soften: your answer of 20")


def test_designs_are_back_as_values(place, capsys):
    kernel = Kernel()
    kernel.run("seeds = [3, 4]\nplan = {'seeds': max(seeds), 'split': 'validation'}\nplan = check('plan', plan)")
    kernel.run("threshold = check('threshold', 0.51)")
    after = Kernel()
    after.run("check.restore()")
    assert after["plan"] == {"seeds": 4, "split": "validation"} and after["threshold"] == 0.51
    assert "seeds" not in after.names
    capsys.readouterr()
    after.run("check.mine('plan')\ncheck.mine('soften')")
    assert capsys.readouterr().out == (
        "plan = {'seeds': 4, 'split': 'validation'}\nno answer of yours is kept for soften\n"
    )


def test_what_only_other_cells_make_is_named_and_used_once_it_is_there(place, capsys):
    cell = "def soften(a, b):\n    return model(a, b)\nsoften = check(soften)"
    kernel = Kernel()
    kernel.run("from tests.toy_checks import soften as trained\nmodel = [trained][0]")
    kernel.run(cell)
    after = Kernel()
    capsys.readouterr()
    after.run("check.restore()")
    told = capsys.readouterr().out
    assert told.startswith(
        "[todo] soften: your answer uses model, which cells of this notebook make: run those above it"
    )
    assert "soften" not in after.names
    after.run("from tests.toy_checks import soften as trained\nmodel = [trained][0]")
    after.run("check.restore()")
    assert "[pass] soften: your answer of" in capsys.readouterr().out


def test_a_new_editions_stub_goes_on_with_what_was_restored(place, capsys):
    Kernel().run(FUNCTION)
    after = Kernel()
    after.run("check.restore()")
    stub = "def soften(logits, temperature):\n    return ...\n\nsoften = check(soften)"
    mine = after["soften"]
    capsys.readouterr()
    after.run(stub)
    assert "going on with your answer that was restored" in capsys.readouterr().out and after["soften"] is mine
    assert after["check"].using("soften") == "soften: yours"
    after.run("soften = check(lambda a, b: a)")
    assert after["soften"] is toy_checks.soften and "soften: the course's" in after["check"].using()
    after.run("check.restore()")
    assert after["soften"] is not toy_checks.soften


def test_what_no_longer_holds_is_said_and_can_be_read(place, capsys):
    Kernel().run(FUNCTION)
    line = json.loads(place.read_text())
    line["source"] = line["source"].replace("axis=1", "axis=0")
    place.write_text(json.dumps(line) + "\n")
    after = Kernel()
    after.run("check.restore()")
    told = capsys.readouterr().out
    assert "[fail] soften: the values differ" in told and 'check.mine("soften") shows your answer' in told
    assert after["soften"] is toy_checks.soften
    after.run("check.mine('soften')")
    assert "axis=0" in capsys.readouterr().out


NO_GOOD = {
    "exits": "exit()",
    "raises": "1 / 0",
    "raises what is no Exception": "class Odd(BaseException): pass\nraise Odd",
    "raises what cannot be printed": "class Odd(Exception):\n    def __str__(self): raise ValueError\nraise Odd",
    "is no Python": "def (",
    "is no text of Python": "x = '\0'",
    "too deep": "x = " + "-" * 50_000 + "1",
    "too long a sum": "soften = " + "+".join(["1"] * 20_000),
    "names another": "x = 1",
    "empty": "",
    "no function": "soften = 3",
    "undefined": "soften = undefined",
    "for ever": "def soften(a, b):\n    while True: pass",
    "exits when called": "def soften(a, b): exit()",
    "shadows": "check = print = None\ndef soften(a, b): return a",
    "takes the builtins": "__builtins__ = {}\ndef soften(a, b): return a",
}


@pytest.mark.parametrize("source", NO_GOOD.values(), ids=NO_GOOD.keys())
def test_kept_lines_that_do_no_good_break_nothing(place, capsys, source):
    Kernel().run(FUNCTION)
    line = json.loads(place.read_text())
    place.write_text(json.dumps(line | {"source": source}) + "\n")
    after = Kernel()
    capsys.readouterr()
    after.run("check.restore()\nreached = True")
    told = capsys.readouterr().out
    assert ("[todo] soften" if not source else "[fail] soften") in told and after["reached"]


def test_lines_that_never_end_are_stopped_by_the_learner(place, capsys):
    """As `Kernel interrupt` does it."""
    Kernel().run(FUNCTION)
    line = json.loads(place.read_text())
    place.write_text(json.dumps(line | {"source": "raise KeyboardInterrupt"}) + "\n")
    after = Kernel()
    with pytest.raises(KeyboardInterrupt):
        after.run("check.restore()")
    assert "soften" not in after.names


def test_a_failed_attempt_is_kept_but_not_brought_back(place, capsys):
    kernel = Kernel()
    kernel.run("def soften(a, b):\n    return a\nsoften = check(soften)")
    (event,) = journal.read(place).events
    assert event.verdict == "fail" and event.source.startswith("def soften(a, b):") and event.problem
    after = Kernel()
    capsys.readouterr()
    after.run("check.restore()")
    assert capsys.readouterr().out == f"nothing to restore: no answer of {NOTEBOOK} has passed yet\n"
    after.run("check.mine('soften')")
    assert "return a" in capsys.readouterr().out


def test_a_failed_attempt_does_not_replace_one_that_passed(place, capsys):
    kernel = Kernel()
    kernel.run(FUNCTION)
    kernel.run("def soften(a, b):\n    return a\nsoften = check(soften)")
    after = Kernel()
    after.run("check.restore()")
    assert "your answer of" in capsys.readouterr().out


def test_what_is_yours_in_this_kernel_stays(place, capsys):
    kernel = Kernel()
    kernel.run(FUNCTION)
    mine = kernel["soften"]
    capsys.readouterr()
    kernel.run("check.restore()")
    assert "[pass] soften: it is yours already" in capsys.readouterr().out and kernel["soften"] is mine


def test_an_answer_that_calls_anothers_exercise_gets_the_courses_own(place, capsys):
    kernel = Kernel()
    kernel.run("threshold = 0.51")
    kernel.run("from tests.toy_checks import soften as s\nplan = check('plan', plan) if 0 else {'seeds': 0}")
    kernel.run("def soften(a, b):\n    return s(a, b + 0 * threshold)\nsoften = check(soften)")
    after = Kernel()
    after.run("check.restore()")
    assert "[pass] soften: your answer" in capsys.readouterr().out and after["threshold"] == 0.5


def test_outside_work_nothing_is_kept_and_that_is_said(capsys, tmp_path, monkeypatch):
    kernel = Kernel()
    kernel.run(FUNCTION)
    kernel.run("check.restore()\ncheck.mine('soften')")
    assert capsys.readouterr().out.count(answers.NOWHERE) == 2
    place = in_work(monkeypatch, tmp_path)
    Kernel(toy(notebook="")).run(FUNCTION)
    assert not place.exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="files have no owner here")
def test_somebody_elses_file_is_not_run(place, capsys, monkeypatch):
    Kernel().run(FUNCTION)
    monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)
    after = Kernel()
    after.run("check.restore()")
    assert "expected your own file" in capsys.readouterr().out and "soften" not in after.names


def test_a_check_in_a_loop_or_a_function_loses_its_lines_not_its_verdict(place, capsys):
    kernel = Kernel()
    kernel.run("from tests.toy_checks import soften")
    kernel.run("exec('soften = check(soften)')")
    (event,) = journal.read(place).events
    assert (event.verdict, event.source) == ("pass", "")
    after = Kernel()
    after.run("check.restore()")
    assert "was kept without its lines: run its cell again" in capsys.readouterr().out
