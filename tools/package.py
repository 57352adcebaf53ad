"""Whether what would be published works: the commit's source distribution, the wheel made of that, and a bundle served by it."""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from tools.lock import SCRIPTS, environment

TEXT, LABEL = "wake me at seven tomorrow", "set_alarm"
BUILDER = "hatchling"  # pyproject.toml's build-backend
BUNDLE = "data/bundles/pocket"


def package_works(root: Path) -> str | None:
    """Build both from HEAD, install the wheel with the lock's versions into a fresh environment, ask the ready-made bundle.
    It needs the package index, or a cache of it."""
    with tempfile.TemporaryDirectory(prefix="edgelab-release-") as name:
        folder = Path(name)
        for step, what in ((build, "build the package"), (serve, "install the wheel and serve a bundle")):
            try:
                step(root, folder)
            except subprocess.CalledProcessError as error:
                said = (error.stderr or error.stdout or "").strip().splitlines() or ["no reason given"]
                return f"{what}: {said[-1]}"
            except ValueError as error:
                return f"{what}: {error}"
    return None


def build(root: Path, folder: Path) -> None:
    """`folder/source` is the commit, `folder/dist` has both files."""
    archive = folder / "commit.tar"
    call(root, "git", "archive", "--output", str(archive), "HEAD")
    with tarfile.open(archive) as opened:
        opened.extractall(folder / "source", filter="data")
    python = str(environment(folder / "builder"))
    call(folder, python, "-m", "pip", "install", "--quiet", BUILDER)
    call(folder / "source", python, "-m", BUILDER, "build", "-t", "sdist", "-d", str(folder / "dist"))
    (source,) = (folder / "dist").glob("*.tar.gz")
    wheel = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder / "dist"), str(source)]
    call(folder, python, "-m", "pip", *wheel)


def serve(root: Path, folder: Path) -> None:
    """As a user who has the wheel alone, in a folder that knows nothing of the course."""
    (wheel,) = (folder / "dist").glob("*.whl")
    user = folder / "user"
    python = environment(user / "venv")
    lock = folder / "source" / "requirements.lock"
    call(user, str(python), "-m", "pip", "install", "--quiet", "--constraint", str(lock), str(wheel))
    shutil.copytree(folder / "source" / BUNDLE, user / "bundle")
    answer = json.loads(call(user, str(user / "venv" / SCRIPTS / "edgelab"), "predict", "bundle", TEXT))
    if answer["label"] != LABEL:
        raise ValueError(f"expected {LABEL} for {TEXT!r}, found {answer['label']}")


def call(folder: Path, *command: str) -> str:
    """What it printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "EDGELAB"))}
    done = subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=True)
    return done.stdout
