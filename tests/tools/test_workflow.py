"""The workflow of continuous integration: what can be seen of it without running it there."""

import itertools
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest
import yaml

from edgelab.cli import build_parser
from tools.lock import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = [pytest.param(path, id=path.name) for path in sorted(FOLDER.glob("*.y*ml"))]
TARGETS = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PINNED = re.compile(r"[\w-]+/[\w./-]+@[0-9a-f]{40}")
SCRIPTS = {"ruff", "mypy", "lint-imports"}  # of the lock, beside edgelab


def workflow(path: Path) -> dict:
    """As GitHub reads it: there, `on` is a word."""
    found = yaml.safe_load(path.read_text("utf-8"))
    return {"on" if key is True else key: value for key, value in found.items()}


def steps(path: Path) -> list[dict]:
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


def test_there_is_one():
    assert len(FILES) == 1


@pytest.mark.parametrize("path", FILES)
def test_it_runs_for_pull_requests_and_once_a_week(path):
    on = workflow(path)["on"]
    assert {"pull_request", "schedule", "workflow_dispatch"} <= on.keys() and "pull_request_target" not in on
    (when,) = on["schedule"]
    minute, hour, day, month, weekday = when["cron"].split()
    assert 0 < int(minute) < 60 and 0 <= int(hour) < 24 and (day, month) == ("*", "*") and 0 <= int(weekday) < 7


def test_three_systems_with_each_python_that_is_promised():
    matrix = workflow(FOLDER / "test.yml")["jobs"]["test"]["strategy"]["matrix"]
    systems = {re.sub(r"-.*", "", system) for system in matrix["system"]}
    assert systems == {"ubuntu", "windows", "macos"} and set(matrix) == {"system", "python"}
    assert len(set(itertools.product(*matrix.values()))) == 9
    prefix = "Programming Language :: Python :: 3."
    promised = [c for c in PROJECT["project"]["classifiers"] if c.startswith(prefix)]
    assert matrix["python"] == [f"3.{c.removeprefix(prefix)}" for c in promised]
    assert PROJECT["project"]["requires-python"] == f">={matrix['python'][0]}"


@pytest.mark.parametrize("path", FILES)
def test_it_may_read_and_no_more(path):
    found = workflow(path)
    assert found["permissions"] == {"contents": "read"}
    for job in found["jobs"].values():
        assert "permissions" not in job and "secrets" not in str(job) and job["timeout-minutes"] <= 120
    checkouts = [step for step in steps(path) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)
    assert found["concurrency"]["group"]


@pytest.mark.parametrize("path", FILES)
def test_actions_are_pinned_by_commit_with_their_version_beside(path):
    used = [line.strip() for line in path.read_text("utf-8").splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert len(used) == sum("uses" in step for step in steps(path)) > 0
    commits = {}
    for line in used:
        action, version = re.fullmatch(r"(?:- )?uses: (\S+) # (v\d+\.\d+\.\d+)", line).groups()
        assert PINNED.fullmatch(action), line
        assert commits.setdefault(action.partition("@")[0], (action, version)) == (action, version)


@pytest.mark.parametrize("path", FILES)
def test_nothing_from_outside_is_put_into_a_command(path):
    assert not [step["run"] for step in steps(path) if "${{" in step.get("run", "")]


# --- what it runs -------------------------------------------------------------------------------


def subcommand(words: list[str]) -> bool:
    """Whether `edgelab` takes this."""
    try:
        build_parser().parse_args(words)
    except SystemExit:
        return False
    return True


def known(line: str) -> bool:
    """Whether this line of a shell names only what there is."""
    program, *words = shlex.split(line)
    name = re.sub(r"^\.venv/(bin|Scripts)/", "", program)
    if name == "make":
        return bool(words) and set(words) <= TARGETS
    if name == "edgelab":
        return subcommand(words)
    if name == "python" and words[:2] == ["-m", "pytest"]:
        markers = {line.partition(":")[0] for line in PROJECT["tool"]["pytest"]["ini_options"]["markers"]}
        return set(re.findall(r"\w+", words[words.index("-m", 2) + 1])) - {"not", "or", "and"} <= markers
    if name == "python":
        files = [words[i + 1] for i, word in enumerate(words) if word == "-r"]
        return words[:2] in (["-m", "pip"], ["-m", "venv"]) and all((ROOT / file).exists() for file in files)
    if name == "pip-audit":
        return (ROOT / words[words.index("--requirement") + 1]).exists()
    return name in {*SCRIPTS, "sudo", "command"}


@pytest.mark.parametrize("path", FILES)
def test_every_command_is_there(path):
    lines = [line for step in steps(path) for line in step.get("run", "").splitlines()]
    assert len(lines) > 10 and not [line for line in lines if not known(line)]


@pytest.mark.parametrize(
    "line",
    [
        "make tset",
        "make",
        ".venv/bin/edgelab prepare browsers",
        ".venv/bin/edgelab learn",
        '.venv/bin/python -m pytest -m "not (slwo or browser)"',
        "python -m pip install -r requirements.txt",
        "pip-audit --requirement requirements.txt",
        "tox",
    ],
)
def test_a_command_that_is_not_there_would_be_seen(line):
    assert not known(line)


def test_what_make_lint_runs_is_run_where_there_is_no_make():
    recipe = re.search(r"^lint:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)[1]
    linters = {line.strip().removeprefix("$(BIN)/") for line in recipe.splitlines()} - {"ruff format --check ."}
    windows = [s["run"] for s in steps(FOLDER / "test.yml") if s.get("if") == "runner.os == 'Windows'"]
    assert linters and all(f".venv/Scripts/{linter}\n" in "".join(windows) for linter in linters)


# --- what a checkout on Windows gets ------------------------------------------------------------


def test_no_line_end_is_turned(tmp_path):
    """A clone as git for Windows makes it: sealed files keep their bytes."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    for name in (".gitattributes", "data/bundles/pocket/bundle.json", "notebooks/00_start_here.ipynb"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes((ROOT / name).read_bytes())
    who = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    for command in (["init", "--quiet"], ["add", "."], [*who, "commit", "--quiet", "-m", "all"]):
        subprocess.run(["git", *command], cwd=here, check=True)
    subprocess.run(["git", "-c", "core.autocrlf=true", "clone", "--quiet", str(here), str(there)], check=True)
    for file in ("data/bundles/pocket/bundle.json", "notebooks/00_start_here.ipynb"):
        assert (there / file).read_bytes() == (here / file).read_bytes() and b"\n" in (here / file).read_bytes()
