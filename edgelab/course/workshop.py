"""Before a workshop: every notebook is run once, so that whatever it builds is kept, and what is kept is written down with
its SHA-256. A second call compares, and runs again only what has changed.
"""

import contextlib
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from edgelab.course.kept import KeptError, made, reading
from edgelab.course.notebooks import NotebookProgress, Run, run_notebooks
from edgelab.datasets.choice import COURSE, named
from edgelab.declarations import Stored
from edgelab.errors import UserError
from edgelab.workspace import PACKAGE, built_home, data_home, download_home, home, home_errors, versions, write_atomic

DECLARED = (
    Stored(
        what="which notebooks ran before a workshop, and the SHA-256 of what they built",
        where="{home}/workshop.*",
        how_long="until deleted by hand",
        about="device",
        part="course",
    ),
    Stored(
        what="the scoreboard of a run before a workshop, which nobody asked for",
        where="{temporary}/**",
        how_long="until the run is over",
        about="device",
        part="course",
    ),
)


class WorkshopError(UserError):
    """It cannot be made ready now; the message says why."""


@dataclass(frozen=True)
class Prepared:
    """What stands: notebook -> the edition of which it ran, and file under `built` -> its size, time and SHA-256, parted by
    blanks."""

    notebooks: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def size_bytes(self) -> int:
        """Of all these files."""
        return sum(_size(mark) for mark in self.files.values())


def file() -> Path:
    """Where that is kept."""
    return home() / "workshop.json"


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """No other workshop is made ready in this home meanwhile.

    Raises:
        WorkshopError: one is.
    """
    from filelock import FileLock, Timeout

    with home_errors():
        home().mkdir(parents=True, exist_ok=True)
        lock = FileLock(file().with_suffix(".lock"))
        try:
            held = lock.acquire(timeout=0)
        except Timeout:
            raise WorkshopError(f"{home()}: another process makes a workshop ready there: wait until it ends") from None
    with held:
        yield


def prepared() -> Prepared:
    """What an earlier call left; nothing where that cannot be read: then all is looked at anew."""
    try:
        with reading(file()):
            return made(Prepared, json.loads(file().read_text("utf-8"))) if file().exists() else Prepared()
    except KeptError:
        return Prepared()


def damaged(found: Prepared, on_bytes: Callable[[int], object] = lambda count: None) -> list[str]:
    """The folders under `built` of which a file is gone or another one than was written down; `on_bytes` is told how much
    was read."""
    root, wrong = built_home(), []
    for name, mark in found.files.items():
        try:
            sound = os.stat(root / name).st_size == _size(mark) and mark.endswith(f" {_sha256(root / name)}")
        except (OSError, ValueError):  # of a name that no file can have
            sound = False
        on_bytes(_size(mark))
        if not sound:
            wrong.append(name.partition("/")[0])
    return list(dict.fromkeys(wrong))


def discard(folders: Iterable[str]) -> Prepared:
    """Delete these, so that they are built anew; what is left is what stands, and no notebook counts as run: nobody knows
    which of them needs one."""
    with home_errors():
        for folder in filter(
            lambda each: each.name in folders, list(built_home().iterdir())
        ):  # its own alone, never `..`
            if folder.is_symlink():  # lent by another home
                folder.unlink()
            else:
                shutil.rmtree(folder)
    left = Prepared({}, _files({}))
    _write(left)
    return left


def pending(found: Prepared, paths: Iterable[Path], parts: Iterable[str]) -> list[Path]:
    """The notebooks that have not run in this edition, with these parts there."""
    return [path for path in paths if found.notebooks.get(path.stem) != edition(path, parts)]


def edition(path: Path, parts: Iterable[str]) -> str:
    """SHA-256 of whatever decides what a notebook builds: its cells, the package, the data, the libraries, and which of the
    parts that it can do without are there."""
    digest = hashlib.sha256(repr((sorted(parts), named(), versions())).encode())
    chosen = [Path(named())] if named() != COURSE and os.path.isfile(named()) else []
    data = sorted(data_home().glob("*/**/*"))  # no table that lies beside its folders: those are of measured times
    for each in filter(Path.is_file, (path, *sorted(PACKAGE.rglob("*.py")), *data, *chosen)):
        digest.update(each.read_bytes())
    return digest.hexdigest()


def run(path: Path, parts: Iterable[str], on_progress: Callable[[NotebookProgress], None]) -> Run:
    """Run one notebook; where it went through, write down that it did and what stands now."""
    this = edition(path, parts)  # before it runs: what is changed meanwhile is run again
    with desk():
        (done,) = run_notebooks([path], on_progress)
    if done.error is None:
        found = prepared()
        _write(Prepared({**found.notebooks, path.stem: this}, _files(found.files)))
    return done


def lend(home: Path) -> None:
    """Let another home have what is built and downloaded in this one, by links; an `OSError` where the system allows none."""
    for place in (built_home(), download_home()):
        place.mkdir(exist_ok=True)
        (home / place.name).symlink_to(place.resolve(), target_is_directory=True)


@contextlib.contextmanager
def desk() -> Iterator[None]:
    """A home for a run that nobody learns from: what is built and downloaded goes into the real one, a scoreboard and
    whatever else is a learner's own ends with the run. Where the system allows no links, it is the real home."""
    before = os.environ.get("EDGELAB_HOME")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        try:
            lend(Path(folder))
            os.environ["EDGELAB_HOME"] = folder
        except OSError:  # Windows, without the right to
            pass
        try:
            yield
        finally:
            if before is None:
                os.environ.pop("EDGELAB_HOME", None)
            else:
                os.environ["EDGELAB_HOME"] = before


def _files(known: Mapping[str, str]) -> dict[str, str]:
    """Every file of what stands under `built`; of one whose size and time are as before the SHA-256 is known."""
    root, found = built_home(), {}
    for folder in sorted(root.glob("[!.]*")):
        for each in sorted(folder.rglob("*")):
            name = each.relative_to(root).as_posix()
            with contextlib.suppress(FileNotFoundError):  # another process has deleted it since
                state = each.stat()
                if each.is_file():
                    begin = f"{state.st_size} {state.st_mtime_ns} "
                    old = known.get(name, "")
                    found[name] = old if old.startswith(begin) else begin + _sha256(each)
    return found


def _size(mark: str) -> int:
    """The size in such a mark; 0 where somebody has written something else there."""
    begin = mark.partition(" ")[0]
    return int(begin) if begin.isdecimal() and len(begin) < 20 else 0


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _write(found: Prepared) -> None:
    with home_errors():
        write_atomic(file(), json.dumps(asdict(found)))
