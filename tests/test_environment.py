"""pyproject.toml, requirements.lock and environment.yml say the same, and the environment is what they say."""

import importlib.metadata
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.conftest import HEAVY

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCK_LINES = [line for line in (ROOT / "requirements.lock").read_text("utf-8").splitlines() if not line.startswith("#")]
LOCK = dict(line.split("==") for line in LOCK_LINES)
GPU = ("nvidia", "cuda", "triton")


def wanted(*groups: list[str]) -> list[Requirement]:
    return [Requirement(line) for group in groups for line in group]


def test_lock_is_plain_pins_sorted():
    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9][0-9a-z.]*", line) for line in LOCK_LINES)
    assert list(LOCK) == sorted(LOCK) and len(LOCK) == len(LOCK_LINES)
    assert not [name for name in LOCK if name.startswith(GPU)]


@pytest.mark.parametrize("requirement", wanted(PROJECT["dependencies"], *EXTRAS.values()), ids=str)
def test_lock_satisfies_pyproject(requirement):
    assert requirement.specifier.contains(LOCK[canonicalize_name(requirement.name)])


def test_lock_is_the_whole_closure():
    """What the locked packages need on this system is locked too, in a version that suits them."""
    for name in LOCK:
        try:
            requirements = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:  # needed on another Python only
            continue
        for needed in map(Requirement, requirements):
            needed_name = canonicalize_name(needed.name)
            if needed_name.startswith(GPU) or (needed.marker and not needed.marker.evaluate({"extra": ""})):
                continue
            assert needed_name in LOCK, f"{name} needs {needed}"
            assert needed.specifier.contains(LOCK[needed_name], prereleases=True), f"{name} needs {needed}"


def test_installed_is_what_is_locked():
    for requirement in wanted(PROJECT["dependencies"], *EXTRAS.values()):
        name = canonicalize_name(requirement.name)
        assert importlib.metadata.version(name).partition("+")[0] == LOCK[name], f"{name}: run `make env`"


def test_conda_takes_the_versions_of_the_lock():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    python, pip, packages = environment["dependencies"]
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.removeprefix("python="))
    assert pip == "pip" and packages == {"pip": ["-r requirements.lock", "-e ."]}


def test_serving_a_bundle_needs_three_packages():
    assert {r.name for r in wanted(PROJECT["dependencies"])} == {"numpy", "onnxruntime", "tokenizers"}


def test_citation_and_package_name_one_version():
    from edgelab import __version__

    assert yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))["version"] == __version__


def test_import_is_fast_and_loads_nothing():
    code = (
        "import sys, time; before = set(sys.modules); start = time.perf_counter(); import edgelab;"
        "print(time.perf_counter() - start, [m for m in set(sys.modules) - before if not m.startswith('edgelab')])"
    )
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(3)]
    seconds, _, loaded = min(run.stdout for run in runs).partition(" ")
    assert float(seconds) < 0.1 and loaded.strip() == "[]"


def test_the_files_that_test_fast_leaves_out_exist():
    assert [file for file in HEAVY if not file.is_file()] == []
