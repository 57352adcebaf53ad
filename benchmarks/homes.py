"""Homes for runs of the course's notebooks that nobody learns from."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from edgelab.generation.convert import prepared
from edgelab.tiers.vision import RAPIDOCR


@contextlib.contextmanager
def home_at(folder: Path) -> Iterator[None]:
    """That home inside, and no generator but the course's."""
    with patch.dict(os.environ, EDGELAB_HOME=str(folder)):
        os.environ.pop("EDGELAB_GENERATOR", None)
        yield


def lend_prepared(home: Path) -> None:
    """By links, what `make env` has prepared in the home of now: it would take minutes, and a network. What another process
    has lent already is left as it is."""
    generator = prepared()
    lent = {
        "built": [folder for folder in (generator.checkpoint, *generator.models.values()) if folder],
        "downloads/vision": RAPIDOCR.kept() if RAPIDOCR.is_there() else (),
    }
    for place, things in lent.items():
        (home / place).mkdir(parents=True, exist_ok=True)
        for each in things:
            with contextlib.suppress(FileExistsError):
                (home / place / each.name).symlink_to(each.resolve())
