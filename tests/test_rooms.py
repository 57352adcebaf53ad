"""The package's rooms: what loads with one, what it exports, and that imports go down only."""

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgelab.workspace import PACKAGE

ROOMS = sorted(folder.parent.name for folder in PACKAGE.glob("*/__init__.py"))
HEAVY = {"torch", "onnx", "transformers", "pandas", "matplotlib", "ipywidgets", "sklearn"}
LOADED = "import importlib, json, sys; importlib.import_module(sys.argv[1]); print(json.dumps(sorted(sys.modules)))"


def loaded_by(module: str) -> set[str]:
    """The modules of a fresh process that imported this one."""
    command = [sys.executable, "-c", LOADED, module]
    return set(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout))


def test_what_is_heavy_would_be_seen():
    assert len(ROOMS) > 10 and "pandas" in loaded_by("pandas")


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_loads_nothing_heavy(room):
    loaded = loaded_by(f"edgelab.{room}")
    assert f"edgelab.{room}" in loaded and not loaded & HEAVY


@pytest.mark.parametrize("room", ROOMS)
def test_what_a_room_exports_is_there_and_hides_no_file(room):
    """A function named as its file would take the file's place: `from edgelab.room import name` would give either."""
    module = importlib.import_module(f"edgelab.{room}")
    exported = getattr(module, "__all__", [])
    assert not [name for name in exported if not hasattr(module, name)]
    assert not set(exported) & {file.stem for file in (PACKAGE / room).glob("*.py")}


def test_the_map_names_every_file():
    """CONTRIBUTING.md's; what every room has, its text says once for all."""
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text("utf-8")
    (drawn,) = re.findall(r"^```\ncli -> commands.*?^```", text, re.MULTILINE | re.DOTALL)
    everywhere = re.compile(r"__\w+__|checks|widgets|plots|\w+_exercise")
    files = {file.stem for file in PACKAGE.rglob("*.py") if not everywhere.fullmatch(file.stem)}
    assert len(files) > 80 and not files - set(re.findall(r"\w+", drawn))


def test_imports_go_down_only():
    """`lint-imports` itself, on the contracts of pyproject.toml; what it prints says which import climbs."""
    program = (
        "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True, no_logo=True))"
    )
    root = Path(__file__).parent.parent
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert " 0 broken." in done.stdout
