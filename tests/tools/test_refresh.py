"""`make refresh` on a stand-in course of one notebook: real kernels, under two locks that share this environment."""

import importlib.metadata
import json
import os
import signal
import sys
from pathlib import Path

import nbformat
import pytest
from filelock import FileLock
from nbformat.v4 import new_code_cell, new_notebook, new_output

from edgelab.course.notebooks import VERIFIED
from tests.full_disk import small_disk
from tools import refresh
from tools.lock import LockError, pins
from tools.refresh import Place

NUMPY = importlib.metadata.version("numpy")
CELLS = """\
import os
from pathlib import Path

from edgelab.course import outcomes, scoreboard
from edgelab.course.scoreboard import Row

home = Path(os.environ["EDGELAB_HOME"])
new = home.parent.name == "new"
with (home / "runs.txt").open("a") as file:
    file.write("x")
---
low, value, high = (0.75, 0.8, 0.85) if new else (0.85, 0.9, 0.95)
scoreboard.add([Row("01_stand_in", "m", "fp32", "r", "d", "test", value, low, high, None, 1000, (1.0,), "here", "now")])
outcomes.ask("k", "How many?", "MB")
outcomes.measure("k", 4.5 if new else 3.0, "MB")
---
print("no" if new else "yes")
---
assert not new, "the new lock breaks it"
"""


@pytest.fixture
def stand_in(tmp_path):
    """Its third cell is verified: "yes"; under the new lock the last one fails."""
    cells = [new_code_cell(source.strip()) for source in CELLS.split("---\n")]
    cells[2].metadata["tags"] = [VERIFIED]
    cells[2].outputs = [new_output("stream", name="stdout", text="yes\n")]
    path = tmp_path / "01_stand_in.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    return path


@pytest.fixture
def work(tmp_path, monkeypatch):
    """Everything is written there; a new lock is installed at once, by nothing at all."""
    monkeypatch.setattr(refresh, "WORK", tmp_path / "refresh")
    monkeypatch.setattr(refresh, "LOCK", tmp_path / "requirements.lock")
    monkeypatch.setattr(refresh, "install", lambda lock, folder, index: Path(sys.executable))
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "own"))
    (tmp_path / "requirements.lock").write_text(f"numpy=={NUMPY}\n")
    (tmp_path / "new.lock").write_text("numpy==99.1\n")
    return tmp_path / "refresh"


def call(stand_in: Path, *more: str) -> int:
    return refresh.main([str(stand_in), "--lock", str(stand_in.parent / "new.lock"), *more])


def runs(work: Path) -> dict[str, int]:
    return {name: len((work / name / "home" / "runs.txt").read_text()) for name in ("today", "new")}


def test_the_whole(stand_in, work, capsys):
    assert call(stand_in) == 1
    out, err = capsys.readouterr()
    assert "1 packages change" in err and "[1/1] 01_stand_in, new: cell 4: AssertionError" in err
    report = (work / "report.md").read_text("utf-8")
    assert f"| numpy | {NUMPY} | 99.1 |" in report
    assert "| 01_stand_in | ok, " in report and "AssertionError: the new lock breaks it" in report
    assert "- yes\n+ no" in report
    assert "| accuracy | 0.9000 [0.8500, 0.9500] | 0.8000 | -0.1000 | **yes** |" in report
    assert "| How many? | revealed | 3 MB | 4.5 MB | +1.5 MB | - |" in report
    assert out.count("look at: ") == 3 and out.endswith(f"report: {work / 'report.md'}\n")
    assert runs(work) == {"today": 1, "new": 1}
    # Again: what went well is kept, what failed has another chance; then the lock may be taken, and is.
    assert call(stand_in) == 1 and runs(work) == {"today": 1, "new": 2}
    assert "01_stand_in, today: ok (kept)" in capsys.readouterr().err
    assert refresh.LOCK.read_text() == f"numpy=={NUMPY}\n"
    assert refresh.main(["--accept"]) == 0 and refresh.LOCK.read_text() == "numpy==99.1\n"


def fake_child(place, module, *arguments):
    """Each notebook in no time, as it should be."""
    if module == "tools.notebook_results":
        found = {"name": Path(arguments[1]).stem, "seconds": 1.0, "peak_bytes": 1e6, "outcome": "ok", "failed": False}
        Path(arguments[0]).parent.mkdir(exist_ok=True)
        Path(arguments[0]).write_text(json.dumps(found | {"verified": []}))
    return 0


@pytest.fixture
def quick(monkeypatch):
    """What was called, place and module, in order; no process is started."""
    called = []

    def child(place, *command):
        called.append((place.name, *command[:1], *(command[1:] if command[0] == "edgelab" else ())))
        return fake_child(place, *command)

    monkeypatch.setattr(refresh, "child", child)
    monkeypatch.setattr(refresh, "constraint", lambda: None)  # it asks pip
    return called


def test_nothing_to_look_at(stand_in, work, quick, capsys):
    assert call(stand_in) == 0
    assert capsys.readouterr().out == f"report: {work / 'report.md'}\n"


def test_interrupted_it_goes_on_where_it_was(stand_in, work, quick, monkeypatch, capsys):
    def stopped(place, *command):
        if place.name == "new":
            raise KeyboardInterrupt
        return fake_child(place, *command)

    monkeypatch.setattr(refresh, "child", stopped)
    assert call(stand_in) == 130 and "call it again to go on" in capsys.readouterr().err
    assert not (work / "report.md").exists() and refresh.main(["--accept"]) == 2


def test_after_an_interruption_only_the_rest_is_run(stand_in, work, quick):
    assert call(stand_in) == 0
    (work / "new" / "results" / "01_stand_in.json").write_text('{"name": "01_st')  # cut off
    quick.clear()
    assert call(stand_in) == 0 and quick == [("new", "tools.notebook_results")]


def test_another_lock_or_course_is_run_anew(stand_in, work, quick, monkeypatch):
    assert call(stand_in) == 0
    home = work / "new" / "home"
    (home / "scoreboard.jsonl").write_text("of the lock before")
    (home / "built").mkdir()
    quick.clear()
    (stand_in.parent / "new.lock").write_text("numpy==99.2\n")
    assert call(stand_in) == 0 and quick == [("new", "tools.notebook_results")] and not (home / "built").exists()
    (home / "built").mkdir()
    monkeypatch.setattr(refresh, "DECIDES", ("tools/lock.py",))
    quick.clear()
    assert call(stand_in) == 0 and len(quick) == 2 and (home / "built").exists()


def test_a_lock_without_a_report_is_not_accepted(stand_in, work, quick, monkeypatch, capsys):
    assert refresh.main(["--accept"]) == 2 and "run `make refresh` first" in capsys.readouterr().err
    assert call(stand_in) == 0
    monkeypatch.setattr(refresh, "DECIDES", ("tools/lock.py",))  # the course has changed since
    assert refresh.main(["--accept"]) == 2
    assert refresh.LOCK.read_text() == f"numpy=={NUMPY}\n"


def test_what_a_notebook_needs_is_prepared_in_each_home(stand_in, work, quick, monkeypatch):
    monkeypatch.setattr(refresh, "PREPARED", {"01_stand_in": "vision"})
    (work.parent / "own" / "downloads").mkdir(parents=True)
    assert call(stand_in) == 0
    assert quick[:2] == [("today", "edgelab", "prepare", "vision"), ("new", "edgelab", "prepare", "vision")]
    assert (work / "new" / "home" / "downloads").resolve() == work.parent / "own" / "downloads"
    monkeypatch.setattr(refresh, "child", lambda place, *c: c[0] == "edgelab" or fake_child(place, *c))
    assert call(stand_in) == 0
    assert "`edgelab prepare vision` failed under the lock of new" in (work / "report.md").read_text("utf-8")


def test_the_prepared_notebooks_are_notebooks_of_the_course():
    from edgelab.cli import build_parser
    from edgelab.course.notebooks import COURSE

    assert refresh.PREPARED.keys() <= {name for name, *_ in COURSE}
    for what in refresh.PREPARED.values():
        build_parser().parse_args(["prepare", what])


def refused(capsys, *parts: str) -> None:
    err = capsys.readouterr().err.splitlines()
    assert err[-1].startswith("make refresh: ") and all(part in err[-1] for part in parts), err


def test_what_cannot_be_is_a_line_and_2(stand_in, work, quick, monkeypatch, capsys):
    assert refresh.main(["no_such"]) == 2
    refused(capsys, "no_such", "expected a notebook")
    assert refresh.main([str(stand_in), "--lock", "no.lock"]) == 2
    refused(capsys, "no.lock", "expected a lock")
    for content in (b"\xff\xfe", b"numpy>=2\n"):
        (stand_in.parent / "new.lock").write_bytes(content)
        assert call(stand_in) == 2
        refused(capsys, "expected a")
    refresh.LOCK.write_text("numpy==1.0\n")
    assert call(stand_in) == 2
    refused(capsys, f"numpy {NUMPY} instead of 1.0", "make env")


def test_a_release_that_cannot_be_had_ends_it_and_names_it(stand_in, work, quick, monkeypatch, capsys):
    def fails(lock, folder, index):
        raise LockError("pip cannot do that here: No matching distribution found for numpy==99.1")

    monkeypatch.setattr(refresh, "install", fails)
    assert call(stand_in) == 2 and quick == []
    refused(capsys, "No matching distribution found for numpy==99.1")


def test_a_notebook_whose_process_dies_ends_it(stand_in, work, monkeypatch, capsys):
    monkeypatch.setattr(refresh, "child", lambda place, *command: -9)
    assert call(stand_in) == 2
    refused(capsys, "01_stand_in could not be run under the lock of today", "-9")


def test_two_at_once_are_refused(stand_in, work, quick, capsys):
    work.mkdir()
    with FileLock(work / "running"):
        assert call(stand_in) == 2
    refused(capsys, "another `make refresh` is running")
    assert call(stand_in) == 0


def test_a_full_disk_is_a_line(stand_in, work, quick, capsys):
    with small_disk(work, 4):
        assert call(stand_in) == 2
        refused(capsys, "No space left on device")
    assert refresh.LOCK.read_text() == f"numpy=={NUMPY}\n"


def test_an_install_goes_on_and_another_lock_begins_anew(tmp_path, monkeypatch):
    made, asked = [], []
    monkeypatch.setattr(refresh, "environment", lambda folder, clear: made.append(clear) or folder / "python")

    def pip(python, *arguments):
        asked.append(arguments)
        if len(asked) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(refresh, "pip", pip)
    with pytest.raises(KeyboardInterrupt):
        refresh.install("numpy==1\n", tmp_path, "index")
    for _ in range(2):
        assert refresh.install("numpy==1\n", tmp_path, "index") == tmp_path / "python"
    assert made == [True, False, False] and len(asked) == 2
    assert asked[0] == ("install", "--extra-index-url", "index", "-r", str(tmp_path / "requirements.lock"))
    refresh.install("numpy==2\n", tmp_path, None)
    assert made[-1] is True


def test_what_pip_holds_back_is_told(tmp_path, monkeypatch):
    (tmp_path / "held.txt").write_text("# why\ntorch<=2.14.1\n\nnumpy<3\n")
    monkeypatch.setenv("PIP_CONSTRAINT", str(tmp_path / "held.txt"))
    assert refresh.constraint() == "torch<=2.14.1, numpy<3"


def test_this_environment_is_what_its_lock_says():
    assert refresh.installed_otherwise((refresh.ROOT / "requirements.lock").read_text("utf-8")) == []
    assert refresh.installed_otherwise("no-such-package==1\n") == []
    assert pins("numpy==1\n") and refresh.installed_otherwise("numpy==1\n") == [f"numpy {NUMPY} instead of 1"]


def test_an_interruption_ends_the_child(tmp_path):
    place = Place("new", "", Path(sys.executable), tmp_path)
    pid = tmp_path / "pid"
    code = f"import os, time; open({str(pid)!r}, 'w').write(str(os.getpid())); time.sleep(60)"

    def stop(number, frame):
        if not pid.exists() or not pid.read_text():
            signal.setitimer(signal.ITIMER_REAL, 0.1)
        else:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            refresh.child(place, "timeit", "-n1", "-r1", code)
    finally:
        signal.signal(signal.SIGALRM, before)
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)


def test_the_childs_environment_is_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_DATASET", "other.csv")
    place = Place("new", "", Path(sys.executable), tmp_path)
    code = (
        "import os; assert os.environ['EDGELAB_HOME'].endswith('home') and 'EDGELAB_DATASET' not in os.environ;"
        "import edgelab"
    )
    assert refresh.child(place, "timeit", "-n1", "-r1", code) == 0
