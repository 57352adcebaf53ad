"""`make lock`: what is taken from pip's report, and what is said where pip finds no answer."""

import sys
from pathlib import Path

import pytest

from tools import lock
from tools.lock import LockError, everything, locked, pins


def report(python: str) -> dict:
    names = {
        "torch": "2.13.0+cpu",
        "Jinja2": "3.1.6",
        "nvidia-cublas-cu13": "1",
        "triton": "3",
        "edgelab_workbook": "0",
    }
    packages = [{"metadata": {"name": name, "version": version}} for name, version in names.items()]
    return {"environment": {"python_version": python}, "install": packages}


def test_local_versions_what_a_gpu_needs_and_the_course_are_dropped():
    text = locked(report("3.11"))
    assert pins(text) == {"jinja2": "3.1.6", "torch": "2.13.0"} and text.startswith("# ")


def test_another_python_than_the_oldest_is_refused():
    with pytest.raises(LockError, match=r"found 3\.13: make lock PYTHON=python3\.11"):
        locked(report("3.13"))


def test_another_python_is_refused_before_anything_is_made(monkeypatch, tmp_path):
    monkeypatch.setattr(lock, "OLDEST", "3.10")
    with pytest.raises(LockError, match=r"make lock PYTHON=python3\.10"):
        lock.resolve(tmp_path / "resolve")
    assert not (tmp_path / "resolve").exists()


def test_the_lock_of_today_is_read():
    assert pins((lock.ROOT / "requirements.lock").read_text("utf-8"))["torch"] == "2.13.0"


@pytest.mark.parametrize("line", ["numpy", "numpy>=2", "numpy == 2.4", "-r other.txt", "numpy==", "Numpy==2.4"])
def test_what_is_no_pin_is_named(line):
    with pytest.raises(LockError, match="expected a pin"):
        pins(f"# a lock\njinja2==3.1.6\n{line}\n")


def test_every_extra_is_resolved():
    text = '[project]\nname = "x"\n[project.optional-dependencies]\ncourse = []\nbook = ["sphinx"]\n'
    assert everything(text) == ".[course,book]"


def test_a_release_that_cannot_be_had_is_named(monkeypatch):
    """By pip itself, without an index."""
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null" if sys.platform != "win32" else "nul")
    with pytest.raises(LockError, match="No matching distribution found for edgelab-no-such==9"):
        lock.pip(Path(sys.executable), "install", "--dry-run", "edgelab-no-such==9")


@pytest.mark.parametrize(
    "said, told",
    [
        ("ERROR: first\nnoise\nERROR: second\nERROR: third\n", "second; third"),
        ("Traceback\nOSError: [Errno 28] No space left on device\n", "OSError: [Errno 28] No space left on device"),
        ("", "it gave no reason"),
    ],
)
def test_of_what_pip_says_the_reason_is_told(said, told):
    assert lock.why(said) == told


def test_make_lock_leaves_the_lock_where_it_fails(monkeypatch, tmp_path, capsys):
    (tmp_path / "requirements.lock").write_text("before")
    monkeypatch.setattr(lock, "ROOT", tmp_path)

    def fails(folder):
        raise LockError("pip cannot do that here: No matching distribution found for torch==9")

    monkeypatch.setattr(lock, "resolve", fails)
    assert lock.main() == 2 and (tmp_path / "requirements.lock").read_text() == "before"
    assert capsys.readouterr().err.startswith("make lock: pip cannot do that here")
    monkeypatch.setattr(lock, "resolve", lambda folder: "after\n")
    assert lock.main() == 0 and (tmp_path / "requirements.lock").read_text() == "after\n"
