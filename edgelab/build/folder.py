"""The folder that a build writes: checked before, swapped in whole at the end."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edgelab.build.measured import Measured
from edgelab.bundle.manifest import strangers
from edgelab.measurement.bundles import Timing
from edgelab.workspace import write_atomic

OUTPUT = ("bundle", "report.json", "report.html", "samples.json")


class BuildError(ValueError):
    """A build that cannot be; the message says what was found and what was expected."""


def check_folder(out: Path) -> None:
    """Raises BuildError where a build could not be written, or would overwrite what is not one."""
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            os.lstat(out)  # a name that is too long, say
        existing = next(place for place in (out, *out.absolute().parents) if os.path.lexists(place))
        if not existing.is_dir():
            raise BuildError(f"{existing}: expected a folder to write to, found a {_kind(existing)}")
        if not os.access(existing, os.W_OK | os.X_OK):
            raise BuildError(f"{existing}: not allowed to write there")
        foreign = next(_foreign(out), None) if out.exists() else None
    except OSError as error:
        raise BuildError(f"{out}: cannot be written to: {error.strerror}") from None
    if foreign:
        raise BuildError(f"{out}: expected an empty folder or an earlier build, found {foreign}; choose another one")


def _kind(place: Path) -> str:
    return "file" if place.exists() else "link to nothing"


def _foreign(out: Path) -> Iterator[str]:
    """What stands in a folder and is not of a build; hidden files are nobody's."""
    for entry in sorted(out.iterdir()):
        if entry.name[0] == ".":
            continue
        if entry.name not in OUTPUT or entry.is_symlink() or entry.is_dir() != (entry.name == "bundle"):
            yield entry.name
        elif entry.is_dir():
            yield from (f"bundle/{name}" for name in strangers(entry))


def write(out: Path, chosen: Measured | None, content: dict, timings: dict[str, Timing]) -> None:
    """Each part whole or not at all, and made before an earlier one goes; `report.json` comes last, so where it stands
    the folder is complete."""
    samples = {
        name: {
            "latency_ms": timing.with_tokenizer.milliseconds,
            "latency_without_tokenizer_ms": timing.without_tokenizer.milliseconds,
        }
        for name, timing in timings.items()
    }
    from edgelab.build.page import page

    files = {
        "samples.json": json.dumps(samples, allow_nan=False),
        "report.html": page(content),
        "report.json": json.dumps(content, indent=1, allow_nan=False),
    }
    out.mkdir(parents=True, exist_ok=True)
    for name in files:
        (out / name).unlink(missing_ok=True)
    scratch = out / f".bundle-{os.getpid()}"
    try:
        if chosen:
            shutil.copytree(chosen.folder, scratch)
        shutil.rmtree(out / "bundle", ignore_errors=True)
        if chosen:
            os.replace(scratch, out / "bundle")
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    for name, text in files.items():
        write_atomic(out / name, text)
