"""Where things live, and how what was built once is not built again.

An artifact is a folder named after everything that went into it: the configuration, the data, the source that built it
and the versions of the libraries. Change any of them and it is built anew.
"""

import contextlib
import hashlib
import importlib.metadata
import json
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgelab import declarations
from edgelab.errors import UserError, disk_is_full, try_to_write
from edgelab.source import source_digest

if TYPE_CHECKING:
    from filelock import BaseFileLock

DECLARED = (
    declarations.Stored(
        what="models, targets and other results that were built once, and locks while they are",
        where="{home}/built/**",
        how_long="until `edgelab cache clear`",
        about="nobody",
        part="course",
    ),
)

PACKAGE = Path(__file__).parent
SCRATCH = ".scratch"  # how the name of a hidden folder ends in which something is being built
LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "scikit-learn", "onnx", "onnxscript", "onnxruntime")


class HomeError(UserError):
    """The folder where built things are kept cannot be used; the message says why."""


def checkout() -> Path | None:
    """The folder of the course when the package is used from it (`make env`), else None."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").exists() and (root / "data").is_dir() else None


def data_home() -> Path:
    """The course's own data: beside the package in a checkout, inside it once installed."""
    return (checkout() or PACKAGE) / "data"


def home() -> Path:
    """Where built things are kept: `EDGELAB_HOME`, else `artifacts/` of the checkout, else the user's cache.

    Raises:
        HomeError: EDGELAB_HOME names no folder, or the user has none.
    """
    named = os.environ.get("EDGELAB_HOME", "")
    if not named and (root := checkout()):
        return root / "artifacts"
    try:
        return Path(named or "~/.cache/edgelab").expanduser()
    except RuntimeError as error:  # of `~nobody`, or without HOME for a user whom the system does not know
        raise HomeError(f"EDGELAB_HOME={named}: expected a folder: {error}") from None


def download_home() -> Path:
    """Where public data sets are kept: survives `edgelab cache clear`, which is about what can be rebuilt here."""
    return home() / "downloads"


@contextlib.contextmanager
def home_errors() -> Iterator[None]:
    """What the system refuses inside is told of the home.

    Raises:
        HomeError: with what was refused, and where.
    """
    try:
        yield
    except OSError as error:
        raise HomeError(_unusable(error.filename or home(), error.strerror or str(error))) from None


def _unusable(place: str | Path, why: str) -> str:
    return f"{place}: cannot be used: {why}; EDGELAB_HOME names the folder where built things are kept"


def built_home() -> Path:
    """Where artifacts lie, made where it is missing. Raises HomeError if it cannot be."""
    root = home() / "built"
    with home_errors():
        root.mkdir(parents=True, exist_ok=True)
    return root


@dataclass(frozen=True)
class Artifact:
    """A built folder. `seconds` is how long building took, whenever that was."""

    path: Path
    kind: str
    built_at: str
    seconds: float
    loaded: bool

    @property
    def note(self) -> str:
        """Whether it was built now or loaded, and how long building took."""
        if self.loaded:
            return f"{self.kind}: loaded; it was built on {self.built_at} in {self.seconds:.0f} s"
        return f"{self.kind}: built now in {self.seconds:.0f} s"


def versions(libraries: tuple[str, ...] = LIBRARIES) -> dict[str, str]:
    """Installed version of each library, `-` where it is missing."""
    found = {}
    for name in libraries:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "-"
    return found


def build_once(
    kind: str, build: Callable[[Path], None], *, inputs: dict, through: tuple[Callable, ...] = ()
) -> Artifact:
    """The artifact of these inputs: loaded if it stands, else built by `build(folder)`.

    `build` writes into a scratch folder that is renamed into place only when it returns, so an interrupted
    build leaves nothing behind. A lock lets one process build while others wait and then load. It ends with its
    process: what a killed one left is told by it, and goes before the next build.

    Args:
        kind: a short name, such as `teacher`.
        inputs: everything that decides the result, as plain JSON values.
        through: functions that `build` calls without naming them, through a value that it was given. Their source
            decides the result as that of `build` does (`source.source_files`).

    Raises:
        HomeError: the home cannot be written to, or its disk is full.
    """
    name, identity = _identity(kind, build, inputs, through)
    root = built_home()
    folder = root / name
    with home_errors():
        held = _lock(folder).acquire()
    with held:
        if kept := _read(folder):
            return kept
        with home_errors():
            for left in root.glob(f".*{SCRATCH}"):
                with _unless_in_use(left) as free:
                    if free:
                        shutil.rmtree(left, ignore_errors=True)
            scratch = folder.with_name(f".{folder.name}{SCRATCH}")
            shutil.rmtree(scratch, ignore_errors=True)
        try:
            with home_errors():
                scratch.mkdir()
                try_to_write(scratch)
            start = time.perf_counter()
            build(scratch)
            made = Artifact(folder, kind, f"{datetime.now():%Y-%m-%d %H:%M}", time.perf_counter() - start, loaded=False)
            record = {"kind": kind, "built_at": made.built_at, "seconds": made.seconds, **identity}
            (scratch / "artifact.json").write_text(json.dumps(record, indent=1), "utf-8")
            shutil.rmtree(folder, ignore_errors=True)  # damaged: `_read` did not take it
            with home_errors():
                os.replace(scratch, folder)
        except Exception as error:
            if disk_is_full(error) and not isinstance(error, UserError):
                raise HomeError(_unusable(root, "no space left there")) from None
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return made


def find_built(
    kind: str, build: Callable[[Path], None], *, inputs: dict, through: tuple[Callable, ...] = ()
) -> Artifact | None:
    """What `build_once` would load; None where it would build."""
    name, _ = _identity(kind, build, inputs, through)
    return _read(home() / "built" / name)


def _identity(
    kind: str, build: Callable[[Path], None], inputs: dict, through: tuple[Callable, ...]
) -> tuple[str, dict[str, Any]]:
    """The name of an artifact's folder, and all that decides it."""
    identity = {"inputs": inputs, "source": source_digest(build, *through), "versions": versions()}
    return f"{kind}-{hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]}", identity


def _read(folder: Path) -> Artifact | None:
    """The artifact that stands there; None where there is none, or its record is damaged."""
    try:
        record = json.loads((folder / "artifact.json").read_text("utf-8"))
        kind, built_at, seconds = record["kind"], record["built_at"], record["seconds"]
        sound = isinstance(kind, str) and isinstance(built_at, str) and isfinite(seconds)
    except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
        return None
    return Artifact(folder, kind, built_at, seconds, loaded=True) if sound else None


def _lock(folder: Path) -> "BaseFileLock":
    """The lock of an artifact's folder, held while it is built."""
    from filelock import FileLock

    return FileLock(folder.with_name(f".{folder.name}.lock"))


@contextlib.contextmanager
def _unless_in_use(place: Path) -> Iterator[bool]:
    """Whether no living process builds there; until the end of the block none begins to."""
    from filelock import Timeout

    lock = _lock(place.with_name(place.name.removeprefix(".").removesuffix(SCRATCH)))
    try:
        held = lock.acquire(timeout=0)
    except Timeout:
        yield False
    else:
        with held:
            yield True


@dataclass(frozen=True)
class Stored:
    """A folder among what was built. What is `unfinished`, a killed process left."""

    path: Path
    state: str  # built, damaged, being built, unfinished
    artifact: Artifact | None = None


def stored() -> list[Stored]:
    """Every folder among what was built, oldest first."""
    found = []
    with home_errors():
        for folder in filter(Path.is_dir, (home() / "built").glob("*")):
            with contextlib.suppress(FileNotFoundError):  # another process has moved or deleted it since
                found.append((folder.stat().st_mtime, _stored(folder)))
    return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]


def _stored(folder: Path) -> Stored:
    if artifact := _read(folder):
        return Stored(folder, "built", artifact)
    with _unless_in_use(folder) as free:
        state = "unfinished" if folder.name.startswith(".") else "damaged"
        return Stored(folder, state if free else "being built")


@dataclass(frozen=True)
class Cleared:
    """How much was deleted, and each place that was not, with the reason."""

    freed_bytes: int
    kept: dict[Path, str]


def clear() -> Cleared:
    """Delete everything built, keep downloads, the scoreboard and predictions, and what a living process builds."""
    root, freed, kept = home() / "built", 0, {}
    with home_errors():
        found = sorted(root.glob("*")) if root.is_dir() else []
        for place in (p for p in found if p.suffix != ".lock"):
            with _unless_in_use(place) as free:
                size = folder_bytes(place)
                reason = _delete(place) if free else "a running process builds it"
                freed += size - folder_bytes(place)
            if reason:
                kept[place] = reason
        for lock in list(root.glob(".*.lock")):
            with _unless_in_use(lock.with_suffix("")) as free:
                if free:
                    lock.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # not there, or not empty
            root.rmdir()
    return Cleared(freed, kept)


def _delete(place: Path) -> str:
    """Delete a file or a folder; why something of it stayed, else nothing."""
    try:
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        else:
            place.unlink()
    except OSError as error:
        return error.strerror or str(error)
    return ""


def folder_bytes(folder: Path) -> int:
    """The size of all files in a folder; 0 where there is none, or of what goes while others are counted."""
    size = 0
    for file in (os.path.join(place, name) for place, _, names in os.walk(folder) for name in names):
        with contextlib.suppress(OSError):  # also a link to nothing, such as an editor's lock
            size += os.stat(file).st_size
    return size


def write_atomic(path: Path, text: str) -> None:
    """Write a whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        scratch.write_text(text, "utf-8")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def plain(config: Any) -> dict:
    """A frozen dataclass as plain JSON values, for `inputs`."""
    return {"type": type(config).__name__, **asdict(config)}
