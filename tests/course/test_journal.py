"""The journal: only a learner's kernel adds to it, a line is added whole, and whatever stands in it is read or skipped."""

import os
import signal
import subprocess
import sys
import time

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from edgelab.course import journal, session
from edgelab.course.journal import Event, add, keep, read
from edgelab.course.kept import KeptError
from edgelab.course.notebooks import run_notebooks
from edgelab.course.prediction import predict, reveal
from tests.course.learners import in_work, toy
from tests.full_disk import fill, small_disk
from tests.processes import HEEDING

AT = "2026-11-30T06:12:03+00:00"
GUESS = Event(AT, "guess", "01_distillation", key="gap", value=3.0, unit="points")


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path / "home"))
    return in_work(monkeypatch, tmp_path)


def test_what_is_added_is_read_back_by_time(tmp_path):
    file = tmp_path / "a" / "progress.jsonl"
    assert read(file).events == ()
    later = Event(
        "2026-11-30T06:12:04.5+00:00", "check", exercise="soften", verdict="pass", source="é\n\x00", needs=["x"]
    )
    for event in (later, GUESS):
        add(file, event)
    assert read(file) == journal.Journal(file, (GUESS, later)) and not read(file).note


@pytest.mark.parametrize(
    "line",
    [
        b"no json",
        b"[]",
        b"{}",
        b"null",
        b"\xff\xfe",
        b"\x00" * 50,
        b'{"at": "2026-11-30T06:12:03+00:00"',
        b'{"at": "yesterday", "event": "guess"}',
        b'{"at": "2026-11-30T06:12:03", "event": "guess"}',
        b'{"at": 3, "event": "guess"}',
        b'{"at": "2026-11-30T06:12:03+00:00", "event": "dance"}',
        b'{"at": "2026-11-30T06:12:03+00:00", "event": "check", "verdict": "great"}',
        b'{"at": "2026-11-30T06:12:03+00:00", "event": "guess", "value": NaN}',
        b'{"at": "2026-11-30T06:12:03+00:00", "event": "guess", "value": "3"}',
        b'{"at": "2026-11-30T06:12:03+00:00", "event": "guess", "more": 1}',
        b'{"at": "2026-11-30T06:12:03+00:00", "event": "guess", "needs": [1]}',
        b'{"at": "9999-12-31T23:59:59-23:59", "event": "guess", "value": 1e999}',
        b'{"at": "9999-12-31T23:59:59-12:00", "event": "guess", "value": 3}',  # a year later here
        b'{"at": "0001-01-01T00:00:00+14:00", "event": "guess", "value": 3}',
        b"[" * 100_000,
        b"9" * 250_000,
    ],
    ids=lambda line: line[:60].decode("latin1"),
)
def test_a_line_of_another_kind_is_skipped_said_and_left(tmp_path, line):
    file = tmp_path / "progress.jsonl"
    file.write_bytes(line + b"\n\n")
    add(file, GUESS)
    assert read(file).events == (GUESS,) and read(file).skipped == 1
    assert "1 line is not the course's, or half written: skipped, and left there" in read(file).note
    assert file.read_bytes().startswith(line)


def test_half_a_line_is_closed_by_the_next(tmp_path):
    file = tmp_path / "progress.jsonl"
    add(file, GUESS)
    file.write_bytes(file.read_bytes()[:-20])
    add(file, GUESS)
    assert read(file).events == (GUESS,) and read(file).skipped == 1


def test_a_file_that_cannot_be_read_is_told(tmp_path):
    (tmp_path / "progress.jsonl").mkdir()
    with pytest.raises(KeptError, match="progress.jsonl: cannot be read"):
        read(tmp_path / "progress.jsonl")


def test_a_pipe_in_its_place_is_told_and_never_waited_for(tmp_path, monkeypatch, capsys):
    file = in_work(monkeypatch, tmp_path)
    file.parent.mkdir()
    os.mkfifo(file)
    with pytest.raises(KeptError, match="progress.jsonl: expected a file, found a pipe"):
        read(file)
    keep("guess", key="gap", value=3.0)
    assert "your progress could not be kept" in capsys.readouterr().out


def test_a_check_a_guess_and_a_result_are_kept(place, capsys):
    check = toy()
    check("threshold", ...)
    check("threshold", 0.51)
    line = predict("gap", "How far apart?", unit="points", low=0, high=20)
    line.children[0].value = 4
    line.children[1].click()
    reveal("gap", 5.5, "points")
    events = read(place).events
    assert [(e.event, e.verdict, e.source) for e in events[:2]] == [
        ("check", "todo", ""),
        ("check", "pass", "threshold = 0.51"),
    ]
    assert [(e.event, e.key, e.value, e.unit) for e in events[2:]] == [
        ("ask", "gap", None, "points"),
        ("guess", "gap", 4.0, "points"),
        ("result", "gap", 5.5, "points"),
    ]
    reveal("gap", float("nan"))
    assert read(place).events[-1].value is None and not read(place).skipped


def test_an_answer_of_a_megabyte_is_kept_without_its_lines(place, capsys):
    toy()("threshold", {"x" * 1_000_000: 1})
    (event,) = read(place).events
    assert (event.verdict, event.source, event.problem) == ("fail", "", "too long to be kept")


def test_nothing_is_kept_of_a_test_a_run_or_a_plain_python(tmp_path, monkeypatch, capsys):
    """Nobody's kernel: the environment alone does not make one of this process."""
    monkeypatch.setattr(session, "checkout", lambda: tmp_path)
    monkeypatch.setenv(session.TOLD_BY_JUPYTER, str(tmp_path / "work" / "01_distillation.ipynb"))
    toy()("threshold", 0.51)
    keep("guess", key="gap", value=1.0)
    assert session.notebook_path() is None and not list(tmp_path.rglob("*"))


class Shell:
    def __init__(self, **names):
        self.kernel, self.user_ns = object(), names


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("course/work/01_distillation.ipynb", True),
        ("course/work/deeper/mine.ipynb", True),
        ("course/notebooks/01_distillation.ipynb", False),
        ("course/work/../notebooks/01_distillation.ipynb", False),
        ("elsewhere/work/01_distillation.ipynb", False),
        ("course/work/console-1", False),
        ("", False),
    ],
)
@pytest.mark.parametrize("way", ["jupyter", "vscode"])
def test_only_a_notebook_in_work_is_a_learners(tmp_path, monkeypatch, told, kept, way):
    import IPython

    path = str(tmp_path / told) if told else ""
    monkeypatch.setattr(session, "checkout", lambda: tmp_path / "course")
    monkeypatch.setattr(
        IPython, "get_ipython", lambda: Shell(**({session.TOLD_BY_VS_CODE: path} if way == "vscode" else {}))
    )
    monkeypatch.setenv(session.TOLD_BY_JUPYTER, path if way == "jupyter" else "")
    expected = tmp_path / "course" / "work" / ".edgelab" / "progress.jsonl"
    assert session.own_place() == (expected if kept else None)


def test_without_the_courses_folder_the_home_keeps_it(tmp_path, monkeypatch):
    import IPython

    monkeypatch.setattr(session, "checkout", lambda: None)
    monkeypatch.setattr(IPython, "get_ipython", Shell)
    monkeypatch.setenv("EDGELAB_HOME", str(tmp_path))
    monkeypatch.setenv(session.TOLD_BY_JUPYTER, "/anywhere/01_distillation.ipynb")
    assert session.own_place() == tmp_path / "progress.jsonl"
    monkeypatch.delenv(session.TOLD_BY_JUPYTER)
    assert session.own_place() is None


CELL = """import os
from pathlib import Path
from edgelab.course import session
session.checkout = lambda: Path(os.environ['COURSE'])
from edgelab.course.journal import keep, read
keep('guess', key='gap', value=1.0)
print(session.own_place())
"""


def test_edgelab_run_of_a_learners_notebook_keeps_nothing_even_from_within_a_notebook(tmp_path, monkeypatch):
    work = tmp_path / "work"
    work.mkdir()
    mine = work / "01_distillation.ipynb"
    nbformat.write(new_notebook(cells=[new_code_cell(CELL + "assert session.own_place() is None")]), mine)
    monkeypatch.setenv("COURSE", str(tmp_path))
    monkeypatch.setenv(session.TOLD_BY_JUPYTER, str(mine))
    (run,) = run_notebooks([mine])
    assert run.outcome == "ok" and not (work / ".edgelab").exists()


def test_a_real_kernel_that_a_server_starts_keeps_it(tmp_path):
    from jupyter_client.manager import start_new_kernel

    environment = os.environ | {"COURSE": str(tmp_path), session.TOLD_BY_JUPYTER: str(tmp_path / "work" / "01_x.ipynb")}
    manager, client = start_new_kernel(env=environment)
    try:
        said = []
        client.execute_interactive(CELL, timeout=60, output_hook=said.append)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    (event,) = read(tmp_path / "work" / ".edgelab" / "progress.jsonl").events
    assert (event.key, event.value) == ("gap", 1.0), said


WRITER = """import sys
from pathlib import Path
from edgelab.course.journal import Event, add
print('ready', flush=True)
for n in range(int(sys.argv[3])):
    add(Path(sys.argv[1]), Event('2026-11-30T06:12:03+00:00', 'check', sys.argv[2], str(n), 'pass', source='x' * 3000))
"""


def test_several_kernels_at_once_lose_no_line(tmp_path):
    file = tmp_path / "progress.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file), str(n), "40"], stdout=subprocess.DEVNULL)
        for n in range(3)
    ]
    assert [writer.wait(120) for writer in writers] == [0, 0, 0]
    events = read(file).events
    assert sorted((e.notebook, int(e.exercise)) for e in events) == [(str(w), n) for w in range(3) for n in range(40)]
    assert read(file).skipped == 0


@pytest.mark.skipif(os.name == "nt", reason="other signals")
def test_a_killed_process_leaves_a_file_that_goes_on(tmp_path):
    file = tmp_path / "progress.jsonl"
    command = [sys.executable, "-c", WRITER, str(file), "killed", "1000000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, **HEEDING) as writer:
        while not file.exists() or file.stat().st_size < 20_000:
            assert writer.poll() is None
            time.sleep(0.01)
        writer.send_signal(signal.SIGKILL)
    add(file, GUESS)
    assert GUESS in read(file).events and read(file).skipped <= 1


def test_a_full_disk_is_said_once_and_the_notebook_goes_on(tmp_path, monkeypatch, capsys):
    with small_disk(tmp_path / "disk", 64) as disk:
        place = in_work(monkeypatch, disk)
        check = toy()
        check("threshold", 0.51)
        fill(disk)
        before = place.read_bytes()
        for _ in range(40):  # some fit into the page that is there already
            assert check("plan", {"seeds": 30 * [3], "split": "validation" * 30}) is check.exercises["plan"].reference
        said = capsys.readouterr().out
        assert said.count("(your progress could not be kept in ") == 1 and "the notebook goes on without)" in said
        assert read(place).skipped == 0 and place.read_bytes().startswith(before) and place.read_bytes().endswith(b"\n")
        (disk / ".filler").unlink()
        check("threshold", 0.52)
        assert read(place).events[-1].source == "threshold = 0.52" and read(place).skipped == 0


@pytest.mark.parametrize("hindrance", ["a file where the folder should be", "a folder where the file should be"])
def test_what_cannot_be_written_stops_no_check(tmp_path, monkeypatch, capsys, hindrance):
    place = in_work(monkeypatch, tmp_path)
    if hindrance.startswith("a file"):
        place.parent.write_text("")
    else:
        place.mkdir(parents=True)
    assert toy()("threshold", 0.51) == 0.51
    assert capsys.readouterr().out.count("could not be kept") == 1


def test_somebody_who_holds_the_lock_for_ever_stops_no_check(tmp_path, monkeypatch, capsys):
    from filelock import FileLock

    place = in_work(monkeypatch, tmp_path)
    monkeypatch.setattr(journal, "LOCK_S", 0.05)
    place.parent.mkdir()
    with FileLock(place.with_suffix(".lock")):
        assert toy()("threshold", 0.51) == 0.51
    assert "could not be kept" in capsys.readouterr().out
