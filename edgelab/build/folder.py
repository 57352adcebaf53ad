"""The folder that a build writes: checked before, prepared beside, swapped in at the end.

What is hidden in it belongs to the swap. A build is prepared in `.build-scratch`; once whole it is `.build-ready`. Then
what stood there before goes to `.build-former`, and only when all of it is out, `.build-ready` becomes
`.build-arriving` and its parts come in, `report.json` last. So a reader finds the earlier build, the new one or, for a
moment, a folder without its report, never parts of two; and wherever a kill struck, `put_right` knows what is left.
"""

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from edgelab.build.measured import Measured
from edgelab.bundle.manifest import strangers
from edgelab.bundle.signature import sign
from edgelab.declarations import Stored
from edgelab.errors import UserError, try_to_write
from edgelab.measurement.bundles import Timing
from edgelab.workspace import built_home, home_errors

DECLARED = (
    Stored(
        what="a built bundle with its model card and its report, which quotes texts that it gets wrong; the folder's lock",
        where="{chosen}/**",
        how_long="until deleted by hand",
        about="user",
        part="course",
    ),
)

OUTPUT = ("bundle", "README.md", "samples.json", "report.html", "report.json")  # in the order in which they come in
SCRATCH, READY, FORMER, ARRIVING = ".build-scratch", ".build-ready", ".build-former", ".build-arriving"


class BuildError(UserError):
    """A build that cannot be; the message says what was found and what was expected."""


def check_folder(out: Path) -> None:
    """See that a build could be written, and would overwrite nothing but one.

    Raises:
        BuildError: it could not, or would.
    """
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
    try:
        try_to_write(existing)
    except OSError as error:
        raise BuildError(f"{out}: no file can be written in {existing}: {error.strerror}") from None


def _kind(place: Path) -> str:
    return "file" if place.exists() else "link to nothing"


def _foreign(out: Path) -> Iterator[str]:
    """What stands in a folder and is not of a build; hidden files are nobody's."""
    for entry in sorted(out.iterdir()):
        if entry.name[0] == ".":
            continue
        if entry.name == "README.md" and not any(
            (out / name).exists() for name in ("report.json", READY, ARRIVING, FORMER)
        ):
            yield entry.name  # every project has one: without the rest of a build it is none's
        elif entry.name not in OUTPUT or entry.is_symlink() or entry.is_dir() != (entry.name == "bundle"):
            yield entry.name
        elif entry.is_dir():
            yield from (f"bundle/{name}" for name in strangers(entry))


def write(
    out: Path, chosen: Measured | None, content: dict, timings: dict[str, Timing], key: Path | None = None
) -> None:
    """The whole build or nothing: until all of it is prepared, and again if the swap fails, the earlier one stands. With a
    private key the bundle is signed, as the edition that the content says.

    Raises:
        BuildError: the folder cannot be written to, or its disk is full.
    """
    from edgelab.build.card import card
    from edgelab.build.page import page  # matplotlib: the room loads without it

    samples = {
        name: {
            "latency_ms": timing.with_tokenizer.milliseconds,
            "latency_without_tokenizer_ms": timing.without_tokenizer.milliseconds,
        }
        for name, timing in timings.items()
    }
    texts = {
        "samples.json": json.dumps(samples, allow_nan=False),
        "report.html": page(content),
        "report.json": json.dumps(content, indent=1, allow_nan=False),
    } | ({"README.md": card(content)} if chosen else {})
    try:
        out.mkdir(parents=True, exist_ok=True)
        with _alone(out):
            _finish(out)
            _prepare(out, chosen.folder if chosen else None, texts, key, content["signature"])
            _swap(out)
    except OSError as error:
        raise BuildError(
            f"{out}: cannot be written to: {error.strerror or error}; what stood there before is untouched"
        ) from None


def put_right(out: Path) -> None:
    """End a swap that a kill broke off, and sweep what one left half prepared.

    Raises:
        BuildError: the folder cannot be written to.
    """
    try:
        if out.is_dir():
            with _alone(out):
                _finish(out)
    except OSError as error:
        raise BuildError(f"{out}: cannot be written to: {error.strerror or error}") from None


@contextlib.contextmanager
def _alone(out: Path) -> Iterator[None]:
    """One process at a time: so what is prepared here and not this one's was left by one that is gone."""
    from filelock import FileLock

    name = hashlib.sha256(str(out.resolve()).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    with home_errors():
        held = FileLock(built_home() / f".out-{name}.lock").acquire()
    with held:
        yield


def _prepare(out: Path, bundle: Path | None, texts: dict[str, str], key: Path | None, signature: dict | None) -> None:
    """All parts of a build beside the earlier one, on the disk, as `READY`."""
    scratch = out / SCRATCH
    try:
        scratch.mkdir()
        (out / FORMER).mkdir(exist_ok=True)  # now: a full disk has no room for it later
        if bundle:
            (scratch / "bundle").mkdir()
            for file in bundle.iterdir():
                shutil.copyfile(file, scratch / "bundle" / file.name)
            if key and signature:
                sign(scratch / "bundle", key, edition=signature["edition"])
        for name, text in texts.items():
            (scratch / name).write_text(text, "utf-8")
        for file in (f for f in scratch.rglob("*") if f.is_file()):
            with file.open("rb+") as written:
                os.fsync(written.fileno())
        os.replace(scratch, out / READY)
    except BaseException:
        _sweep(out)
        raise


def _swap(out: Path) -> None:
    """The earlier build out, the one that is ready in; if that cannot be, the earlier one back."""
    try:
        _exchange(out)
    except BaseException:
        if (out / ARRIVING).exists():
            for name in OUTPUT:
                _move(out, out / ARRIVING, name)
            os.replace(out / ARRIVING, out / READY)
        if (out / READY).exists():
            for name in OUTPUT:
                _move(out / FORMER, out, name)
            os.replace(out / READY, out / SCRATCH)
        raise
    finally:
        _sweep(out)


def _finish(out: Path) -> None:
    """From whatever step of a swap to its end."""
    _exchange(out)
    _sweep(out)


def _exchange(out: Path) -> None:
    if (out / READY).exists():
        (out / FORMER).mkdir(exist_ok=True)
        for name in reversed(OUTPUT):
            _move(out, out / FORMER, name)
        os.replace(out / READY, out / ARRIVING)
    if (out / ARRIVING).exists():
        for name in OUTPUT:
            _move(out / ARRIVING, out, name)
        (out / ARRIVING).rmdir()


def _sweep(out: Path) -> None:
    """What no swap needs any more; a half done one keeps the earlier build."""
    shutil.rmtree(out / SCRATCH, ignore_errors=True)
    if not (out / READY).exists() and not (out / ARRIVING).exists():
        shutil.rmtree(out / FORMER, ignore_errors=True)


def _move(source: Path, target: Path, name: str) -> None:
    if (source / name).exists():
        os.replace(source / name, target / name)
