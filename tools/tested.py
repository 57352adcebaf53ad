"""`python -m tools.tested [PYTEST'S ARGUMENTS]`: pytest, and where all of it passed on a commit without changes, before and
after, that commit's name in `build/tested`: what `make release` looks at."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.repository import clean, git

STAMP = Path("build/tested")


def commit() -> str | None:
    """The one that stands here unchanged; None where there is none, or no git."""
    here = Path()
    try:
        return None if clean(here) else git(here, "rev-parse", "HEAD")
    except (OSError, subprocess.CalledProcessError):
        return None


def main(arguments: Sequence[str]) -> int:
    before = commit()
    code = int(pytest.main(list(arguments)))
    if code == 0 and before is not None and commit() == before:
        STAMP.parent.mkdir(exist_ok=True)
        STAMP.write_text(f"{before}\n", "utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
