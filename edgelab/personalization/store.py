"""Where a person's things are: in the bundle's folder, under `users/NAME`, and nowhere else. Listed, and deleted whole."""

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from edgelab.bundle.manifest import BundleError

USERS = "users"
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")  # no dots and no slashes: never a way out of the folder


@dataclass(frozen=True)
class Written:
    """A file of a person: its place, its bytes, and what of the person it holds."""

    path: Path
    size_bytes: int
    holds: str


HOLDS = {
    "adapter.onnx_adapter": "numbers learned from the person's phrases; no phrase",
    "person.json": "the commands' names, and what each calls, with its values",
    "prototypes.npz": "the commands' names, and the mean of what their phrases look like to the model",
    "requests.json": "requests word for word, and what each meant",
}


def user_folder(bundle: Path, name: str) -> Path:
    """Where the things of a person are.

    Raises:
        BundleError: the name could not be one of a folder.
    """
    if not NAME.fullmatch(name):
        raise BundleError(f"{name!r}: expected a person's name of small letters, digits, '_' and '-', at most 64")
    return Path(bundle) / USERS / name


def users_of(bundle: Path) -> tuple[str, ...]:
    """Everybody of whom the bundle's folder holds something, sorted."""
    folder = Path(bundle) / USERS
    return tuple(sorted(f.name for f in folder.iterdir() if NAME.fullmatch(f.name))) if folder.is_dir() else ()


def written(bundle: Path, name: str) -> tuple[Written, ...]:
    """Every file that the bundle's folder holds of a person, sorted by name; of a link the link, not what it leads to."""
    folder = user_folder(bundle, name)
    files = sorted(folder.rglob("*")) if folder.is_dir() and not folder.is_symlink() else [folder]
    here = [file for file in files if os.path.lexists(file) and (file.is_symlink() or not file.is_dir())]
    return tuple(Written(file, file.lstat().st_size, HOLDS.get(file.name, "unknown")) for file in here)


def forget(bundle: Path, name: str) -> tuple[Written, ...]:
    """Delete all of a person, and say what it was; of nobody known, nothing.

    Raises:
        BundleError: something cannot be deleted, or people's folders lie elsewhere, behind a link.
    """
    folder = user_folder(bundle, name)
    if folder.parent.is_symlink():
        raise BundleError(f"{folder.parent}: expected a folder of the bundle, found a link: nothing was deleted")
    try:
        gone = written(bundle, name)
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink(missing_ok=True)
        if folder.parent.is_dir() and not any(folder.parent.iterdir()):
            folder.parent.rmdir()
    except OSError as error:
        raise BundleError(f"{folder}: cannot be deleted: {error.strerror}; see what is left") from None
    return gone
