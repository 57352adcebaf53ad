"""The environment of `benchmarks.peers`: in a file of its own, so that no other change has it made anew."""

import subprocess
import sys
from pathlib import Path

from edgelab.workspace import build_once

REQUIREMENTS = Path(__file__).parent / "peers_requirements.txt"


def environment() -> Path:
    """The Python of the peers' environment: made where it is missing, some minutes and a gigabyte or more."""

    def build(folder: Path) -> None:
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        install = ["-m", "pip", "install", "--quiet", "-r", REQUIREMENTS]
        subprocess.run([_python(folder), *install], check=True)

    inputs = {"requirements": REQUIREMENTS.read_text("utf-8"), "python": sys.version}
    return _python(build_once("peers-environment", build, inputs=inputs).path)


def _python(folder: Path) -> Path:
    places = (folder / "venv" / "Scripts" / "python.exe", folder / "venv" / "bin" / "python")
    return next(place for place in places if place.exists())
