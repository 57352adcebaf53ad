"""`make release` on a repository made for it: everything done, then one thing open at a time."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgelab.course.notebooks import COURSE
from tools import release, release_checks, tested
from tools.lock import ROOT
from tools.package import package_works

TAKEN = ("pyproject.toml", "requirements.lock", "data/course_times.csv", "notebooks/00_start_here.ipynb", ".gitignore")
README = """\
# A course

See [the log](CHANGELOG.md), [below](#the-notebooks) and ![a figure](figure.png).

## The notebooks

| notebook | the decision at its end | path | your minutes |
|---|---|---|---|
"""
ROW = "| `{}` | {} | {} | {} |\n"
CHANGELOG = "# Changelog\n\n## [9.9.0] - 2026-12-24\n\n### Added\n\n- A thing.\n"


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def course(tmp_path):
    """A repository in which nothing is open, but that no package is built of it."""
    folder = tmp_path / "course"
    for name in TAKEN:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, folder / name)
    texts = {
        "README.md": README + "".join(ROW.format(*entry) for entry in COURSE),
        "CHANGELOG.md": CHANGELOG,
        "CITATION.cff": "version: 9.9.0\ndate-released: 2026-12-24\n",
        "edgelab/__init__.py": '"""The package."""\n\n__version__ = "9.9.0"\n',
        "benchmarks/README.md": "# Benchmarks\n\n| model | MB |\n|---|---|\n| **ours** | 0.139 [0.1, 0.2] |\n",
        "figure.png": "",
    }
    for name, text in texts.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    committed(folder)
    return folder


def committed(folder: Path) -> None:
    """All of it, and `make test` has passed there."""
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "all")
    (folder / "build").mkdir(exist_ok=True)
    (folder / "build" / "tested").write_text(git(folder, "rev-parse", "HEAD"))


@pytest.fixture
def look(monkeypatch):
    """What is open in a folder, by the name of the check; without the package, which has a test of its own."""
    monkeypatch.setattr(release, "CHECKS", [check for check in release.CHECKS if check[1] is not package_works])

    def run(folder: Path) -> dict[str, str]:
        lines = []
        left = release.look(folder, lines.append)
        assert len(lines) == len(release.CHECKS) and all(line.startswith(("ok ", "open ")) for line in lines)
        opened = [line.removeprefix("open").strip() for line in lines if line.startswith("open")]
        assert len(opened) == left
        return {what: line for line in opened for what, _ in release.CHECKS if line.startswith(what)}

    return run


def change(name: str, old: str, new: str, commit: bool = True):
    def make(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")
        if commit:
            committed(folder)

    return make


def with_output(folder: Path) -> None:
    path = folder / "notebooks" / "00_start_here.ipynb"
    notebook = json.loads(path.read_text("utf-8"))
    next(cell for cell in notebook["cells"] if cell["cell_type"] == "code")["execution_count"] = 3
    path.write_text(json.dumps(notebook), "utf-8")
    committed(folder)


def other_branch(folder: Path) -> None:
    git(folder, "switch", "--quiet", "-c", "next")


def tagged(folder: Path) -> None:
    git(folder, "tag", "v9.9.0")


def not_tested(folder: Path) -> None:
    (folder / "build" / "tested").unlink()


def committed_since(folder: Path) -> None:
    git(folder, "commit", "--quiet", "--allow-empty", "-m", "more")


def removed(name: str):
    def make(folder: Path) -> None:
        (folder / name).unlink()
        committed(folder)

    return make


OPEN = {
    "a change": (change("README.md", "See", "Look at", commit=False), "no file is changed", "README.md"),
    "a branch": (other_branch, "the branch is main", "git switch main (here: next)"),
    "the package's version": (change("edgelab/__init__.py", "9.9.0", "9.9.1"), "one version", "(9.9.1)"),
    "the citation's version": (change("CITATION.cff", "9.9.0", "0.1"), "one version", "CITATION.cff (0.1)"),
    "what is to come": (change("CHANGELOG.md", "## [9.9", "## [Unreleased]\n\n- x\n\n## [9.9"), "one version", "Unreleased"),
    "the citation's date": (change("CITATION.cff", "12-24", "12-25"), "one date", "2026-12-25"),
    "no date": (change("CITATION.cff", "date-released: 2026-12-24\n", ""), "one date", "None"),
    "the tag": (tagged, "the tag is free", "v9.9.0 is there already"),
    "an empty entry": (change("CHANGELOG.md", "- A thing.\n", ""), "the changelog says what changed", "CHANGELOG.md"),
    "no changelog": (removed("CHANGELOG.md"), "the changelog says what changed", "could not be checked: FileNotFound"),
    "an old lock": (change("requirements.lock", "numpy==2", "numpy==1"), "the lock is current", "numpy>=2.4"),
    "a library more": (change("pyproject.toml", '"numpy>=2.4"', '"numpy>=2.4", "newlib"'), "the lock is current", "none"),
    "an output": (with_output, "notebooks are tidy", "00_start_here.ipynb"),
    "minutes": (change("README.md", "| core | 75 |", "| core | 70 |"), "README's tables are true", "70"),
    "a notebook": (change("README.md", "`03_export`", "`03`"), "README's tables are true", "03_export"),
    "a figure": (change("README.md", "# A", "| model | MB |\n|---|---|\n| ours | 0.138 |\n\n# A"), "README's tables are true", "0.138"),
    "a link": (change("README.md", "(CHANGELOG.md)", "(CHANGES.md)"), "README's links are there", "CHANGES.md"),
    "a picture": (removed("figure.png"), "README's links are there", "figure.png"),
    "a heading": (change("README.md", "## The notebooks", "## Notebooks"), "README's links are there", "#the-notebooks"),
    "never tested": (not_tested, "`make test` passed on this commit", "no commit"),
    "tested before": (committed_since, "`make test` passed on this commit", "last passed on"),
}  # fmt: skip


def test_nothing_is_open(course, look):
    assert look(course) == {}


def test_a_figure_that_stands_at_its_source_is_true(course, look):
    change("README.md", "# A", "| model | MB |\n|---|---|\n| ours | 0.139 |\n\n# A")(course)
    assert look(course) == {}


@pytest.mark.parametrize("what", OPEN)
def test_one_thing_is_open(course, look, what):
    make, check, words = OPEN[what]
    make(course)
    found = look(course)
    assert words in found[check], found
    besides = {"no changelog": {"one version", "one date", "README's links are there"}, "what is to come": {"one date"}}
    assert found.keys() - {check} == besides.get(what, set())


def test_it_changes_nothing(course, look):
    def state():
        files = [path for path in course.rglob("*") if path.is_file() and "index" not in path.name]
        return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in files}

    before = state()
    look(course)
    assert state() == before


def test_no_repository_is_open_and_the_rest_is_checked(course, look):
    shutil.rmtree(course / ".git")
    found = look(course)
    assert "could not be checked" in found["no file is changed"] and "README's tables are true" not in found


def test_it_exits_with_1_and_says_how_many(course, look, monkeypatch, capsys):
    monkeypatch.setattr(release, "ROOT", course)
    assert release.main([]) == 0 and "git tag v9.9.0" in capsys.readouterr().out
    tagged(course)
    assert release.main([]) == 1 and capsys.readouterr().out.endswith("1 open\n")


def test_what_is_damaged_is_open_and_no_traceback(course, look, monkeypatch, capsys):
    monkeypatch.setattr(release, "ROOT", course)
    (course / "edgelab" / "__init__.py").write_text("")
    (course / "CITATION.cff").write_bytes(b"\xff\xfe")
    (course / "notebooks" / "00_start_here.ipynb").write_text("{")
    (course / "requirements.lock").write_text("numpy\n")
    assert release.main([]) == 1
    out = capsys.readouterr().out.splitlines()
    assert sum("could not be checked" in line for line in out) == 5 and out[-1] == "6 open"


# --- what make test leaves ----------------------------------------------------------------------


@pytest.fixture
def passing(course, monkeypatch):
    """There, with no stamp, and pytest replaced by what is handed over: it returns the exit code."""
    not_tested(course)
    monkeypatch.chdir(course)
    return lambda tests: monkeypatch.setattr(tested.pytest, "main", lambda arguments: tests())


def test_a_pass_is_kept_for_its_commit(course, monkeypatch):
    """With pytest itself, as make runs it."""
    change("README.md", "# A", "# Another")(course)
    (course / "test_it.py").write_text("def test_it():\n    pass\n")
    committed(course)
    not_tested(course)
    settings = course / "build" / "pytest.ini"
    settings.write_text("[pytest]\n")
    command = [sys.executable, "-B", "-m", "tools.tested", "-q", "-c", settings, "-p", "no:cacheprovider", "test_it.py"]
    environment = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    subprocess.run(command, cwd=course, env=os.environ | environment, check=True)
    assert release_checks.tested(course) is None
    committed_since(course)
    assert "last passed on" in release_checks.tested(course)


def test_a_failure_is_not(course, passing):
    passing(lambda: 1)
    assert tested.main([]) == 1 and not (course / "build" / "tested").exists()


@pytest.mark.parametrize("when", ["before", "during"])
def test_nor_a_pass_with_a_file_that_is_in_no_commit(course, passing, when):
    if when == "before":
        (course / "more.txt").write_text("more")
    passing(lambda: 0 * (course / "more.txt").write_text("more"))
    assert tested.main([]) == 0 and not (course / "build" / "tested").exists()


def test_nor_one_that_was_committed_meanwhile(course, passing):
    passing(lambda: committed_since(course) or 0)
    assert tested.main([]) == 0 and not (course / "build" / "tested").exists()


def test_without_git_nothing_is_kept(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert tested.commit() is None


# --- the package --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.network
def test_the_package_of_this_course_builds_installs_and_serves(tmp_path):
    folder = tmp_path / "course"
    built = {".git", ".venv", "work", "artifacts", "build", "dist", ".mypy_cache", ".ruff_cache", ".pytest_cache"}

    def left(path, names):
        return {"node_modules", "__pycache__"} | (built if Path(path) == ROOT else set())  # not edgelab/build

    shutil.copytree(ROOT, folder, ignore=left)
    git(folder, "init", "--quiet", "--initial-branch", "main")
    committed(folder)
    assert package_works(folder) is None
    change("edgelab/__init__.py", '__version__ = "', '__version__ = "not a version ')(folder)
    assert "build the package: " in package_works(folder)
