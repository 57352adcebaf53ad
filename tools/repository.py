"""What git says of a folder."""

import subprocess
from pathlib import Path


def git(root: Path, *arguments: str) -> str:
    """What git answers there."""
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True).stdout.strip()


def clean(root: Path) -> str | None:
    """What is open where the folder is not as its last commit."""
    changed = git(root, "status", "--porcelain").splitlines()
    return f"commit or remove {len(changed)} files, {changed[0].split()[-1]} among them" if changed else None
