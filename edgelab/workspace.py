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
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from edgelab.source import source_digest

PACKAGE = Path(__file__).parent
LIBRARIES = ("torch", "transformers", "tokenizers", "numpy", "scikit-learn", "onnx", "onnxscript", "onnxruntime")


class HomeError(RuntimeError):
    """The folder where built things are kept cannot be used; the message says why."""


def checkout() -> Path | None:
    """The folder of the course when the package is used from it (`make env`), else None."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").exists() and (root / "data").is_dir() else None


def data_home() -> Path:
    """The course's own data: beside the package in a checkout, inside it once installed."""
    root = checkout()
    return root / "data" if root else PACKAGE / "data"


def home() -> Path:
    """Where built things are kept: `EDGELAB_HOME`, else `artifacts/` of the checkout, else the user's cache."""
    if os.environ.get("EDGELAB_HOME"):
        try:
            return Path(os.environ["EDGELAB_HOME"]).expanduser()
        except RuntimeError as error:  # of `~nobody`
            raise HomeError(f"EDGELAB_HOME={os.environ['EDGELAB_HOME']}: expected a folder: {error}") from None
    root = checkout()
    return root / "artifacts" if root else Path.home() / ".cache" / "edgelab"


def download_home() -> Path:
    """Where public data sets are kept: survives `edgelab cache clear`, which is about what can be rebuilt here."""
    return home() / "downloads"


@contextlib.contextmanager
def home_errors() -> Iterator[None]:
    """What the system refuses inside is told of the home: `HomeError`."""
    try:
        yield
    except OSError as error:
        where = f"{error.filename or home()}: cannot be used: {error.strerror}"
        raise HomeError(f"{where}; EDGELAB_HOME names the folder where built things are kept") from None


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
    build leaves nothing behind. A lock lets one process build while others wait and then load.

    Args:
        kind: a short name, such as `teacher`.
        inputs: everything that decides the result, as plain JSON values.
        through: functions that `build` calls without naming them, through a value that it was given. Their source
            decides the result as that of `build` does (`source.source_files`).

    Raises:
        HomeError: the home cannot be written to.
    """
    from filelock import FileLock

    identity = {"inputs": inputs, "source": source_digest(build, *through), "versions": versions()}
    key = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
    root = built_home()
    folder = root / f"{kind}-{key}"
    with home_errors():
        held = FileLock(root / f".{folder.name}.lock").acquire()
    with held:
        if (folder / "artifact.json").exists():
            return _read(folder, loaded=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{kind}-", dir=root))
        try:
            start = time.perf_counter()
            build(scratch)
            record = {
                "kind": kind,
                "built_at": datetime.now().strftime("%Y-%m-%d %H:%M"),
                "seconds": time.perf_counter() - start,
                **identity,
            }
            (scratch / "artifact.json").write_text(json.dumps(record, indent=1), "utf-8")
            shutil.rmtree(folder, ignore_errors=True)
            os.replace(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return _read(folder, loaded=False)


def _read(folder: Path, *, loaded: bool) -> Artifact:
    record = json.loads((folder / "artifact.json").read_text("utf-8"))
    return Artifact(folder, record["kind"], record["built_at"], record["seconds"], loaded)


def artifacts() -> Iterator[Artifact]:
    """Everything built so far, oldest first."""
    with home_errors():
        found = sorted((home() / "built").glob("*/artifact.json"), key=lambda f: f.stat().st_mtime)
    for file in found:
        yield _read(file.parent, loaded=True)


def clear() -> int:
    """Delete everything built, keep downloads, the scoreboard and predictions. Returns bytes freed."""
    root = home() / "built"
    with home_errors():
        freed = folder_bytes(root)
    shutil.rmtree(root, ignore_errors=True)
    return freed


def folder_bytes(folder: Path) -> int:
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def write_atomic(path: Path, text: str) -> None:
    """Write a whole file or none of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    try:
        scratch.write_text(text, "utf-8")
        os.replace(scratch, path)
    finally:
        scratch.unlink(missing_ok=True)


def plain(config) -> dict:
    """A frozen dataclass as plain JSON values, for `inputs`."""
    return {"type": type(config).__name__, **asdict(config)}
