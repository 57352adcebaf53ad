"""What tells a model's files from others."""

import hashlib
from pathlib import Path


def sha256(file: Path) -> str:
    """A file's SHA-256."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(place: Path) -> list[list[object]]:
    """Name, size and time of change of a file, or of each in a folder: weights of many GB are not read anew to see
    whether they changed."""
    files = sorted(file for file in (place.iterdir() if place.is_dir() else [place]) if file.is_file())
    return [[file.name, file.stat().st_size, file.stat().st_mtime_ns] for file in files]
